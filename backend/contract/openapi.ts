// The OpenAPI description of the gateway (GET /openapi.json), read off the schemas that check every request, so that the
// two cannot differ. A test has it checked by a validator, and a running gateway's answers checked by it.
import { z } from 'zod';
import { chatRequestSchema, namespaceSchema, OWN_FIELDS, requestIdSchema } from './chat/chat-request.ts';
import { chatAnswerSchema } from './chat/chat.ts';
import {
  ACTION_NAMES,
  actionResultSchema,
  cacheStatsSchema,
  conversationRemovedSchema,
  conversationViewSchema,
  healthSchema,
} from './control.ts';
import { acceptedSchema, cancelledSchema, queueSchema, requestViewSchema } from './queue-view.ts';
import { ERRORS, RUN_ERRORS, wireErrorSchema, type ErrorCode } from './errors.ts';
import { dropInBodies, DROP_IN_SENDS, type DropInBody } from './openapi-bodies.ts';
import { DROP_IN_ROUTES, OWN_ROUTES, type DropInRoute, type OwnRoute } from './routes.ts';

type Json = Readonly<Record<string, unknown>>;

/** POST /api/cache-stats; what `data` may hold depends on the action. */
const actionSchema = z.strictObject({
  action: z.enum(ACTION_NAMES as [string, ...string[]]),
  data: z.looseObject({}).nullish(),
});

/** Every named shape: requests as they may come, answers as they are sent. */
const SENT = {
  ChatRequest: chatRequestSchema,
  Action: actionSchema,
} as const;

const ANSWERED = {
  ChatAnswer: chatAnswerSchema,
  Accepted: acceptedSchema,
  RequestView: requestViewSchema,
  Queue: queueSchema,
  Cancelled: cancelledSchema,
  Conversation: conversationViewSchema,
  ConversationRemoved: conversationRemovedSchema,
  CacheStats: cacheStatsSchema,
  ActionResult: actionResultSchema,
  Health: healthSchema,
  Error: wireErrorSchema,
} as const;

type Sent = keyof typeof SENT | DropInBody;
type Answered = keyof typeof ANSWERED;

interface Operation {
  readonly what: string;
  readonly sends?: Sent;
  readonly query?: readonly Json[];
  readonly answers: {
    readonly status: number;
    readonly what: string;
    /** One of these; none where the answer is no JSON, or has no fixed shape. */
    readonly shapes: readonly Answered[];
    readonly stream?: string;
  };
  readonly errors: readonly ErrorCode[];
}

const requestId = (required: boolean): Json => ({
  name: 'requestId',
  in: 'query',
  required,
  schema: plain(requestIdSchema, 'input'),
});

/** As `cache.namespace` of the chats in it. */
const namespace: Json = {
  name: 'namespace',
  in: 'query',
  schema: plain(namespaceSchema, 'input'),
  description: 'The `cache.namespace` of a conversation that has one',
};

const OPERATIONS: {
  readonly [R in OwnRoute as R['path']]: Readonly<Record<Lowercase<R['methods'][number]>, Operation>>;
} = {
  '/health': {
    get: {
      what: 'How Hearth and Ollama are',
      query: [{ name: 'ready', in: 'query', schema: { enum: ['1'] }, description: '503 unless healthy' }],
      answers: { status: 200, shapes: ['Health'], what: 'The process lives' },
      errors: [],
    },
  },
  '/openapi.json': {
    get: {
      what: 'This description',
      answers: { status: 200, shapes: [], what: 'An OpenAPI 3.1 document' },
      errors: [],
    },
  },
  '/api/chat-optimized': {
    post: {
      what: 'Chat',
      sends: 'ChatRequest',
      answers: {
        status: 200,
        shapes: ['ChatAnswer'],
        what: 'The answer, whole or streamed',
        stream: 'With `stream`: `data:` lines, one JSON object each; the last one has `"done": true`.',
      },
      errors: [],
    },
  },
  '/api/chat-queue': {
    post: {
      what: 'Hand a chat in, without waiting for its answer',
      sends: 'ChatRequest',
      answers: { status: 202, shapes: ['Accepted'], what: 'Accepted; Location says where to look' },
      errors: ['request_exists'],
    },
    get: {
      what: 'A request that was handed in; without requestId, the whole queue',
      query: [requestId(false)],
      answers: {
        status: 200,
        shapes: ['RequestView', 'Queue'],
        what: 'Where it stands, and its result once it has one',
        stream: 'With `Accept: text/event-stream`: its life as `data:` lines.',
      },
      errors: ['invalid_request', 'request_not_found', 'request_gone'],
    },
    delete: {
      what: 'Cancel a request that waits or runs',
      query: [requestId(true)],
      answers: { status: 200, shapes: ['Cancelled'], what: 'Cancelled' },
      errors: ['invalid_request', 'request_not_found', 'request_gone', 'not_cancellable'],
    },
  },
  '/api/conversations/:id': {
    get: {
      what: 'What was said under a conversation_id',
      query: [namespace],
      answers: { status: 200, shapes: ['Conversation'], what: 'Its messages' },
      errors: ['not_found'],
    },
    delete: {
      what: 'Forget a conversation',
      query: [namespace],
      answers: { status: 200, shapes: ['ConversationRemoved'], what: 'Forgotten' },
      errors: ['not_found'],
    },
  },
  '/api/cache-stats': {
    get: {
      what: 'Statistics',
      answers: { status: 200, shapes: ['CacheStats'], what: 'Figures since the start' },
      errors: [],
    },
    post: {
      what: 'Clear, warm, unload, delete, reset',
      sends: 'Action',
      answers: { status: 200, shapes: ['ActionResult'], what: 'What was done' },
      errors: ['invalid_request', 'model_not_found', 'upstream_unreachable', 'upstream_failed'],
    },
  },
  '/api/events': {
    get: {
      what: 'What goes on, live',
      answers: {
        status: 200,
        shapes: [],
        what: 'Server-sent events',
        stream: 'Events named state, snapshot, queue, request, model and notice; a full snapshot first.',
      },
      errors: [],
    },
  },
};

