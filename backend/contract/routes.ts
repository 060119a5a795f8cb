// The one table of routes: Hearth's own, those of Ollama and OpenAI that Hearth answers, and those passed on to Ollama
// under a rule. The router, the keys, "method not allowed", OpenAPI and the tables of docs/api.md read it.
import type { Scope } from './rules/api-key.ts';

/** The dialect of a route. */
export type Dialect = 'own' | 'ollama' | 'openai' | 'responses' | 'anthropic';

export type Method = 'GET' | 'POST' | 'DELETE';

export interface RouteInfo {
  /**
   * A `:name` at the end matches one part of a path in Hearth's own routes, and the whole rest in others; `:rest` may
   * be empty. In the middle it matches one part.
   */
  readonly path: string;
  /** For routes that Ollama answers: its known methods; other methods are passed on too. */
  readonly methods: readonly Method[];
  readonly dialect: Dialect;
  /** Who answers: Hearth, or Ollama, which gets the request unchanged. */
  readonly by: 'hearth' | 'ollama';
  /** What a request does: it only reads, runs a model, or changes the installed models. */
  readonly does: 'look' | 'run' | 'manage';
  /** The key scope needed, except for reads (GET, HEAD). `each`: the handler checks, as it depends on the body. */
  readonly scope: Scope | 'each';
  readonly what: string;
}

/** Figures; the handler checks the key's scope. */
const TELLS = { dialect: 'own', by: 'hearth', does: 'look', scope: 'each' } as const;
/** Runs a model here, behind cache, sharing and queue. */
const RUNS = { by: 'hearth', does: 'run', scope: 'chat' } as const;
/** Answered by Hearth at once. */
const LOOKS = { by: 'hearth', does: 'look' } as const;
/** Hearth's own routes, answered at once: for callers who may chat, and for those who manage Hearth. */
const OWN_LOOK = { dialect: 'own', ...LOOKS, scope: 'chat' } as const;
const OWN_MANAGE = { dialect: 'own', ...LOOKS, scope: 'manage' } as const;
/** Answered by Hearth at once; the submitted work runs later. */
const BATCHES = { dialect: 'openai', ...LOOKS, scope: 'chat' } as const;
/** Passed on; queues for a lease if its body names a model that can run (http/passthrough.ts). */
const HANDED_ON = { by: 'ollama', does: 'run' } as const;
/** Passed on; changes the models on disk, or the account at ollama.com. */
const MANAGES = { dialect: 'ollama', by: 'ollama', does: 'manage', scope: 'manage' } as const;

