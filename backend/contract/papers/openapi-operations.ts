// Hearth's own routes for OpenAPI: what each is for, takes and answers, with the schemas that validate it.
import { namespaceSchema, requestIdSchema } from '../chat/chat-request.ts';
import type { ErrorCode } from '../errors.ts';
import { plain, type Answered, type Json, type Sent } from './openapi-shapes.ts';
import { requestQuerySchema } from '../views/request-query.ts';
import type { OwnRoute } from '../routes.ts';
import { SPAN_WORDS, USUAL_SPAN } from '../views/spans.ts';

export interface Operation {
  readonly what: string;
  readonly sends?: Sent;
  readonly query?: readonly Json[];
  readonly answers: {
    readonly status: number;
    readonly what: string;
    /** One of these types; empty if the answer is not JSON, or has no fixed type. */
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

const batch: Json = { name: 'batch', in: 'query', schema: plain(requestIdSchema, 'input') };

/** `cache.namespace` of the chats in the conversation. */
const namespace: Json = {
  name: 'namespace',
  in: 'query',
  schema: plain(namespaceSchema, 'input'),
  description: 'The `cache.namespace` of a conversation that has one',
};

export const OPERATIONS: {
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
  '/api/notices': {
    get: {
      what: 'What you should know',
      answers: { status: 200, shapes: ['NoticeList'], what: 'What is so, and the last of what was' },
      errors: ['forbidden'],
    },
  },
  '/metrics': {
    get: {
      what: 'Figures as Prometheus reads them',
      answers: { status: 200, shapes: [], what: "Prometheus' text format" },
      errors: ['forbidden'],
    },
  },
  '/openapi.json': {
    get: { what: 'This description', answers: { status: 200, shapes: [], what: 'OpenAPI 3.1 as JSON' }, errors: [] },
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
      what: 'Hand a chat in, or a list of them, without waiting for the answer',
      sends: 'ChatRequests',
      query: [{ ...batch, description: 'The id of the list; the same list sent again with it is the same batch' }],
      answers: { status: 202, shapes: ['Accepted', 'AcceptedBatch'], what: 'Accepted; Location says where to look' },
      errors: ['request_exists'],
    },
    get: {
      what: 'A request that was handed in, or a batch; without requestId and batch, the whole queue',
      query: [
        requestId(false),
        batch,
        { name: 'after', in: 'query', schema: { type: 'string' }, description: '`next` of the answer before' },
        { name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1, maximum: 1000, default: 100 } },
      ],
      answers: {
        status: 200,
        shapes: ['RequestView', 'BatchView', 'Queue'],
        what: 'Where it stands, and its result once it has one',
        stream: 'With `Accept: text/event-stream`: its life as `data:` lines.',
      },
      errors: ['invalid_request', 'request_not_found', 'request_gone'],
    },
    delete: {
      what: 'Cancel a request that waits or runs, or all of a batch',
      query: [requestId(false), batch],
      answers: { status: 200, shapes: ['Cancelled', 'CancelledBatch'], what: 'Cancelled' },
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
  '/api/requests': {
    get: {
      what: 'The requests, living and ended',
      query: requestQuery(),
      answers: { status: 200, shapes: ['RequestList'], what: 'The newest first, as far as the caller may see them' },
      errors: ['invalid_request'],
    },
  },
  '/api/requests/:id/cancel': {
    post: {
      what: 'End a request that lives',
      answers: { status: 200, shapes: ['Cancelled'], what: 'Cancelled' },
      errors: ['request_not_found', 'request_gone', 'not_cancellable'],
    },
  },
  '/api/requests/watch': {
    post: {
      what: 'Keep what is asked and answered for some minutes',
      sends: 'WatchWish',
      answers: { status: 200, shapes: ['Watching'], what: 'Until when' },
      errors: ['invalid_request'],
    },
  },
  '/api/requests/bodies': {
    delete: {
      what: 'Take away what was asked and answered, of all requests that the caller may see',
      answers: { status: 200, shapes: ['TextsRemoved'], what: 'Gone, from the disk too' },
      errors: [],
    },
  },
  '/api/requests/:id/body': {
    get: {
      what: 'What a request asked and was answered, word for word',
      answers: { status: 200, shapes: ['RequestBody'], what: 'What is kept of it, and why the rest is not' },
      errors: ['request_not_found'],
    },
  },
  '/api/requests/:id/again': {
    post: {
      what: 'Ask the same once more, and the model anew',
      answers: { status: 202, shapes: ['AskedAgain'], what: 'Taken in; Location says where to look' },
      errors: ['request_not_found', 'text_not_kept'],
    },
  },
  '/api/requests/:id': {
    get: {
      what: 'A request, with where its time went and why',
      answers: { status: 200, shapes: ['DetailedRequest'], what: 'How it was answered, or how it stands' },
      errors: ['request_not_found'],
    },
  },
  '/api/pulls': {
    get: {
      what: 'Downloads of models in line',
      answers: { status: 200, shapes: ['PullList'], what: 'How far each is, in the order of the line' },
      errors: [],
    },
    post: {
      what: 'Put a download in line, have one go on that stopped, or pause one',
      sends: 'PullWish',
      answers: { status: 202, shapes: ['Pull'], what: 'Taken in; it is on the disk' },
      errors: ['invalid_request', 'pull_not_found', 'pulls_full', 'management_disabled'],
    },
    delete: {
      what: 'Take a download out of the line',
      query: [
        { name: 'model', in: 'query', required: true, schema: { type: 'string' } },
        { name: 'upstream', in: 'query', required: false, schema: { type: 'string' } },
      ],
      answers: {
        status: 200,
        shapes: ['PullRemoved'],
        what: 'Ended. Ollama keeps what came until it is started an hour later',
      },
      errors: ['invalid_request', 'pull_not_found', 'management_disabled'],
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
  '/api/day': {
    get: {
      what: 'What happened in a range of time up to now',
      query: [{ name: 'span', in: 'query', schema: { enum: [...SPAN_WORDS], default: USUAL_SPAN } }],
      answers: { status: 200, shapes: ['Day'], what: 'Its figures, as far as the caller may see them' },
      errors: ['invalid_request'],
    },
  },
  '/api/fleet': {
    get: {
      what: 'The gateways of a fleet, and what each does',
      answers: { status: 200, shapes: ['Fleet'], what: 'All that are known here, with what the caller may see' },
      errors: ['forbidden'],
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

/** Each field of the query, and whether it may be repeated. */
function requestQuery(): readonly Json[] {
  const { properties } = plain(requestQuerySchema, 'input') as { readonly properties: Readonly<Record<string, Json>> };
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', schema }));
}
