// What the drop-in dialects share, for clients that know nothing of Hearth: read a body, put the question to the core
// in its one form, and write the answer in the form of the dialect (ollama-*.ts, openai-*.ts …).
import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Completion } from '../../contract/chat/chat.ts';
import { AppError } from '../../contract/errors.ts';
import { GoRefusal } from '../../contract/go/go-type.ts';
import type { ActionParts } from '../../core/stories/models/actions.ts';
import type { ChatCall } from '../../core/requests/call.ts';
import type { EmbedAnswer, Embedder } from '../../core/stories/embeds/embedder.ts';
import type { Jobs } from '../../core/stories/jobs/jobs.ts';
import type { RequestTexts } from '../../core/stories/views/request-texts.ts';
import type { CacheWish } from '../../core/cache/policy.ts';
import type { ResponseCache } from '../../core/cache/cache.ts';
import type { Hit } from '../../core/cache/hit.ts';
import { GAP_MOMENT, GAPS } from '../../core/cache/ready-texts.ts';
import { atOnce } from '../../core/cache/replay.ts';
import type { Clock, NewId } from '../../core/ports.ts';
import type { Ticket, TicketOptions } from '../../core/requests/ticket.ts';
import { bodyWish, type CacheFields, replayOf, ticketOf, wishesOf } from './asking.ts';
import { checkContentType, readBody } from '../wire/body.ts';
import { cacheHeaders, markOf } from '../wire/cache-headers.ts';
import { queueHeaders } from '../wire/queue-headers.ts';
import { AnswerKept, sentOf } from './received-request.ts';
import { JSON_TYPE, jsonText, onGone, type Patience, sendWhole } from './encode.ts';
import { handOn, type HandOnParts } from './hand-on.ts';
import { answeredAgain, type KnownParts, type KnownQuestion } from './known-questions.ts';
import type { Arrival } from '../wire/arrival.ts';
import { readGoBody } from '../go/go-body.ts';
import { sendStream, type StreamForm } from './stream.ts';
import { byProfile } from './by-profile.ts';
import type { Standing } from './queue-place.ts';
import { type Asked, type AskedToEmbed, type AskedToWrite, refusal } from './understood.ts';

/** The services that drop-in handlers use. */
export interface DropInParts extends ActionParts, KnownParts, HandOnParts {
  readonly clock: Clock;
  readonly cache: ResponseCache;
  readonly jobs: Jobs;
  readonly embedder: Embedder;
  readonly patience: Patience;
  readonly texts: RequestTexts;
}

type Headers = Record<string, string>;

const MB = 1024 * 1024;
const NO_STORE = { 'Cache-Control': 'no-store' };

/** How a dialect writes an answer. */
export interface Voice {
  /** Headers of a whole, not streamed, answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The whole answer as one object. */
  whole(completion: Completion): unknown;
  /** Creates a new stream form for each answer. */
  stream(): StreamForm;
}

/** The values of an answer that differ each time it is sent. */
export interface Fresh {
  readonly id: string;
  /** Milliseconds since 1970. */
  now(): number;
  /** Seconds since 1970. */
  nowSeconds(): number;
  /** When the answer began, in seconds since 1970. */
  readonly seconds: number;
}

/**
 * Placeholders for an answer that is kept as text. This is a module constant because closures of one scope share their
 * variables: a closure made while a request is answered would keep the whole request in memory.
 */
const NOTHING_FRESH: Fresh = {
  id: GAPS.id,
  now: () => GAP_MOMENT,
  nowSeconds: () => GAPS.seconds,
  seconds: GAPS.seconds,
};

// ---- reading

/** Reads the bytes of a body that must be JSON. */
export function bodyOf(parts: Pick<DropInParts, 'config'>, req: IncomingMessage): Promise<Buffer> {
  checkContentType(req);
  return readBody(req, parts.config().server.max_body_mb * MB);
}

/**
 * Parses a body with `read`. A malformed body is refused here, in Ollama's words: if it went up to be refused by
 * Ollama, and Ollama accepted it, it would run past the queue. `nothing`: the route's error message for an empty body.
 */
export function meaningOf<T>(bytes: Buffer, nothing: string, read: (body: unknown) => T): T {
  try {
    return readGoBody(bytes, read);
  } catch (error) {
    throw error instanceof GoRefusal ? refusal(error.message === 'EOF' ? nothing : error.message) : error;
  }
}

/** What the headers and Hearth's own body fields say, beside the request itself. */
function circumstances(
  parts: DropInParts,
  req: IncomingMessage,
  res: ServerResponse,
  { request, ours, name, stream }: Asked & Pick<Standing, 'stream'>,
): {
  readonly about: TicketOptions & Pick<ChatCall, 'namespace' | 'isHandedOn' | 'wishes' | 'cacheByDefault' | 'mark'>;
  readonly ignored: boolean;
} {
  const config = parts.config();
  const { wishes, ignored } = wishesOf(req, wanted(ours), config);
  return {
    about: {
      ...ticketOf(parts, req, res, { request, ours, stream, name }),
      wishes,
      cacheByDefault: config.cache.drop_in,
      mark: markOf(req.headers, config.cache.fresh_when),
    },
    ignored,
  };
}

/** On these routes `use_cache: true` matters, since by default they do not cache everything. */
export function wanted(ours: CacheFields): CacheWish {
  return { ...(ours.use_cache === true ? { read: true, store: true } : {}), ...bodyWish(ours) };
}

// ---- answers that are written