/** The first matching row wins. */
export const ROUTES = [
  {
    path: '/health',
    methods: ['GET'],
    ...OWN_MANAGE,
    what: 'How Hearth and Ollama are; `?ready=1` answers 503 when not healthy, or stopping.',
  },
  { path: '/api/chat-optimized', methods: ['POST'], dialect: 'own', ...RUNS, what: 'Chat, as JSON or as a stream.' },
  {
    path: '/api/chat-queue',
    methods: ['POST', 'GET', 'DELETE'],
    dialect: 'own',
    ...RUNS,
    what: 'Chat without a connection: hand one or a list in (202), look, cancel, by `requestId` or `batch`. `GET` without either shows the queue.',
  },
  {
    path: '/api/conversations/:id',
    methods: ['GET', 'DELETE'],
    ...OWN_LOOK,
    what: 'What was said under a `conversation_id`; forget it.',
  },
  {
    path: '/api/requests',
    methods: ['GET'],
    ...OWN_LOOK,
    what: 'The requests, living and ended, the newest first; filters, words, pages: docs/requests.md.',
  },
  { path: '/api/requests/:id/cancel', methods: ['POST'], ...OWN_LOOK, what: 'End one that lives.' },
  {
    path: '/api/requests/watch',
    methods: ['POST'],
    ...OWN_MANAGE,
    what: 'Keep what is asked and answered for the next 10 `minutes`; 0 ends it.',
  },
  { path: '/api/requests/bodies', methods: ['DELETE'], ...OWN_LOOK, what: 'Take away what was kept of that, at once.' },
  {
    path: '/api/requests/:id/body',
    methods: ['GET'],
    ...OWN_LOOK,
    what: 'What one asked and was answered, where kept.',
  },
  // The run itself enters by the inner door (http/again.ts).
  { path: '/api/requests/:id/again', methods: ['POST'], ...OWN_LOOK, what: 'Ask the same again, and the model anew.' },
  {
    path: '/api/requests/:id',
    methods: ['GET'],
    ...OWN_LOOK,
    what: 'One of them, by its `X-Request-ID`: where its time went, and why.',
  },
  {
    path: '/api/cache-stats',
    methods: ['GET', 'POST'],
    ...TELLS,
    what: 'Statistics; `POST` clears, warms, unloads, deletes, resets.',
  },
  {
    path: '/api/notices',
    methods: ['GET'],
    ...TELLS,
    what: 'What you should know, and what to do: what is so, and the last of what was.',
  },
  {
    path: '/api/pulls',
    methods: ['GET', 'POST', 'DELETE'],
    ...MANAGES,
    dialect: 'own',
    by: 'hearth',
    what: 'Downloads of models in line: how far each is; put one in line, pause it, have it go on, cancel it.',
  },
  {
    path: '/metrics',
    methods: ['GET'],
    ...TELLS,
    what: 'The same and more, as Prometheus reads it: docs/metrics.md.',
  },
  { path: '/api/day', methods: ['GET'], ...TELLS, what: 'A range of time in figures, `?span=24h`: docs/figures.md.' },
  { path: '/api/fleet', methods: ['GET'], ...TELLS, what: 'The gateways of a fleet, each as it is: docs/cluster.md.' },
  { path: '/openapi.json', methods: ['GET'], ...OWN_MANAGE, what: 'All of this, as OpenAPI 3.1.' },
  { path: '/api/events', methods: ['GET'], ...OWN_MANAGE, what: 'What goes on, live, as server-sent events.' },
  {
    path: '/api/chat',
    methods: ['POST'],
    dialect: 'ollama',
    ...RUNS,
    what: 'Ollama chat: cached, shared, queued. So are the next three.',
  },
  {
    path: '/api/generate',
    methods: ['POST'],
    dialect: 'ollama',
    ...RUNS,
    what: 'Ollama completion, also `raw`, `suffix`, `context`, `images`.',
  },
  {
    path: '/api/embed',
    methods: ['POST'],
    dialect: 'ollama',
    ...RUNS,
    what: 'Vectors; each text is kept by itself, and texts that wait go up together.',
  },
  {
    path: '/api/embeddings',
    methods: ['POST'],
    dialect: 'ollama',
    ...RUNS,
    what: 'The older form of it, for one text.',
  },
  {
    path: '/v1/chat/completions',
    methods: ['POST'],
    dialect: 'openai',
    ...RUNS,
    what: 'OpenAI chat; the same kept answers as on `/api/chat`.',
  },
  { path: '/v1/completions', methods: ['POST'], dialect: 'openai', ...RUNS, what: 'OpenAI completion.' },
  {
    path: '/v1/embeddings',
    methods: ['POST'],
    dialect: 'openai',
    ...RUNS,
    what: 'OpenAI vectors, as numbers or base64.',
  },
  {
    path: '/v1/responses',
    methods: ['POST'],
    dialect: 'responses',
    ...RUNS,
    what: 'OpenAI Responses; the same kept answers again.',
  },
  { path: '/v1/files', methods: ['GET', 'POST'], ...BATCHES, what: 'Files for batches: hand one in, list them.' },
  { path: '/v1/files/:id/content', methods: ['GET'], ...BATCHES, what: 'What is in one.' },
  { path: '/v1/files/:id', methods: ['GET', 'DELETE'], ...BATCHES, what: 'One of them; delete it.' },
  {
    path: '/v1/batches',
    methods: ['GET', 'POST'],
    ...BATCHES,
    what: 'OpenAI batches: thousands of requests in a file, run in the background, across restarts.',
  },
  { path: '/v1/batches/:id/cancel', methods: ['POST'], ...BATCHES, what: 'End one early; what is done stays.' },
  { path: '/v1/batches/:id', methods: ['GET'], ...BATCHES, what: 'How far one is.' },
  { path: '/v1/models', methods: ['GET'], dialect: 'openai', ...LOOKS, scope: 'chat', what: 'The installed models.' },
  { path: '/v1/models/:name', methods: ['GET'], dialect: 'openai', ...LOOKS, scope: 'chat', what: 'One of them.' },
  {
    path: '/v1/messages',
    methods: ['POST'],
    dialect: 'anthropic',
    ...RUNS,
    what: 'Anthropic chat, as Claude Code speaks; the same kept answers again.',
  },
  {
    path: '/v1/messages/count_tokens',
    methods: ['POST'],
    dialect: 'anthropic',
    ...LOOKS,
    scope: 'chat',
    what: 'About how many tokens such a prompt has; an estimate, and it says so.',
  },
  {
    path: '/v1/messages/:rest',
    methods: ['POST'],
    dialect: 'anthropic',
    ...HANDED_ON,
    scope: 'chat',
    what: 'What else belongs to Anthropic chat.',
  },
  {
    path: '/v1/responses/:rest',
    methods: ['POST'],
    dialect: 'responses',
    ...HANDED_ON,
    scope: 'chat',
    what: 'What belongs to it.',
  },
  {
    path: '/v1/:rest',
    methods: ['GET', 'POST'],
    dialect: 'openai',
    ...HANDED_ON,
    scope: 'chat',
    what: 'What else it has of OpenAI.',
  },
  {
    path: '/api/show',
    methods: ['POST'],
    dialect: 'ollama',
    by: 'ollama',
    does: 'look',
    scope: 'chat',
    what: 'What is known of a model.',
  },
  { path: '/api/pull', methods: ['POST'], ...MANAGES, what: 'Install a model.' },
  { path: '/api/push', methods: ['POST'], ...MANAGES, what: 'Publish one.' },
  { path: '/api/create', methods: ['POST'], ...MANAGES, what: 'Make one of another.' },
  { path: '/api/copy', methods: ['POST'], ...MANAGES, what: 'Give one a second name.' },
  { path: '/api/delete', methods: ['DELETE'], ...MANAGES, what: 'Remove one.' },
  { path: '/api/blobs/:digest', methods: ['POST'], ...MANAGES, what: 'A file for `/api/create`.' },
  { path: '/api/me', methods: ['POST'], ...MANAGES, what: 'Who is signed in at ollama.com.' },
  { path: '/api/signout', methods: ['POST'], ...MANAGES, what: 'Sign out there.' },
  { path: '/api/user/keys/:key', methods: ['DELETE'], ...MANAGES, what: 'The same, in its older form.' },
  {
    path: '/api/:rest',
    methods: ['GET', 'POST'],
    dialect: 'ollama',
    ...HANDED_ON,
    scope: 'manage',
    what: 'What else Ollama has, or will have.',
  },
  {
    path: '/',
    methods: ['GET'],
    dialect: 'ollama',
    by: 'ollama',
    does: 'look',
    scope: 'manage',
    what: 'Whether it runs, in its words.',
  },
] as const satisfies readonly RouteInfo[];

