// A request that goes up in its own words and runs a model there: what a dialect can't put in the one form that the core
// knows, and what no dialect here knows. It holds a lease all the same: core/stories/chat/handed-on-run.ts is its story.
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

/** Of a whole answer so much is kept until it can be shown. Bytes. */
const MOST_KEPT = 4 * 1024 * 1024;
/** A secret in a stream may come in pieces that nobody knows it by. */
const STREAMED = 'A stream in words of Ollama that Hearth hands on and does not read.';

/** What has been understood of a request that is handed on. */
export interface AskedUnchanged {
  /** Its body, unpacked, as it goes up. */
  readonly bytes: Buffer;
  /** Its model, and in Ollama's form the options and keep_alive that Ollama will read from it. */
  readonly request: UpstreamRequest;
  /** Whether it asks for a stream. */
  readonly stream: boolean;
  /** The fields of its body that are ours. They go up with the rest: nothing is changed. */
  readonly ours?: CacheFields;
  /** The profile that it named, where its model is another. */
  readonly name?: string;
}

/**
 * Hands a request on unchanged, on a lease: it is counted, shown and cancelled like every other, waits its turn, and is
 * refused like every other. Throws what HandedOnRuns.run and exchange throw; once the answer has begun, it has been ended by then.
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
  // The model may be done, but the request has not ended while its reader takes the rest: Hearth waits for that when it
  // stops.
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

/** A body that names a profile names its model; nothing else of it is changed, since it goes up in its own words. */
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

/** Dialects whose streams are events, which may have comments before them. */
const EVENTS: ReadonlySet<string> = new Set(['openai', 'responses', 'anthropic']);

/** Signs of life for a stream that waits; with the first its headers are out. */
function beating(res: ServerResponse, { jsonAfterMs, heartbeatMs }: Patience): Pulse {
  return new Pulse(res, {
    start: () => void res.writeHead(200, SSE_HEADERS),
    beat: () => COMMENT,
    firstBeatMs: jsonAfterMs,
    beatMs: heartbeatMs,
  });
}
