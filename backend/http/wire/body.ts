// A request's body, from the socket to a JSON object: bounded in bytes and in time, unpacked, parsed.
// It knows no fields of any request (the contract's schemas do) and writes no answer; it only helps one to arrive.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { AppError } from '../../contract/errors.ts';
import { rawHeader } from './header.ts';
import { underWayAt, type UnderWay } from './under-way.ts';
import { unpackingOf } from './unpack.ts';
import { onAbort } from '../../core/abort.ts';

const MB = 1024 * 1024;

/** A body of which nothing came for this long is given up (nginx: client_body_timeout). Milliseconds. */
export const SILENCE_MS = 60_000;

/**
 * How long, and how much, a refused body may go on so that its sender reads the answer: many clients read only when
 * they have sent all, and closing under them resets the connection (RFC 9112, 9.6; nginx: lingering_time, _timeout).
 */
const LINGER = { totalMs: 30_000, silenceMs: 5000, bytes: 1024 * MB } as const;

/** Requests whose sender waits for `100 Continue`, with the response that can say it. */
const waiting = new WeakMap<IncomingMessage, ServerResponse>();

/** Requests whose body was read as a whole before Node's parser says that it has ended. */
const cameWhole = new WeakSet<IncomingMessage>();

/** Refused bodies that are being read and thrown away. */
const discarded = new WeakMap<IncomingMessage, Promise<void>>();

/**
 * For a server's 'checkContinue' event: the handler runs as for any request, and `100 Continue` is sent only when
 * somebody begins to read the body. So a refusal comes before the body is on its way (RFC 9110, 10.1.1).
 */
export function deferContinue(handler: RequestListener): RequestListener {
  return (req, res) => {
    waiting.set(req, res);
    handler(req, res);
  };
}

/** Sends 100 Continue to a sender that waits for it. readBody does this; code that pipes the request calls it before. */
export function inviteBody(req: IncomingMessage): void {
  if (req.headers.expect === undefined) return;
  waiting.get(req)?.writeContinue();
  waiting.delete(req);
}

/**
 * With an Origin the body must say that it is JSON: other types need no preflight, so a page could send them unasked
 * (Fetch: CORS-safelisted request headers). Programs may leave the type out or wrong, as `curl -d` does.
 * Throws unsupported_media_type.
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
 * The whole body, unpacked (gzip, deflate, br, zstd). The limit holds for the bytes on the wire and for the unpacked ones, and
 * both are counted with all others that are under way (under-way.ts), but for a body that came along with its headers.
 * Rejects with too_large (at once when Content-Length says so), overloaded, unsupported_media_type, invalid_request
 * (broken packing, or silence for a minute), cancelled (the caller left), or the signal's reason. After any of these the
 * rest of the body is thrown away for a while, so that the answer arrives; see `endEarly`.
 */
export async function readBody(req: IncomingMessage, maxBytes: number, signal?: AbortSignal): Promise<Buffer> {
  const all = underWayAt(req.socket);
  // Never overloaded for one body alone: a body over the total would be told to come back for ever.
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

/** A body that is there as a whole: it needs neither listeners nor a timer. Undefined for every other; nothing is read then. */
function cameAlong(req: IncomingMessage, limit: number): Buffer | undefined {
  // Not `req.complete`: the parser says so one step later.
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

/** The refusal of a body that has stopped coming. */
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
 * Ends a response that may come before the request's body has: an early refusal. Then it says `Connection: close`, sends the
 * answer at once, and closes only when the body has ended or LINGER is over, because closing earlier would destroy the
 * answer on its way. Set status and headers with setHeader before; Content-Length and Connection are set here.
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

/** Throws the rest of the body away. Resolves when it has ended or the connection is closed, which it is after LINGER. */
function discard(req: IncomingMessage): Promise<void> {
  // Where 100 Continue is still awaited nothing is under way, and node closes the connection by itself.
  if (req.destroyed || req.readableEnded || waiting.has(req)) return Promise.resolve();
  let done = discarded.get(req);
  if (done !== undefined) return done;
  done = new Promise((resolve) => {
    let rest = LINGER.bytes;
    const giveUp = (): void => void req.destroy(); // and the connection with it; 'close' follows
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
 * Parses a body as a JSON object in UTF-8; a byte order mark is skipped. Throws invalid_request with a sentence that says
 * where it breaks, as far as the engine tells, and quotes one character at most: bodies are private.
 * A field `__proto__` is an unknown field like any other. JSON.parse makes it an ordinary own property, and so do object spread and
 * rest; but `Object.assign(target, body)` and `target[key] = value` would set the prototype of their target: never copy
 * parsed bodies in those two ways.
 */
export function parseJson(bytes: Buffer): JsonObject {
  const value = parseJsonOrList(bytes);
  if (Array.isArray(value)) throw new AppError('invalid_request', 'The body is a list. Send a JSON object.');
  return value;
}

/** The same where a list will do too. */
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
    // Without the cause: the engine's own message quotes the body, and causes go to the log.
    throw new AppError('invalid_request', `The body is not valid JSON: ${whereBroken(text, String(error))}.`);
  }
}

/** V8 tells the position of most mistakes, and of "Unexpected token" the character alone. */
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
