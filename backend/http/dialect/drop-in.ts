// What the dialects of Ollama and OpenAI share, for clients that know nothing of Hearth: a body is read, the core is asked
// in the one form that it knows, and the answer is written in the voice of its dialect (ollama-*.ts, openai-*.ts).
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Completion } from '../../contract/chat/chat.ts';
import { AppError } from '../../contract/errors.ts';
import { GoRefusal } from '../../contract/go/go-type.ts';
import type { ActionParts } from '../../core/stories/actions.ts';
import type { ChatCall } from '../../core/requests/call.ts';
import type { EmbedAnswer, Embedder } from '../../core/stories/embedder.ts';
import type { Gateway } from '../../core/stories/gateway.ts';
import type { Jobs } from '../../core/stories/jobs.ts';
import type { CacheWish } from '../../core/cache/policy.ts';
import type { NewId, Relay } from '../../core/ports.ts';
import type { TicketOptions } from '../../core/requests/ticket.ts';
import { askerOf, bodyWish, type CacheFields, priorityOf, replayOf } from './asking.ts';
import { checkContentType, readBody } from '../wire/body.ts';
import { cacheHeaders, headerWishes, markOf } from '../wire/cache-headers.ts';
import { onGone, type Patience, requestId, sendWhole } from './encode.ts';
import { readGoBody } from '../go/go-body.ts';
import { sendStream, type StreamForm } from './stream.ts';
import { type AskedToEmbed, type AskedToWrite, refusal } from './understood.ts';

/** What these handlers act on. */
export interface DropInParts extends ActionParts {
  readonly gateway: Gateway;
  readonly embedder: Embedder;
  readonly jobs: Jobs;
  readonly relay: Relay;
  readonly newId: NewId;
  readonly patience: Patience;
}

type Headers = Record<string, string>;

const MB = 1024 * 1024;
const NO_STORE = { 'Cache-Control': 'no-store' };

/** How a dialect writes an answer. */
export interface Voice {
  /** Of the whole answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The whole answer as one object. */
  whole(completion: Completion): unknown;
  /** A new one for each answer. */
  stream(): StreamForm;
}

// ---- reading

/**
 * What a body means to `read`. Refused in Ollama's words, and by nobody but us: a body that was sent up to hear them would
 * run there, past the queue, if Ollama took it. `nothing`: what the route says of an empty body.
 */
export async function readAs<T>(
  parts: DropInParts,
  req: IncomingMessage,
  nothing: string,
  read: (body: unknown) => T,
): Promise<T> {
  checkContentType(req);
  const bytes = await readBody(req, parts.config().server.max_body_mb * MB);
  try {
    return readGoBody(bytes, read);
  } catch (error) {
    throw error instanceof GoRefusal ? refusal(error.message === 'EOF' ? nothing : error.message) : error;
  }
}

/** What the headers and our own fields of the body say, beside the request itself. */
function circumstances(
  parts: DropInParts,
  req: IncomingMessage,
  res: ServerResponse,
  model: string,
  ours: CacheFields,
): {
  readonly about: TicketOptions & Pick<ChatCall, 'namespace' | 'wishes' | 'cacheByDefault' | 'mark'>;
  readonly ignored: boolean;
} {
  const config = parts.config();
  const { wishes, ignored } = headerWishes(req.headers, config.cache.honor_request_cache_control);
  // Two living requests never share an id, so a client that sends the same one again is given another inside.
  const asked = requestId(res);
  return {
    about: {
      id: parts.jobs.taken(asked) ? parts.newId() : asked,
      anyId: true,
      route: (req.url ?? '/').replace(/\?.*$/s, ''),
      model,
      ...askerOf(req, ours),
      priority: priorityOf(req, ours),
      wishes: [wanted(ours), ...wishes],
      cacheByDefault: config.cache.drop_in,
      mark: markOf(req.headers, config.cache.fresh_when),
    },
    ignored,
  };
}

/** Here `use_cache: true` says something: on these routes the cache is not asked for everything by itself. */
function wanted(ours: CacheFields): CacheWish {
  return { ...(ours.use_cache === true ? { read: true, store: true } : {}), ...bodyWish(ours) };
}

// ---- answers that are written

/** Answers a request that is in Ollama's form by now, in the voice of its dialect. */
export async function answerWritten(
  parts: DropInParts,
  req: IncomingMessage,
  res: ServerResponse,
  { family, request, ours, stream, what }: AskedToWrite,
  voice: Voice,
): Promise<void> {
  const { about, ignored } = circumstances(parts, req, res, request.model, ours);
  const answer = await parts.gateway.chat({
    ...about,
    ...(what === 'run' ? {} : { wishes: [{ read: false, store: false }] }),
    family,
    request,
    replay: replayOf(req, parts.config()),
    streamed: stream,
  });
  const { ticket } = answer;
  const headers = (): Headers => cacheHeaders(ticket, ignored);
  onGone(res, () => ticket.cancel('caller', new AppError('cancelled', 'The caller left.')));
  try {
    if (stream) {
      await sendStream(res, answer.events, voice.stream(), headers(), parts.patience);
    } else {
      const whole = answer.whole();
      const completion = whole instanceof Promise ? whole : Promise.resolve(whole.whole());
      const about = (): Headers => ({ ...headers(), ...NO_STORE, ...voice.headers });
      await sendWhole(res, completion, about, parts.patience, (end) => voice.whole(end));
    }
  } finally {
    answer.close();
  }
}

// ---- vectors

/** Vectors for a request, with the headers that say where they came from. */
export async function vectorsFor(
  parts: DropInParts,
  req: IncomingMessage,
  res: ServerResponse,
  { family, request, ours, texts }: AskedToEmbed,
): Promise<{ readonly answer: EmbedAnswer; readonly headers: Headers }> {
  const { about, ignored } = circumstances(parts, req, res, request.model, ours);
  const answer = await parts.embedder.embed({ ...about, family, request, texts }, (ticket) =>
    onGone(res, () => ticket.cancel('caller', new AppError('cancelled', 'The caller left.'))),
  );
  return { answer, headers: { ...cacheHeaders(answer, ignored), ...NO_STORE } };
}
