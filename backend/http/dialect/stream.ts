// The streams of every route, each in its own form: events of our own routes, what happens in the house, and what others'
// clients read (Ollama's lines, OpenAI's events). All of them go through one pump (pump.ts).
import type { ServerResponse } from 'node:http';
import type { ChatEvent } from '../../contract/chat/chat.ts';
import { type AppError, asAppError } from '../../contract/errors.ts';
import type { StreamPiece } from '../../core/stories/chat/answer.ts';
import type { Patience } from './encode.ts';
import { begin, pump, type PumpForm } from './pump.ts';

/**
 * Keeps a silent stream of events alive and means nothing. No empty line behind it: some clients take each empty line for
 * the end of an event, find no data in it and give up (openai-go#556).
 */
export const COMMENT = ': still here\n';

export const SSE_HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  // no-transform: compressing proxies would hold pieces back until their buffer is full (next.js#66263).
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
};

/** As SSE_HEADERS, for the clients of others, with the type as Ollama writes it. */
export const FOREIGN_SSE = { ...SSE_HEADERS, 'Content-Type': 'text/event-stream' };

/** How an answer is written for somebody else's clients; it may remember what it has written. */
export interface StreamForm {
  readonly headers: Readonly<Record<string, string>>;
  /** What an event looks like; '' for nothing, which the end of an answer may be too. */
  write(event: ChatEvent): string;
  /** Means nothing to the caller, and keeps a silent connection alive. */
  readonly beat: string;
  /** The last words of an answer that fails once it has begun, where those of its dialect (failures.ts) are not enough. */
  failed?(error: AppError): string;
}

export interface StreamOptions {
  readonly form: StreamForm;
  /** Asked for when they are sent. */
  headers(): Readonly<Record<string, string>>;
  readonly patience: Patience;
}

/**
 * Streams an answer in another's form. The headers go with the first piece, so that a failure before
 * it has a status of its own. A caller who has waited for `patience.jsonAfterMs` gets its headers, and a beat from time to time until the
 * first piece. Ends as pump does.
 */
export async function sendStream(
  res: ServerResponse,
  events: AsyncIterable<ChatEvent>,
  { form, headers, patience }: StreamOptions,
): Promise<void> {
  let begun = false;
  try {
    await pump(res, events, {
      start: () => void res.writeHead(200, { ...headers(), ...form.headers }),
      write: (event) => {
        const text = form.write(event);
        begun ||= text !== '';
        return text;
      },
      beat: () => (begun ? '' : form.beat),
      isLast,
      firstBeatMs: patience.jsonAfterMs,
      beatMs: patience.heartbeatMs,
    });
  } catch (error) {
    if (begun && form.failed !== undefined && !res.destroyed) res.end(form.failed(asAppError(error)));
    throw error;
  }
}

export interface SseOptions {
  readonly headers: Record<string, string>;
  readonly patience: Patience;
  /** Send the headers before the first event. Else a failure that comes first still gets its own status. */
  readonly eager: boolean;
  render(event: ChatEvent, first: boolean): StreamPiece;
}

/**
 * Streams an answer on our own routes: `data:` lines, one JSON object each. While nothing has been said yet, the latest
 * waiting piece is repeated as a heart-beat. Ends as pump does.
 */
export async function sendSse(
  res: ServerResponse,
  events: AsyncIterable<ChatEvent>,
  { render, headers, patience, eager }: SseOptions,
): Promise<void> {
  let first = true;
  let waiting: ChatEvent | undefined;
  const textOf = (event: ChatEvent): string => {
    const text = dataLine(render(event, first));
    first = false;
    return text;
  };
  const start = (): void => void res.writeHead(200, { ...headers, ...SSE_HEADERS });
  if (eager) startNow(res, start);
  await pump(res, events, {
    start,
    write: (event) => {
      waiting = event.type === 'waiting' ? event : undefined;
      return textOf(event);
    },
    beat: () => (waiting === undefined ? '' : textOf(waiting)),
    isLast,
    ...steady(patience),
  });
}

/** Streams named events (GET /api/events) until the caller leaves; a comment keeps a silent connection alive. */
export async function sendNamedEvents(
  res: ServerResponse,
  events: AsyncIterable<{ readonly name: string; readonly data: unknown }>,
  patience: Patience,
): Promise<void> {
  await sendBlocks(res, events, {
    write: ({ name, data }) => `event: ${name}\n${dataLine(data)}`,
    beat: () => COMMENT,
    ...steady(patience),
  });
}

/** Streams values as `data:` lines alone until the caller leaves; `now` is what is so while nothing changes. */
export async function sendData<T>(
  res: ServerResponse,
  values: AsyncIterable<T>,
  { patience, now }: { readonly patience: Patience; now(): T },
): Promise<void> {
  await sendBlocks(res, values, { write: dataLine, beat: () => dataLine(now()), ...steady(patience) });
}

/** Events whose headers are sent before any of them is there. */
async function sendBlocks<T>(
  res: ServerResponse,
  values: AsyncIterable<T>,
  form: Omit<PumpForm<T>, 'start'>,
): Promise<void> {
  const start = (): void => void res.writeHead(200, SSE_HEADERS);
  startNow(res, start);
  await pump(res, values, { start, ...form });
}

export function dataLine(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

function isLast({ type }: ChatEvent): boolean {
  return type === 'end';
}

/** The same silence before each beat. */
function steady({ heartbeatMs }: Patience): Pick<PumpForm<unknown>, 'firstBeatMs' | 'beatMs'> {
  return { firstBeatMs: heartbeatMs, beatMs: heartbeatMs };
}

/** Sends the headers before any value has come. */
function startNow(res: ServerResponse, start: () => void): void {
  begin(res, { start });
  res.flushHeaders();
}
