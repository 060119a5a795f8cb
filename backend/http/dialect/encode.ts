// Whole answers and errors on the wire of every route. The one place where an error becomes HTTP; streams are stream.ts.
// It notices a caller who left, and keeps a silent connection alive; it decides nothing.
import type { ServerResponse } from 'node:http';
import type { Completion } from '../../contract/chat/chat.ts';
import { AppError, asAppError, retryAfterOf } from '../../contract/errors.ts';
import { anyJson } from '../../contract/go/exact-json.ts';
import type { Dialect } from '../../contract/routes.ts';
import { endEarly } from '../wire/body.ts';
import { type Failure, failureOf } from '../wire/failures.ts';
import { countWhole, giveLast } from '../wire/give.ts';
import { Pulse } from './pump.ts';

/** How long a waiting connection may stay silent; milliseconds. */
export interface Patience {
  /** A stream says at least this often where it stands, and a late JSON answer sends a space this often. */
  readonly heartbeatMs: number;
  /** A JSON caller who has waited this long gets its headers and leading spaces, so that no proxy gives up. */
  readonly jsonAfterMs: number;
}

export const PATIENCE: Patience = { heartbeatMs: 15_000, jsonAfterMs: 100_000 };

export const JSON_TYPE = 'application/json; charset=utf-8';
/** As Ollama has it on these routes. */
export const OPENAI_JSON_TYPE = 'application/json';

/** JSON as Ollama writes it in a body of that type: Go's encoder, which it uses on /v1 alone, ends it with a new line. */
export function jsonText(body: unknown, type: string | undefined): string {
  return type === OPENAI_JSON_TYPE ? `${anyJson(body)}\n` : anyJson(body);
}

/** The id that this response carries; app.ts has set it before anything else ran. */
export function requestId(res: ServerResponse): string {
  return String(res.getHeader('X-Request-ID') ?? '');
}

/** Calls back when the caller has gone before the answer was complete: `res`, since `req` closes after its body. */
export function onGone(res: ServerResponse, gone: () => void): void {
  if (res.destroyed || res.socket?.destroyed === true) gone();
  else res.once('close', () => void (res.writableFinished || gone()));
}

/** A signal that aborts when the caller has gone. */
export function goneSignal(res: ServerResponse): AbortSignal {
  const left = new AbortController();
  onGone(res, () => left.abort(new AppError('cancelled', 'The caller left.')));
  return left.signal;
}

export function sendJson(
  res: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  sendJsonText(res, status, jsonText(body, headers['Content-Type']), headers);
}

/** Sends what is JSON already. `headers` may name another Content-Type. Throws overloaded when it is long. */
export function sendJsonText(res: ServerResponse, status: number, json: string, headers: Record<string, string>): void {
  const length = Buffer.byteLength(json);
  countWhole(res, length);
  // Set one by one: writeHead with an object on top of headers that are set already copies them all.
  res.statusCode = status;
  for (const name of Object.keys(headers)) res.setHeader(name, headers[name] ?? '');
  if (headers['Content-Type'] === undefined) res.setHeader('Content-Type', JSON_TYPE);
  res.setHeader('Content-Length', length);
  void giveLast(res, json);
}

/** Any failure, as the caller sees it: a status and a JSON body, or a final piece when the headers are gone already. */
export function sendError(res: ServerResponse, thrown: unknown, dialect: Dialect): AppError {
  const error = asAppError(thrown);
  if (res.destroyed || res.writableEnded) return error;
  const failure = failureOf(error, dialect, requestId(res));
  if (res.headersSent) {
    breakOff(res, failure);
    return error;
  }
  const { status, body } = failure;
  const retryAfter = retryAfterOf(error);
  res.statusCode = status;
  if (retryAfter !== undefined) res.setHeader('Retry-After', retryAfter);
  res.setHeader('Cache-Control', 'no-store');
  const type = dialect === 'own' || dialect === 'ollama' ? JSON_TYPE : OPENAI_JSON_TYPE;
  res.setHeader('Content-Type', type);
  // The body may not have been read: the refusal must reach its sender all the same.
  endEarly(res, jsonText(body, type));
  return error;
}

/** Ends an answer that has begun with last words in its form. */
export function breakOff(res: ServerResponse, { body, lastPiece, lastName }: Failure): void {
  const type = String(res.getHeader('Content-Type') ?? '');
  if (type.startsWith('text/event-stream')) {
    const name = lastName === undefined ? '' : `event: ${lastName}\n`;
    res.end(`${name}data: ${JSON.stringify(lastPiece)}\n\n`);
  } else if (type.startsWith('application/x-ndjson')) res.end(`${JSON.stringify(lastPiece)}\n`);
  else if (type.startsWith('application/json')) res.end(jsonText(body, type));
  // An answer in another form, half sent: only a broken connection tells its reader that it is not whole.
  else res.destroy();
}

export interface WholeOptions {
  /** Asked for when they are sent. */
  headers(): Record<string, string>;
  readonly patience: Patience;
  render(completion: Completion): unknown;
}

/**
 * Sends a JSON answer that may take long. After `jsonAfterMs` the caller gets 200, its headers, and a space every
 * `heartbeatMs`: white space before JSON is legal (RFC 8259 section 2), and a silent connection would be cut.
 * Rejects with what `whole` rejects with.
 */
export async function sendWhole(
  res: ServerResponse,
  whole: Promise<Completion>,
  { headers, patience, render }: WholeOptions,
): Promise<void> {
  const pulse = new Pulse(res, {
    start: () => void res.writeHead(200, { 'Content-Type': JSON_TYPE, ...headers() }),
    beat: () => ' ',
    firstBeatMs: patience.jsonAfterMs,
    beatMs: patience.heartbeatMs,
  });
  try {
    const body = render(await whole);
    pulse.stop();
    if (!res.headersSent) return sendJson(res, 200, body, headers());
    const json = jsonText(body, headers()['Content-Type']);
    countWhole(res, Buffer.byteLength(json));
    await giveLast(res, json);
  } finally {
    pulse.stop();
  }
}
