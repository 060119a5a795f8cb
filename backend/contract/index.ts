// The only barrel: what crosses a process or a socket.
export * from './chat/chat-request.ts';
export * from './chat/chat.ts';
export * from './config/config.ts';
export * from './control.ts';
export * from './desktop.ts';
export * from './errors.ts';
export * from './chat/explain.ts';
export * from './routes.ts';
