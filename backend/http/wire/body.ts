// Reads a request's body from the socket to a JSON object: limited in bytes and time, decompressed, parsed.
// It knows no fields of any request (the contract's schemas do) and writes no answer, but helps an early answer to
// arrive.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { AppError } from '../../contract/errors.ts';
import { rawHeader } from './header.ts';
import { underWayAt, type UnderWay } from './under-way.ts';
import { unpackingOf } from './unpack.ts';
import { onAbort } from '../../core/abort.ts';

const MB = 1024 * 1024;

/** A body without a new byte for this long is given up (nginx: client_body_timeout). Milliseconds. */
export const SILENCE_MS = 60_000;

/**
 * How long, and how many bytes, a refused body may go on so that its client reads the answer: many clients read only
 * after they have sent all, and closing earlier resets the connection (RFC 9112, 9.6; nginx: lingering_time, _timeout).
 */
const LINGER = { totalMs: 30_000, silenceMs: 5000, bytes: 1024 * MB } as const;

/** Requests whose client waits for `100 Continue`, with the response that can send it. */
const waiting = new WeakMap<IncomingMessage, ServerResponse>();

/** Requests whose whole body was read before Node's parser reports its end. */
const cameWhole = new WeakSet<IncomingMessage>();

/** Refused bodies that are being read and dropped. */
const discarded = new WeakMap<IncomingMessage, Promise<void>>();

/**
 * For a server's 'checkContinue' event: the handler runs as for any request, and `100 Continue` is sent only when the
 * handler begins to read the body. So a refusal arrives before the client sends the body (RFC 9110, 10.1.1).
 */
export function deferContinue(handler: RequestListener): RequestListener {
  return (req, res) => {
    waiting.set(req, res);
    handler(req, res);
  };
}

/**
 * Sends 100 Continue to a client that waits for it. readBody calls this; code that pipes the request must call it
 * first.
 */
export function inviteBody(req: IncomingMessage): void {
  if (req.headers.expect === undefined) return;
  waiting.get(req)?.writeContinue();
  waiting.delete(req);
}

/**
 * Requests with an Origin must declare the body as JSON: other types need no preflight, so a page could send them
 * without permission (Fetch: CORS-safelisted request headers). Programs may omit the type or send a wrong one, as `curl
 * -d` does. Throws unsupported_media_type.
 */
export function checkContentType(req: IncomingMessage): void {
  if (rawHeader(req, 'origin') === undefined) return;
  const type = req.headers['content-type'];
  if (type === 'application/json' || isJson(type)) return;
  const came = type === undefined ? 'none' : `"${type.slice(0, 60)}"`;
  throw new AppError('unsupported_media_type', `A web page must send Content-Type: application/json. It sent ${came}.`);
}

const JSON_TYPE = /^application\/(?:[\w.!#$&^+-]+\+)?json[ \t]*(?:;|$)/i;

function isJson(type: string | undefined): boolean {
  return type !== undefined && JSON_TYPE.test(type);
}

/**
 * Reads the whole body, decompressed (gzip, deflate, br, zstd). The limit holds for the bytes on the wire and for the
 * decompressed ones. Both count toward the memory of all requests (under-way.ts), except for a body that came in one
 * packet with its headers. Rejects with too_large (at once when Content-Length says so), overloaded,
 * unsupported_media_type, invalid_request (broken compression, or silence for a minute), cancelled (the caller left),
 * or the signal's reason. After any of these the rest of the body is dropped for a while, so that the answer arrives;
 * see `endEarly`.
 */
export async function readBody(req: IncomingMessage, maxBytes: number, signal?: AbortSignal): Promise<Buffer> {
  const all = underWayAt(req.socket);
  // A body over the total limit is too_large: as overloaded its client would retry for ever.
  const limit = Math.min(maxBytes, all?.limit ?? maxBytes);
  try {
    const unpack = unpackingOf(req);
    // A small body comes in the same packet as its headers, and is there as soon as Node's parser has returned.
    if (signal === undefined) await undefined;
    const small = signal === undefined ? cameAlong(req, limit) : undefined;
    const bytes = small ?? (await collect(req, limit, all, signal));
    if (unpack === undefined || bytes.length === 0) return bytes;
    let size = 0;
    const unpacked = await unpack(bytes, limit, (more) => {
      size += more;
      if (size > limit) throw tooLarge(req, limit);
      all?.grow(req, more);
    });
    all?.shrink(req, size);
    return unpacked;
  } catch (error) {
    all?.over(req);
    throw error;
  }
}

/**
 * Fast path for a body that has arrived whole: it needs neither listeners nor a timer. Undefined, with nothing read,
 * for every other.
 */
function cameAlong(req: IncomingMessage, limit: number): Buffer | undefined {
  // Not `req.complete`: the parser sets it one step later.
  const { readableLength } = req;
  const whole = readableLength > 0 && readableLength === Number(rawHeader(req, 'content-length'));
  if (!whole || req.destroyed || readableLength > limit) return undefined;
  const bytes: unknown = req.read();
  if (!Buffer.isBuffer(bytes)) return undefined;
  cameWhole.add(req);
  return bytes;
}

function collect(
  req: IncomingMessage,
  limit: number,
  all: UnderWay | undefined,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return refuse(signal.reason);
    if (Number(req.headers['content-length']) > limit) return refuse(tooLarge(req, limit));
    if (req.destroyed) return refuse(left());

    const pieces: Buffer[] = [];
    let size = 0;
    const silence = setTimeout(() => stop(silent()), SILENCE_MS);
    const take = (piece: Buffer): void => {
      size += piece.length;
      if (size > limit) return stop(tooLarge(req, limit));
      try {
        all?.grow(req, piece.length);
      } catch (error) {
        return stop(error);
      }
      pieces.push(piece);
      silence.refresh();
    };
    const finish = (): void => {
      release();
      resolve(pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces, size));
    };
    const leave = (): void => stop(left());
    const stop = (reason: unknown): void => {
      release();
      refuse(reason);
    };
    const release = (): void => {
      clearTimeout(silence);
      req.off('data', take).off('end', finish).off('close', leave);
      off();
    };
    req.on('data', take).on('end', finish).on('close', leave);
    const off = signal === undefined ? () => undefined : onAbort(signal, stop);
    inviteBody(req);

    function refuse(reason: unknown): void {
      void discard(req);
      reject(reason);
    }
  });
}

