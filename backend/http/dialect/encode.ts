// Writes whole answers and errors to the wire on every route. This is the one place where an error becomes HTTP;
// stream.ts writes streams.
// It detects a caller who left and keeps a silent connection alive; it makes no other decision.
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
  /** Maximum silence of a stream before it reports its state, and of a late JSON answer before it sends a space. */
  readonly heartbeatMs: number;
  /** A JSON caller who has waited this long gets the headers and leading spaces, so that no proxy times out. */
  readonly jsonAfterMs: number;
}

export const PATIENCE: Patience = { heartbeatMs: 15_000, jsonAfterMs: 100_000 };

export const JSON_TYPE = 'application/json; charset=utf-8';
/** The type that Ollama sends on its /v1 routes. */
export const OPENAI_JSON_TYPE = 'application/json';

/** JSON as Ollama writes it for that content type: on /v1 alone Ollama uses Go's encoder, which appends a newline. */
export function jsonText(body: unknown, type: string | undefined): string {
  return type === OPENAI_JSON_TYPE ? `${anyJson(body)}\n` : anyJson(body);
}

/** The id of this response; app.ts sets it before anything else runs. */
export function requestId(res: ServerResponse): string {
  return String(res.getHeader('X-Request-ID') ?? '');
}

/**
 * Calls `gone` if the caller leaves before the answer is complete. Listens on `res`, since `req` closes after its body.
 */
export function onGone(res: ServerResponse, gone: () => void): void {
  if (res.destroyed || res.socket?.destroyed === true) gone();
  else res.once('close', () => void (res.writableFinished || gone()));
}

/** A signal that aborts when the caller leaves. */
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

/**
 * Sends text that is JSON already. `headers` may name another Content-Type. Throws overloaded for a long answer when
 * the limit on memory is reached.
 */
export function sendJsonText(res: ServerResponse, status: number, json: string, headers: Record<string, string>): void {
  const length = Buffer.byteLength(json);
  countWhole(res, length);
  // Set one by one: writeHead with an object copies all headers when some are set already.
  res.statusCode = status;
  for (const name of Object.keys(headers)) res.setHeader(name, headers[name] ?? '');
  if (headers['Content-Type'] === undefined) res.setHeader('Content-Type', JSON_TYPE);
  res.setHeader('Content-Length', length);
  void giveLast(res, json);
}

/** Sends any failure to the caller: a status and a JSON body, or a final piece when the headers were sent before. */
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
  // The request body may be unread: the refusal must reach the client all the same.
  endEarly(res, jsonText(body, type));
  return error;
}

/** Ends a started answer with an error in its own form. */
export function breakOff(res: ServerResponse, { body, lastPiece, lastName }: Failure): void {
  const type = String(res.getHeader('Content-Type') ?? '');
  if (type.startsWith('text/event-stream')) {
    const name = lastName === undefined ? '' : `event: ${lastName}\n`;
    res.end(`${name}data: ${JSON.stringify(lastPiece)}\n\n`);
  } else if (type.startsWith('application/x-ndjson')) res.end(`${JSON.stringify(lastPiece)}\n`);
  else if (type.startsWith('application/json')) res.end(jsonText(body, type));
  // Half an answer in another form: only a broken connection tells the client that it is incomplete.
  else res.destroy();
}

export interface WholeOptions {
  /** Evaluated when the headers are sent. */
  headers(): Record<string, string>;
  readonly patience: Patience;
  render(completion: Completion): unknown;
}

/**
 * Sends a JSON answer that may take long. After `jsonAfterMs` the caller gets status 200, the headers, and a space
 * every `heartbeatMs`: white space before JSON is legal (RFC 8259 section 2), and proxies cut a silent connection.
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
