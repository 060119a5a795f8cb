// Sends a request upstream unchanged, on a lease, when it runs a model: one that a dialect cannot put in the core's
// form, or one that no dialect knows. core/stories/chat/handed-on-run.ts decides when it may run.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config } from '../../contract/config/config.ts';
import { apart } from '../../core/stories/chat/on-behalf.ts';
import { AppError } from '../../contract/errors.ts';
import { dialectOf } from '../../contract/routes.ts';
import { meantModel } from '../../core/models/profiles.ts';
import type { Asker } from '../../contract/behind.ts';
import type { ReadConfig, UpstreamRequest } from '../../core/ports.ts';
import type { Requests } from '../../core/requests/requests.ts';
import type { Ticket } from '../../core/requests/ticket.ts';
import { modeOf } from '../../core/stories/chat/recorder.ts';
import type { RequestTexts } from '../../core/stories/views/request-texts.ts';
import type { Exchange, HandedOnRuns } from '../../core/stories/chat/handed-on-run.ts';
import { readQuickly } from '../go/go-body.ts';
import { cacheHeaders } from '../wire/cache-headers.ts';
import { taken } from '../wire/give.ts';
import { queueHeaders } from '../wire/queue-headers.ts';
import { pathOf } from '../wire/normalized-path.ts';
import { type AskingParts, type CacheFields, ticketOf } from './asking.ts';
import { AnswerKept, sentOf } from './received-request.ts';
import { onGone, type Patience } from './encode.ts';
import { exchange } from './relayed.ts';
import { Pulse } from './pump.ts';
import { COMMENT, SSE_HEADERS } from './stream.ts';

export interface HandOnParts extends AskingParts {
  readonly config: ReadConfig;
  readonly requests: Requests;
  readonly handedOnRuns: Pick<HandedOnRuns, 'canRun' | 'run'>;
  readonly patience: Patience;
  readonly texts: RequestTexts;
}

/** Bytes of an answer that are kept for the record. */
const MOST_KEPT = 4 * 1024 * 1024;
/** A secret may be split over several pieces of a stream, where no filter recognizes it. */
const STREAMED = 'A stream in words of Ollama that Hearth hands on and does not read.';

/** What is known of a request that is handed on. */
export interface AskedUnchanged {
  /** The unpacked body, sent upstream as is. */
  readonly bytes: Buffer;
  /** The model, and in Ollama's form the options and keep_alive that Ollama will read from the body. */
  readonly request: UpstreamRequest;
  /** Whether the body asks for a stream. */
  readonly stream: boolean;
  /** Hearth's own fields in the body. They go up with the rest: the body is not changed. */
  readonly ours?: CacheFields;
  /** The profile that the body named, if any; `request` then has the profile's model. */
  readonly name?: string;
}

/**
 * Sends a request upstream unchanged, on a lease: it is counted, shown, cancelled, queued and refused like every other.
 * Throws what HandedOnRuns.run and exchange throw. A failure after the first byte has already ended the answer.
 */
export async function handOn(
  parts: HandOnParts,
  req: IncomingMessage,
  res: ServerResponse,
  asked: AskedUnchanged,
): Promise<void> {
  const { bytes, request, stream, name, ours = {} } = underRealName(asked, parts.config().models);
  const { requests, handedOnRuns, patience } = parts;
  const about = ticketOf(parts, req, res, { request, ours, stream, name });
  if (modeOf(about, parts.config()) === 'replay') throw notRecorded(req);
  // The model may be done, but the request ends only when the client has read the rest: a Hearth that stops waits for
  // that.
  const whole = requests.handOn({ owner: about.owner, caller: about.caller });
  const beats = stream && EVENTS.has(dialectOf(pathOf(req))) ? beating(res, patience) : undefined;
  const keeping = new AnswerKept(parts.texts);
  const pieces: Uint8Array[] = [];
  let room = MOST_KEPT;
  const passing = (ticket: Ticket, piece: Uint8Array): void => {
    ticket.piece();
    if (!keeping.wanted || room < piece.length) return;
    room -= piece.length;
    pieces.push(Uint8Array.from(piece));
  };
  const send: Exchange = (relay, ticket, told, signal) => {
    const begun = (): void => {
      beats?.stop();
      told();
      const headers = { ...cacheHeaders(ticket, false), ...queueHeaders(ticket.source, ticket) };
      if (!res.headersSent) for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
    };
    return exchange(
      relay,
      req,
      res,
      { body: bytes, kind: 'run', asker: askerOf(ticket), begun, passing: (piece) => passing(ticket, piece) },
      signal,
    );
  };
  const came = (ticket: Ticket): void => {
    keeping.came(ticket, sentOf(req, bytes));
    onGone(res, () => ticket.cancel('caller', new AppError('cancelled', 'The caller left.')));
  };
  try {
    const run = handedOnRuns.run({ ...about, request, streamed: stream, chars: bytes.length }, came, send);
    await keeping.over(run, () => (stream ? STREAMED : Buffer.concat(pieces)));
    await taken(res);
  } finally {
    beats?.stop();
    whole.end();
  }
}

function askerOf({ id, caller, owner, class: of, priority }: Ticket): Asker {
  return { id, caller, class: of, priority, ...apart([owner]) };
}

function notRecorded(req: IncomingMessage): AppError {
  return new AppError('not_cached', `What ${pathOf(req)} answers here is Ollama's own, and is never recorded.`);
}

/** Replaces a profile's name in the body by its model's name. The rest of the body stays unchanged. */
function underRealName(asked: AskedUnchanged, profiles: Config['models']): AskedUnchanged {
  const { model: name } = asked.request;
  const model = meantModel(profiles, name);
  const body = model === name ? undefined : readQuickly(asked.bytes);
  if (typeof body !== 'object' || body === null) return asked;
  return {
    ...asked,
    bytes: Buffer.from(JSON.stringify({ ...body, model })),
    request: { ...asked.request, model },
    name,
  };
}

/** Dialects whose streams are server-sent events, which may have comments before them. */
const EVENTS: ReadonlySet<string> = new Set(['openai', 'responses', 'anthropic']);

/** Heartbeats for a stream that waits; the first one sends the headers. */
function beating(res: ServerResponse, { jsonAfterMs, heartbeatMs }: Patience): Pulse {
  return new Pulse(res, {
    start: () => void res.writeHead(200, SSE_HEADERS),
    beat: () => COMMENT,
    firstBeatMs: jsonAfterMs,
    beatMs: heartbeatMs,
  });
}
