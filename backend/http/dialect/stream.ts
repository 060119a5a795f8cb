// The streams of every route, each in its own form: events of Hearth's own routes, live events of the gateway, and what
// foreign clients read (Ollama's lines, OpenAI's events). All of them use one pump (pump.ts).
import type { ServerResponse } from 'node:http';
import type { ChatEvent } from '../../contract/chat/chat.ts';
import { type AppError, asAppError } from '../../contract/errors.ts';
import type { StreamPiece } from '../../core/stories/chat/answer.ts';
import type { Patience } from './encode.ts';
import { begin, pump, type PumpForm } from './pump.ts';

/**
 * A comment that keeps a silent event stream alive. No empty line follows it: some clients take each empty line for the
 * end of an event, find no data in it and give up (openai-go#556).
 */
export const COMMENT = ': still here\n';

export const SSE_HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  // no-transform: compressing proxies would hold pieces back until their buffer is full (next.js#66263).
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
};

/** SSE_HEADERS for foreign clients, with the type as Ollama writes it. */
export const FOREIGN_SSE = { ...SSE_HEADERS, 'Content-Type': 'text/event-stream' };

/** How an answer is written for foreign clients; a form may keep state between calls. */
export interface StreamForm {
  readonly headers: Readonly<Record<string, string>>;
  /** The text of an event; '' writes nothing, which is allowed for the last event too. */
  write(event: ChatEvent): string;
  /** Keeps a silent connection alive; clients ignore it. */
  readonly beat: string;
  /** The end of an answer that fails midway, where the dialect's general error piece (failures.ts) is not enough. */
  failed?(error: AppError): string;
}

export interface StreamOptions {
  readonly form: StreamForm;
  /** Evaluated when the headers are sent. */
  headers(): Readonly<Record<string, string>>;
  readonly patience: Patience;
}

/**
 * Streams an answer in a foreign form. The headers go out with the first piece, so a failure before it keeps its own
 * status. A caller who has waited for `patience.jsonAfterMs` gets the headers, then heartbeats until the first piece.
 * Ends as pump does.
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
  /** Send the headers before the first event. Otherwise a failure that comes first still gets its own status. */
  readonly eager: boolean;
  render(event: ChatEvent, first: boolean): StreamPiece;
}

/**
 * Streams an answer on Hearth's own routes: `data:` lines, one JSON object each. While nothing was said yet, the
 * heartbeat repeats the latest waiting piece. Ends as pump does.
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

/** Streams values as `data:` lines until the caller leaves. The heartbeat sends `now()`, the current value. */
export async function sendData<T>(
  res: ServerResponse,
  values: AsyncIterable<T>,
  { patience, now }: { readonly patience: Patience; now(): T },
): Promise<void> {
  await sendBlocks(res, values, { write: dataLine, beat: () => dataLine(now()), ...steady(patience) });
}

/** Streams events, with the headers sent before the first event. */
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

/** The same silence before each heartbeat. */
function steady({ heartbeatMs }: Patience): Pick<PumpForm<unknown>, 'firstBeatMs' | 'beatMs'> {
  return { firstBeatMs: heartbeatMs, beatMs: heartbeatMs };
}

/** Sends the headers before the first value. */
function startNow(res: ServerResponse, start: () => void): void {
  begin(res, { start });
  res.flushHeaders();
}