/** How a dialect answers a request to generate text: how it reads the body, and the voice that answers. */
export interface Writing<A extends AskedToWrite> {
  /** The route's error message for an empty body. */
  readonly nothing: string;
  read(body: unknown): A;
  voice(asked: A, fresh: Fresh): Voice;
  /** True: `think` is ignored for a model that cannot think. False: such a request is refused. */
  readonly thinksIfAble?: boolean;
  /**
   * Everything else in the body that changes the form of the answer, as text. The voice holds about as many characters.
   */
  formOf?(asked: A): string;
  /** Whether only Ollama can do what is asked: then the body goes up unchanged, on a lease. */
  unchanged?(asked: A): boolean;
  /** Handles a body that asks for something else than an answer; true when it was done and answered. */
  done?(asked: A, res: ServerResponse, req: IncomingMessage): Promise<boolean>;
}

/** Answers a request to generate text. */
export async function answerWritten<A extends AskedToWrite>(
  parts: DropInParts,
  { nothing, read, voice, formOf, unchanged, done, thinksIfAble = false }: Writing<A>,
  req: IncomingMessage,
  res: ServerResponse,
  arrival: Arrival,
): Promise<void> {
  const bytes = await bodyOf(parts, req);
  const name = parts.questions.nameOf(arrival, bytes);
  if (answeredAgain(parts, res, arrival, name)) return;
  arrival.dress(res);
  const said = meaningOf(bytes, nothing, read);
  const asked = byProfile(said, parts.config().models);
  if ((await done?.(asked, res, req)) === true) return;
  if (unchanged?.(said) === true) return handOn(parts, req, res, { ...said, bytes });
  const { family, request, stream, what } = asked;
  const { about, ignored } = circumstances(parts, req, res, asked);
  const replay = replayOf(req, parts.config());
  const { now } = parts.clock;
  const nowSeconds = (): number => Math.floor(now() / 1000);
  const own = voice(said, { id: parts.newId(), now, nowSeconds, seconds: nowSeconds() });
  const answer = await parts.gateway.chat({
    ...about,
    ...(what === 'run' ? {} : { wishes: [{ read: false, store: false }] }),
    family,
    request,
    thinksIfAble,
    replay,
    streamed: stream,
  });
  const { ticket, known } = answer;
  parts.texts.came(ticket, sentOf(req, bytes));
  if (known !== undefined && (!stream || replay === 'instant')) {
    const inGaps = voice(said, NOTHING_FRESH);
    const more = formOf?.(said) ?? '';
    const form = `${about.route} ${stream} ${shortened(more)} ${said.request.model}`;
    const question = { known, ignored, form, holds: more.length };
    parts.questions.remember(name, againIn(inGaps, stream, question, parts.newId));
  }
  const headers = (): Headers => ({ ...cacheHeaders(ticket, ignored), ...queueHeaders(ticket.source, ticket) });
  const { patience } = parts;
  onGone(res, () => ticket.cancel('caller', new AppError('cancelled', 'The caller left.')));
  try {
    if (stream) {
      await sendStream(res, answer.events, { form: own.stream(), headers, patience });
    } else {
      const whole = answer.whole();
      const completion = whole instanceof Promise ? whole : Promise.resolve(whole.whole());
      const about = (): Headers => ({ ...headers(), ...NO_STORE, ...own.headers });
      await sendWhole(res, completion, { headers: about, patience, render: (end) => own.whole(end) });
    }
  } finally {
    answer.close();
  }
}

/** The text itself, or its hash from 64 characters on. */
function shortened(text: string): string {
  return text.length < 64 ? text : hash('sha256', text, 'base64');
}

/** The question in the form that KnownQuestions remembers; `voice` leaves gaps for the values that differ each time. */
function againIn(
  voice: Voice,
  stream: boolean,
  question: Pick<KnownQuestion, 'known' | 'ignored' | 'form' | 'holds'>,
  newId: NewId,
): KnownQuestion {
  const idOf = (): string => newId();
  if (stream) {
    const write = (hit: Hit): string => {
      const form = voice.stream();
      return [...atOnce(hit.record())].map((event) => form.write(event)).join('');
    };
    return { ...question, headers: Object.entries(voice.stream().headers).flat(), sized: false, write, idOf };
  }
  const { 'Content-Type': type = JSON_TYPE } = voice.headers ?? {};
  const headers = ['Cache-Control', 'no-store', 'Content-Type', type];
  const write = (hit: Hit): string => jsonText(voice.whole(hit.record()), type);
  return { ...question, headers, sized: true, write, idOf };
}

// ---- vectors

/** Computes the vectors of a request, with the headers that say where they came from. */
export async function vectorsFor(
  parts: DropInParts,
  req: IncomingMessage,
  res: ServerResponse,
  { said, bytes }: { readonly said: AskedToEmbed; readonly bytes: Buffer },
): Promise<{ readonly answer: EmbedAnswer; readonly headers: Headers }> {
  const asked = byProfile(said, parts.config().models);
  const { family, request, texts } = asked;
  const { about, ignored } = circumstances(parts, req, res, { ...asked, stream: false });
  const keeping = new AnswerKept(parts.texts);
  let trace: Ticket['trace'] | undefined;
  const came = (ticket: Ticket): void => {
    trace = ticket.trace;
    keeping.came(ticket, sentOf(req, bytes));
    onGone(res, () => ticket.cancel('caller', new AppError('cancelled', 'The caller left.')));
  };
  const answer = await keeping.over(parts.embedder.embed({ ...about, family, request, texts }, came), vectorsTold);
  return {
    answer,
    headers: { ...cacheHeaders(answer, ignored), ...queueHeaders(answer.source, { ...about, trace }), ...NO_STORE },
  };
}

/** Summary for the record: nobody reads the numbers themselves. */
function vectorsTold({ vectors }: EmbedAnswer): string {
  return `${vectors.length} of ${vectors[0]?.length ?? 0} numbers each`;
}
