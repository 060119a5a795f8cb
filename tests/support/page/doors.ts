// Every route that a page could try: ours and the drop-in ones as the contract lists them, Ollama's others as Ollama has
// them. Each with a body that would do something if the page were let in.
import { DROP_IN_ROUTES, OWN_ROUTES, type DropInRoute, type OwnRoute } from '../../../backend/contract/routes.ts';

export interface Door {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  /** What a page that may use it gets, in the order of this list. */
  readonly status: number;
  readonly code?: string;
  /** Only for who manages Hearth: programs and pages of this machine. A page from elsewhere is told `forbidden`. */
  readonly manages?: boolean;
  /** It has no end of its own. */
  readonly endless?: boolean;
}

const model = 'llama3.2';
const messages = [{ role: 'user', content: 'Why does bread rise?' }];
const options = { temperature: 0 };

type Tries = readonly Omit<Door, 'path'>[];

const OWN: Readonly<Record<OwnRoute['path'], Tries>> = {
  '/health': [{ method: 'GET', status: 200 }],
  '/api/chat-optimized': [{ method: 'POST', body: { messages, conversation_id: 'talk' }, status: 200 }],
  '/api/chat-queue': [
    { method: 'POST', body: { messages, requestId: 'mine' }, status: 202 },
    { method: 'GET', status: 200 },
    // It has ended, being a hit.
    { method: 'DELETE', status: 409, code: 'not_cancellable' },
  ],
  '/api/conversations/:id': [
    { method: 'GET', status: 200 },
    { method: 'DELETE', status: 200 },
  ],
  '/api/cache-stats': [
    { method: 'GET', status: 200 },
    { method: 'POST', body: { action: 'clear' }, status: 200 },
  ],
  '/api/pulls': [
    { method: 'GET', status: 200 },
    { method: 'POST', body: { model: 'tiny' }, status: 403, code: 'management_disabled' },
    { method: 'DELETE', status: 403, code: 'management_disabled' },
  ],
  '/api/requests': [{ method: 'GET', status: 200 }],
  '/api/requests/:id/cancel': [{ method: 'POST', status: 404, code: 'request_not_found' }],
  '/api/requests/watch': [{ method: 'POST', body: { minutes: 0 }, status: 200, manages: true }],
  '/api/requests/bodies': [{ method: 'DELETE', status: 200 }],
  '/api/requests/:id/body': [{ method: 'GET', status: 404, code: 'request_not_found' }],
  '/api/requests/:id/again': [{ method: 'POST', status: 404, code: 'request_not_found' }],
  '/api/day': [{ method: 'GET', status: 200 }],
  '/api/fleet': [{ method: 'GET', status: 200 }],
  '/api/requests/:id': [{ method: 'GET', status: 404, code: 'request_not_found' }],
  // They name callers and pages.
  '/api/notices': [{ method: 'GET', status: 200, manages: true }],
  '/metrics': [{ method: 'GET', status: 200 }],
  '/openapi.json': [{ method: 'GET', status: 200 }],
  '/api/events': [{ method: 'GET', status: 200, endless: true }],
};

const DROP_IN: Readonly<Record<DropInRoute['path'], Tries>> = {
  '/api/chat': [{ method: 'POST', body: { model, messages, options }, status: 200 }],
  '/api/generate': [{ method: 'POST', body: { model, prompt: 'Bread', options }, status: 200 }],
  '/api/embed': [{ method: 'POST', body: { model: 'nomic-embed-text', input: 'Bread' }, status: 200 }],
  '/api/embeddings': [{ method: 'POST', body: { model: 'nomic-embed-text', prompt: 'Bread' }, status: 200 }],
  '/v1/chat/completions': [{ method: 'POST', body: { model, messages, temperature: 0 }, status: 200 }],
  '/v1/completions': [{ method: 'POST', body: { model, prompt: 'Bread', temperature: 0 }, status: 200 }],
  '/v1/embeddings': [{ method: 'POST', body: { model: 'nomic-embed-text', input: 'Bread' }, status: 200 }],
  '/v1/responses': [{ method: 'POST', body: { model, input: 'Bread', temperature: 0 }, status: 200 }],
  '/v1/messages': [{ method: 'POST', body: { model, max_tokens: 9, messages }, status: 200 }],
  '/v1/messages/count_tokens': [{ method: 'POST', body: { model, messages }, status: 200 }],
  '/v1/files': [{ method: 'GET', status: 200 }],
  '/v1/files/:id/content': [{ method: 'GET', status: 404 }],
  '/v1/files/:id': [{ method: 'DELETE', status: 404 }],
  '/v1/batches': [{ method: 'GET', status: 200 }],
  '/v1/batches/:id/cancel': [{ method: 'POST', status: 404 }],
  '/v1/batches/:id': [{ method: 'GET', status: 404 }],
  '/v1/models': [{ method: 'GET', status: 200 }],
  '/v1/models/:name': [{ method: 'GET', status: 200 }],
};

const HANDED_ON: readonly Door[] = [
  { method: 'GET', path: '/api/tags', status: 200 },
  { method: 'GET', path: '/api/ps', status: 200 },
  { method: 'GET', path: '/api/version', status: 200 },
  { method: 'GET', path: '/api/status', status: 200 },
  { method: 'POST', path: '/api/show', body: { model }, status: 200 },
];

const BLOB = `/api/blobs/sha256:${'0'.repeat(64)}`;
const refused = { status: 403, code: 'management_disabled' } as const;

/** Only for programs of this machine, never for a page. */
const MANAGEMENT: readonly Door[] = [
  { method: 'POST', path: '/api/pull', body: { model: 'new' }, ...refused },
  { method: 'POST', path: '/api/push', body: { model }, ...refused },
  { method: 'POST', path: '/api/create', body: { model: 'mine', from: model }, ...refused },
  { method: 'POST', path: '/api/copy', body: { source: model, destination: 'mine' }, ...refused },
  { method: 'DELETE', path: '/api/delete', body: { model }, ...refused },
  { method: 'POST', path: '/api/signout', body: {}, ...refused },
  { method: 'POST', path: BLOB, body: {}, ...refused },
];

const QUERY: Readonly<Record<string, string>> = {
  'GET /api/chat-queue': '?requestId=mine',
  'DELETE /api/chat-queue': '?requestId=mine',
};

function tries<P extends string>(listed: readonly { readonly path: P }[], table: Readonly<Record<P, Tries>>): Door[] {
  return listed.flatMap(({ path }) =>
    table[path].map((door) => ({
      ...door,
      path: path.replace(':id', 'talk').replace(':name', model) + (QUERY[`${door.method} ${path}`] ?? ''),
    })),
  );
}

export const DOORS: readonly Door[] = [
  ...tries(OWN_ROUTES, OWN),
  ...tries(DROP_IN_ROUTES, DROP_IN),
  ...HANDED_ON,
  ...MANAGEMENT,
];
