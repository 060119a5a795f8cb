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
    path: '/api/conversations/:id',
    methods: ['GET', 'DELETE'],
    what: 'What was said under a `conversation_id`; forget it.',
  },
  {
    path: '/api/cache-stats',
    methods: ['GET', 'POST'],
    what: 'Statistics; `POST` clears, warms, unloads, deletes, resets.',
  },
  { path: '/openapi.json', methods: ['GET'], what: 'All of this, as OpenAPI 3.1.' },
  { path: '/api/events', methods: ['GET'], what: 'What goes on, live, as server-sent events.' },
] as const satisfies readonly RouteInfo[];

/** Routes of Ollama and OpenAI on which Hearth does something; everything else of theirs is handed on as it is. */
export const DROP_IN_ROUTES = [
  { path: '/api/chat', what: 'Ollama chat: cached, shared, queued. So are the next three.' },
  { path: '/api/generate', what: 'Ollama completion, also `raw`, `suffix`, `context`, `images`.' },
  { path: '/api/embed', what: 'Vectors; each text is kept by itself, and texts that wait go up together.' },
  { path: '/api/embeddings', what: 'The older form of it, for one text.' },
  { path: '/v1/chat/completions', what: 'OpenAI chat; the same kept answers as on `/api/chat`.' },
  { path: '/v1/completions', what: 'OpenAI completion.' },
  { path: '/v1/embeddings', what: 'OpenAI vectors, as numbers or base64.' },
  { path: '/v1/models', what: 'The installed models, one of them with `/v1/models/:id`.' },
] as const satisfies readonly { readonly path: string; readonly what: string }[];

export type RoutePath = (typeof ROUTES)[number]['path'];
export type DropInPath = (typeof DROP_IN_ROUTES)[number]['path'];