/** The refusal of a body that has stopped arriving. */
export function silent(): AppError {
  return new AppError(
    'invalid_request',
    `Nothing more of the body came for ${SILENCE_MS / 1000} s. Send the request again.`,
  );
}

function tooLarge({ socket }: IncomingMessage, limit: number): AppError {
  const size = limit >= MB / 10 ? `${Number((limit / MB).toFixed(2))} MB` : `${limit} bytes`;
  const setting = limit === underWayAt(socket)?.limit ? 'max_inflight_mb' : 'max_body_mb';
  return new AppError('too_large', `The body is over ${size}. Send less, or raise server.${setting}.`);
}

function left(): AppError {
  return new AppError('cancelled', 'The caller left before the body had come.');
}

/**
 * Ends a response before the request's body may have ended: an early refusal. It then sends `Connection: close` and the
 * answer at once, and closes only when the body has ended or LINGER is over: closing earlier would destroy the answer
 * on its way. Set status and headers with setHeader before; this sets Content-Length and Connection.
 */
export function endEarly(res: ServerResponse, payload: string): void {
  const { req } = res;
  if (!res.headersSent) res.setHeader('Content-Length', Buffer.byteLength(payload));
  if (!hasBody(req) || req.readableEnded || cameWhole.has(req)) {
    res.end(payload);
    return;
  }
  if (!res.headersSent) res.setHeader('Connection', 'close');
  res.write(payload);
  void discard(req).then(() => res.end());
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/**
 * Drops the rest of the body. Resolves when the body has ended or the connection is closed, at the latest after LINGER.
 */
function discard(req: IncomingMessage): Promise<void> {
  // A client that still waits for 100 Continue sends nothing, and Node closes the connection by itself.
  if (req.destroyed || req.readableEnded || waiting.has(req)) return Promise.resolve();
  let done = discarded.get(req);
  if (done !== undefined) return done;
  done = new Promise((resolve) => {
    let rest = LINGER.bytes;
    const giveUp = (): void => void req.destroy(); // the connection closes too, and 'close' follows
    const total = setTimeout(giveUp, LINGER.totalMs);
    const silence = setTimeout(giveUp, LINGER.silenceMs);
    req.on('data', (piece: Buffer) => {
      rest -= piece.length;
      silence.refresh();
      if (rest < 0) giveUp();
    });
    req.once('close', () => {
      clearTimeout(total);
      clearTimeout(silence);
      resolve();
    });
    req.resume();
  });
  discarded.set(req, done);
  return done;
}

/** A top-level JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Parses a body as a JSON object in UTF-8; a byte order mark is skipped. Throws invalid_request with a sentence that
 * gives the position of the error, if the engine reports it, and quotes one character at most: bodies are private.
 * A field `__proto__` is an unknown field like any other. JSON.parse makes it an ordinary own property, and so do
 * object spread and rest. But `Object.assign(target, body)` and `target[key] = value` would set their target's
 * prototype: never copy parsed bodies in those two ways.
 */
export function parseJson(bytes: Buffer): JsonObject {
  const value = parseJsonOrList(bytes);
  if (Array.isArray(value)) throw new AppError('invalid_request', 'The body is a list. Send a JSON object.');
  return value;
}

/** parseJson that also accepts a list. */
export function parseJsonOrList(bytes: Buffer): JsonObject | unknown[] {
  const decoded = bytes.toString('utf8');
  const text = decoded.charCodeAt(0) === 0xfeff ? decoded.slice(1) : decoded;
  const value = parsed(text);
  if (Array.isArray(value)) return value;
  if (typeof value === 'object' && value !== null) return value as JsonObject;
  const kind = value === null ? 'null' : `a ${typeof value}`;
  throw new AppError('invalid_request', `The body is ${kind}. Send a JSON object.`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (text.trim() === '') throw new AppError('invalid_request', 'The body is empty. Send a JSON object.');
    // Without the cause: the engine's message quotes the body, and causes are logged.
    throw new AppError('invalid_request', `The body is not valid JSON: ${whereBroken(text, String(error))}.`);
  }
}

/** V8 reports the position of most errors, but for "Unexpected token" only the character. */
function whereBroken(text: string, message: string): string {
  const position = Number(/at position (\d+)/.exec(message)?.[1] ?? Number.NaN);
  if (/end of JSON input|Unterminated string/.test(message) || position >= text.length) return 'it ends too early';
  if (Number.isNaN(position)) {
    const token = /Unexpected token '(.)/su.exec(message)?.[1];
    return token === undefined ? 'it cannot be read' : `${JSON.stringify(token)} stands where it must not`;
  }
  const before = text.slice(0, position);
  const line = before.split('\n').length;
  const column = position - before.lastIndexOf('\n');
  const character = JSON.stringify(String.fromCodePoint(text.codePointAt(position) ?? 0));
  return `${character} stands where it must not, in line ${line}, column ${column}`;
}