/** The whole description; `version` is that of the app. OpenAPI 3.1, whose schemas are JSON Schema 2020-12. */
export function openApi(version: string): Json {
  const paths: Record<string, Json> = {};
  for (const route of OWN_ROUTES) paths[named(route.path)] = ownPath(route);
  for (const route of DROP_IN_ROUTES) paths[named(route.path)] = dropIn(route);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Hearth',
      version,
      description:
        'A gateway for programs that use Ollama: cache, shared runs, queue, streaming. Everything else under /api/ and /v1/ is handed on to Ollama as it is.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    // Callers on this machine need no key; others need one.
    security: [{}, ...Object.keys(KEYS).map((name) => ({ [name]: [] }))],
    paths,
    components: {
      securitySchemes: KEYS,
      schemas: {
        ...shapes(SENT, 'input'),
        ...dropInBodies(plain(z.object(OWN_FIELDS), 'input')),
        ...shapes(ANSWERED, 'output'),
      },
    },
  };
}

/** The two ways to show a key. */
const KEYS = {
  bearer: { type: 'http', scheme: 'bearer', description: 'A key, for callers from other machines.' },
  apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'The same key in a header of its own.' },
};

/** What the front door may answer anywhere. */
const DOOR: ErrorCode[] = ['unauthorized', 'forbidden', 'client_limit', 'host_not_allowed', 'origin_not_allowed'];

/** A path as OpenAPI writes it. */
function named(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}');
}

function ownPath({ path, does }: OwnRoute): Json {
  const operations = Object.entries(OPERATIONS[path]).map(([method, operation]) => [
    method,
    described(path, operation, does === 'run' && method === 'post' ? RUN_ERRORS : []),
  ]);
  return { ...inPath(path), ...(Object.fromEntries(operations) as Json) };
}

/** What stands for a part of the path. */
function inPath(path: string): Json {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name);
  const parameters = names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));
  return parameters.length === 0 ? {} : { parameters };
}

function described(path: string, { what, sends, query, answers, errors }: Operation, more: readonly ErrorCode[]): Json {
  const { status, shapes: named, stream } = answers;
  const refs = named.map(ref);
  const schema = refs.length === 1 ? refs[0] : refs.length === 0 ? { type: 'object' } : { oneOf: refs };
  const content = {
    ...(path === '/api/events' ? {} : { 'application/json': { schema } }),
    ...(stream === undefined ? {} : { 'text/event-stream': { schema: { type: 'string', description: stream } } }),
  };
  return {
    summary: what,
    ...(query === undefined ? {} : { parameters: query }),
    ...(sends === undefined ? {} : { requestBody: body(sends) }),
    responses: { [status]: { description: answers.what, content }, ...failures([...more, ...errors]) },
  };
}

function dropIn({ path, what, methods }: DropInRoute): Json {
  const sends = DROP_IN_SENDS[path];
  const answer = {
    description: 'As Ollama, OpenAI or Anthropic has it',
    content: { 'application/json': { schema: {} } },
  };
  const operation = {
    summary: what,
    ...(sends === undefined ? {} : { requestBody: body(sends) }),
    responses: { 200: answer },
  };
  return { ...inPath(path), ...Object.fromEntries(methods.map((method) => [method.toLowerCase(), operation])) };
}

function body(shape: Sent): Json {
  return { required: true, content: { 'application/json': { schema: ref(shape) } } };
}

/** One entry for each status, with the codes that have it. */
function failures(codes: readonly ErrorCode[]): Json {
  const byStatus = new Map<number, ErrorCode[]>();
  const all: readonly ErrorCode[] = [...new Set([...codes, ...DOOR, 'internal' as const])];
  for (const code of all) byStatus.set(ERRORS[code].status, [...(byStatus.get(ERRORS[code].status) ?? []), code]);
  const content = { 'application/json': { schema: ref('Error') } };
  return Object.fromEntries(
    [...byStatus].map(([status, named]) => [
      status,
      { description: named.map((code) => `\`${code}\`: ${ERRORS[code].when}`).join('\n\n'), content },
    ]),
  );
}

function ref(shape: Sent | Answered): Json {
  return { $ref: `#/components/schemas/${shape}` };
}

function shapes(schemas: Readonly<Record<string, z.ZodType>>, io: 'input' | 'output'): Json {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, plain(schema, io)]));
}

/** A schema as plain JSON Schema. What JSON Schema cannot say, such as a check in code, is left out. */
function plain(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json;
  return json;
}
