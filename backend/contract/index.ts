// The only barrel: what crosses a process or a socket.
export * from './chat-request.ts';
export * from './chat.ts';
export * from './config.ts';
export * from './control.ts';
export * from './desktop.ts';
export * from './errors.ts';
export * from './explain.ts';
export * from './routes.ts';
