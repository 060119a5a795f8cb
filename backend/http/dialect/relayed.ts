// One exchange with Ollama in the caller's own words: the request goes up and the answer comes down byte for byte. A
// stream that breaks off, or that Hearth ends when it stops, gets an error at its end in the form of its dialect.
// Headers that must not travel are removed: those of one connection (RFC 9110, 7.6.1), those that say who asked, and
// Hearth's own.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError, asAppError } from '../../contract/errors.ts';
import { dialectOf } from '../../contract/routes.ts';
import { foreign } from '../../contract/sentence.ts';
import type { Asker } from '../../contract/behind.ts';
import type { Relay, RelayAnswer, RelayRequest } from '../../core/ports.ts';
import { isForwarding } from '../door/forwarded.ts';
import { inviteBody } from '../wire/body.ts';
import { failureOf } from '../wire/failures.ts';
import { give } from '../wire/give.ts';
import { pathOf } from '../wire/normalized-path.ts';
import { formOf, WholePieces } from '../wire/whole-pieces.ts';
import { breakOff, requestId } from './encode.ts';

/** Request headers not sent up: those of one connection, and those meant for Hearth alone. */
const NOT_UP = new Set([
  'host',
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  // Ollama answers 403 to a foreign Origin and to Hearth's own Host.
  'origin',
  'referer',
  'cookie',
  'x-cache-control',
  'x-queue-priority',
  'x-stream-replay',
  'x-hearth-mode',
  'x-hearth-caller',
  'x-request-id',
  'x-forwarded-proto',
]);

const NOT_DOWN = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  // Cookies do not go up, so none come down: a proxy's cookie may be worth as much as the key that it was given for.
  'set-cookie',
  // This gateway sets its own.
  'x-hearth',
]);

/** Hearth's keys begin like this; Ollama must not see them. */
const OWN_KEY = /^(?:bearer\s+)?hearth_/i;

/** Headers that no longer hold once a body was read and unpacked. */
const OF_THE_BODY = new Set(['content-length', 'content-encoding']);

/** What goes up, and callbacks for what comes down. */
export interface Exchanged {
  /** `unread`: the body, if there is one, is streamed up as it arrives. */
  readonly body: Buffer | 'unread';
  readonly kind: RelayRequest['kind'];
  /** On whose behalf, when a model runs. */
  readonly asker?: Asker;
  /** Called before the first byte of the answer goes down. */
  begun?(): void;
  /** Called before each piece of the answer goes down. */
  passing?(piece: Uint8Array): void;
}

/**
 * Sends a request up and its answer down to the end. Resolves with the status, while the client may still read the
 * rest. If the headers were sent before, the answer must be the event stream that they promised. Throws
 * upstream_unreachable, upstream_unauthorized, upstream_forbidden, upstream_failed, first_token_timeout, idle_timeout,
 * or the signal's reason. A failure after the first byte has already ended the answer.
 */
export async function exchange(
  relay: Relay,
  req: IncomingMessage,
  res: ServerResponse,
  { body, kind, asker, begun, passing }: Exchanged,
  signal: AbortSignal,
): Promise<number> {
  const { method = 'GET', url = '/' } = req;
  const read = body !== 'unread';
  const sent = read ? body : hasBody(req) ? req : null;
  if (sent === req) inviteBody(req);
  const question = { method, path: url, headers: upward(req, read), body: sent, kind, asker };
  const answer = await relay.forward(question, signal);
  // Send nothing of a run that was given up meanwhile.
  signal.throwIfAborted();
  if (res.headersSent && !isStream(answer)) throw await refused(answer);
  begun?.();
  if (!res.headersSent) answerWith(res, answer);
  const form = method === 'HEAD' ? undefined : formOf(answer.headers);
  const pieces = form === undefined ? undefined : new WholePieces(form);
  let number = 0;
  try {
    for await (const bytes of answer.body) {
      const piece = pieces?.add(bytes) ?? bytes;
      if (piece.length === 0) continue;
      passing?.(piece);
      if (form === 'events') number = numberAfter(piece) ?? number;
      await give(res, piece);
    }
  } catch (error) {
    // No error fits behind half an object: only a broken connection tells the client that the answer is incomplete.
    if (pieces?.whole !== true) res.destroy();
    else breakOff(res, failureOf(asAppError(error), dialectOf(pathOf(req)), requestId(res), number));
    throw error;
  }
  res.end(pieces?.rest());
  return answer.status;
}

/** Whether an answer is the event stream that the headers already sent have promised. */
function isStream({ status, headers }: RelayAnswer): boolean {
  return status === 200 && /^text\/event-stream\b/i.test(String(headers['content-type'] ?? ''));
}

function answerWith(res: ServerResponse, { status, headers }: RelayAnswer): void {
  res.statusCode = status;
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || NOT_DOWN.has(name) || name.startsWith('access-control-')) continue;
    // The front door has set Vary already.
    if (name === 'vary') res.appendHeader(name, value);
    else res.setHeader(name, value);
  }
  res.flushHeaders();
}

/** Bytes of a refusal that are read. */
const MOST_REFUSAL = 64 * 1024;

/** Turns an answer that can no longer be handed on into an error with the answer's own words. */
async function refused({ status, body }: RelayAnswer): Promise<AppError> {
  let text = '';
  for await (const bytes of body) if (text.length < MOST_REFUSAL) text += Buffer.from(bytes).toString();
  const native = { status, body: wordsIn(text) };
  return new AppError('upstream_failed', foreign(`Ollama answered with status ${status}: ${text}`), { native });
}

function wordsIn(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'error' in value) return { error: value.error };
  } catch {
    // Plain text or a proxy's page: pass it on unchanged.
  }
  return { error: text };
}

const NUMBER = '"sequence_number":';

/**
 * The sequence number after the last event of a piece, where events are numbered (OpenAI's Responses). Found by one
 * search from the end.
 */
function numberAfter(piece: Uint8Array): number | undefined {
  const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
  const at = bytes.lastIndexOf(NUMBER);
  if (at === -1) return undefined;
  const from = at + NUMBER.length;
  const last = /^\d+/.exec(bytes.toString('latin1', from, from + MOST_DIGITS))?.[0];
  return last === undefined ? undefined : Number(last) + 1;
}

/** Digits of a whole number that JavaScript holds exactly. */
const MOST_DIGITS = 16;

/** The headers that go up. A body that was read goes up unpacked, so its length is set anew. */
function upward(req: IncomingMessage, read: boolean): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  const named = connectionHeaders(req.headers.connection ?? '');
  for (const [name, value] of Object.entries(req.headers)) {
    if (value === undefined || NOT_UP.has(name) || isForwarding(name) || named.includes(name)) continue;
    if (read && OF_THE_BODY.has(name)) continue;
    const isKey = name === 'authorization' || name === 'x-api-key';
    if (isKey && OWN_KEY.test(String(value))) continue;
    headers[name] = value;
  }
  return headers;
}

/** The headers that a Connection header marks as belonging to this connection alone, in lower case. */
export function connectionHeaders(value: string): string[] {
  return value
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
}

/** Whether a request has a body. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