export type Route = (typeof ROUTES)[number];
export type OwnRoute = Extract<Route, { dialect: 'own' }>;
/** A route of a foreign dialect that Hearth answers. */
export type DropInRoute = Exclude<Extract<Route, { by: 'hearth' }>, OwnRoute>;

const isOwn = (route: Route): route is OwnRoute => route.dialect === 'own';
const isDropIn = (route: Route): route is DropInRoute => route.by === 'hearth' && route.dialect !== 'own';

export const OWN_ROUTES: readonly OwnRoute[] = ROUTES.filter(isOwn);
export const DROP_IN_ROUTES: readonly DropInRoute[] = ROUTES.filter(isDropIn);

/** The row of a path without query; undefined if no route matches. */
export function routeOf(path: string): Route | undefined {
  return PATTERNS.find(({ pattern }) => pattern.test(path))?.route;
}

/** The dialect in which a path is answered; Hearth's own if only to say that the route does not exist. */
export function dialectOf(path: string): Dialect {
  // Ollama itself redirects a doubled slash.
  return routeOf(path.includes('//') ? path.replaceAll(/\/{2,}/g, '/') : path)?.dialect ?? 'own';
}

const PATTERNS = ROUTES.map((route) => ({ route, pattern: patternOf(route) }));

/**
 * The paths that a row matches. Hearth's own match in any case and with a trailing slash, and everything below one with
 * a `:name` is Hearth's to refuse. In others case and slash count, as they do for Ollama.
 */
function patternOf({ path, dialect }: Route): RegExp {
  const own = dialect === 'own';
  const end = own ? '(?:/.*)?' : path.endsWith('/:rest') ? '/.*' : '/.+';
  const text = path
    .replaceAll('.', '\\.')
    .replace(/\/:\w+$/, end)
    .replace(/:\w+(?=\/)/, '[^/]+');
  return new RegExp(`^${text}${own ? '/?' : ''}$`, own ? 'is' : 's');
}
