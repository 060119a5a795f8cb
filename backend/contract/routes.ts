// Every route of the gateway's own API, for the router, for "method not allowed", and for the README's table.

interface RouteInfo {
  readonly path: string;
  readonly methods: readonly ('GET' | 'POST' | 'DELETE')[];
  readonly what: string;
}

export const ROUTES = [
  { path: '/health', methods: ['GET'], what: 'How Hearth and Ollama are; `?ready=1` answers 503 when not healthy.' },
  { path: '/api/chat-optimized', methods: ['POST'], what: 'Chat, as JSON or as a stream.' },
  {
    path: '/api/chat-queue',
    methods: ['POST', 'GET', 'DELETE'],
    what: 'Chat without a connection: hand in (202), look, cancel. `GET` without `requestId` shows the queue.',
  },
  {
    path: '/api/cache-stats',
    methods: ['GET', 'POST'],
    what: 'Statistics; `POST` clears, warms, unloads, deletes, resets.',
  },
  { path: '/api/events', methods: ['GET'], what: 'What goes on, live, as server-sent events.' },
] as const satisfies readonly RouteInfo[];

export type RoutePath = (typeof ROUTES)[number]['path'];
