// Everything that Ollama has and Hearth adds nothing to: handed on unqueued, byte for byte, in both directions. A stream
// that breaks off, or that Hearth must end when it stops, gets last words in the form of its dialect.
// What must not travel is taken off: the headers of one connection (RFC 9110, 7.6.1), who asked, and our own headers.
// What changes the models on the disk is for programs of this machine alone.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError, asAppError } from '../contract/errors.ts';
import { dialectOf } from '../contract/routes.ts';
import type { ReadConfig, Relay, Watch } from '../core/ports.ts';
import type { Requests } from '../core/requests/requests.ts';
import { inviteBody } from './wire/body.ts';
import { breakOff, onGone, requestId } from './dialect/encode.ts';
import { failureOf } from './wire/failures.ts';
import { pathOf } from './wire/normalized-path.ts';
import { isForwarding } from './door/forwarded.ts';
import { give, taken } from './wire/give.ts';
import { checkManagement, isManagement } from './door/management.ts';
import { callerOf, shownKey, ownerOf } from './door/caller.ts';
import { formOf, WholePieces } from './wire/whole-pieces.ts';

export interface PassParts {
  readonly config: ReadConfig;
  readonly relay: Relay;
  readonly watch: Watch;
  readonly requests: Requests;
}

/** Headers of one connection, and those that only our own door is meant to see. */
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
  // A foreign Origin, or our own Host, makes Ollama answer 403.
  'origin',
  'referer',
  'cookie',
  'x-cache-control',
  'x-queue-priority',
  'x-stream-replay',
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
  // As "cookie" does not go up; a proxy's cookie may be worth as much as the key that it was given for.
  'set-cookie',
]);

/** Keys of Hearth begin so; they are no business of Ollama's. */
const OWN_KEY = /^(?:bearer\s+)?hearth_/i;

/**
 * Answers a request with what Ollama answers to it. Throws management_disabled, client_limit, shutting_down,
 * upstream_unreachable, upstream_unauthorized, upstream_forbidden, upstream_failed, cancelled; once the answer has begun, it has been ended by then.
 */
export async function passThrough(parts: PassParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { method = 'GET', url = '/' } = req;
  const manages = isManagement(method, url);
  checkManagement(parts.config().server.allow_management, req);
  // It may run a model (/v1/responses) and counts among what its key may have at once; looking costs nothing.
  const maxActive = isReading(method) ? undefined : shownKey(req)?.max_active;
  const handedOn = parts.requests.handOn({ owner: ownerOf(req), caller: callerOf(req), maxActive });
  onGone(res, () => handedOn.cancel(new AppError('cancelled', 'The caller left.')));
  try {
    await exchange(parts, req, res, manages, handedOn.signal);
    // While its reader takes the rest it has not ended, for who waits for that when Hearth stops.
    await taken(res);
  } finally {
    handedOn.end();
  }
}

async function exchange(
  parts: PassParts,
  req: IncomingMessage,
  res: ServerResponse,
  manages: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { method = 'GET', url = '/' } = req;
  const body = hasBody(req) ? req : null;
  if (body !== null) inviteBody(req);
  const kind = isReading(method) ? 'look' : manages ? 'work' : 'run';
  const answer = await parts.relay.forward({ method, path: url, headers: upward(req), body, kind }, signal);
  res.statusCode = answer.status;
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value === undefined || NOT_DOWN.has(name) || name.startsWith('access-control-')) continue;
    // Vary has a word of our own door in it already.
    if (name === 'vary') res.appendHeader(name, value);
    else res.setHeader(name, value);
  }
  // What its caller asks next must not meet the old digests: a copy or deletion is done when its headers come, a pull when
  // it says so.
  if (manages) parts.watch.invalidate();
  res.flushHeaders();
  const form = method === 'HEAD' ? undefined : formOf(answer.headers);
  const pieces = form === undefined ? undefined : new WholePieces(form);
  let number = 0;
  try {
    for await (const bytes of answer.body) {
      const piece = pieces?.add(bytes) ?? bytes;
      if (piece.length === 0) continue;
      if (manages && Buffer.from(piece).includes('"success"')) parts.watch.invalidate();
      if (form === 'events') number = numberAfter(piece) ?? number;
      await give(res, piece);
    }
  } catch (error) {
    // Where no word of ours fits behind half of another's answer, only a broken connection says that it is not whole.
    if (pieces?.whole !== true) res.destroy();
    else breakOff(res, failureOf(asAppError(error), dialectOf(pathOf(req)), requestId(res), number));
    throw error;
  } finally {
    // Also when it broke off, or said it in other words: what was done until then is done.
    if (manages) parts.watch.invalidate();
  }
  res.end(pieces?.rest());
}

const NUMBER = '"sequence_number":';

/** The number that follows those of some events, where they are numbered (OpenAI's Responses). It costs one look from the end. */
function numberAfter(piece: Uint8Array): number | undefined {
  const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
  const at = bytes.lastIndexOf(NUMBER);
  if (at === -1) return undefined;
  const from = at + NUMBER.length;
  const last = /^\d+/.exec(bytes.toString('latin1', from, from + MOST_DIGITS))?.[0];
  return last === undefined ? undefined : Number(last) + 1;
}

/** Of a whole number that JavaScript tells exactly. */
const MOST_DIGITS = 16;

function upward(req: IncomingMessage): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  const named = connectionHeaders(req.headers.connection ?? '');
  for (const [name, value] of Object.entries(req.headers)) {
    if (value === undefined || NOT_UP.has(name) || isForwarding(name) || named.includes(name)) continue;
    const isKey = name === 'authorization' || name === 'x-api-key';
    if (isKey && OWN_KEY.test(String(value))) continue;
    headers[name] = value;
  }
  return headers;
}

/** The headers that a Connection header says are of this connection alone, in lower case. */
export function connectionHeaders(value: string): string[] {
  return value
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

const isReading = (method: string): boolean => method === 'GET' || method === 'HEAD';
