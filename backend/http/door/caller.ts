// Who asks. This decides turns in the queue, who shares whose answers, and whose requests a caller may see. The key, if one
// was shown, has been checked by keys.ts.
import type { IncomingMessage } from 'node:http';
import type { ApiKey, Scope } from '../../contract/api-key.ts';
import { CALLER_HEADER, isViaHearth } from '../../contract/behind.ts';
import { AppError } from '../../contract/errors.ts';
import type { Viewer } from '../../core/telemetry/feed.ts';
import { isRevoked, LOCAL, ownerOfKey } from '../../core/ownership.ts';
import type { ReadConfig } from '../../core/ports.ts';
import { placedElsewhereBy } from './forwarded.ts';
import { header } from '../wire/header.ts';
import { isLoopbackAddress, isLoopbackName, isLoopbackOrigin, readAuthority } from './loopback.ts';

/** Holds only requests that showed a key; few do. */
const shownKeys = new WeakMap<IncomingMessage, ApiKey>();

/** Holds only requests that Hearth itself asks again. */
const askedAgain = new WeakSet<IncomingMessage>();

/** Remembers that Hearth itself asks this again for somebody: the model is to be asked anew. */
export function asksAgain(req: IncomingMessage): void {
  askedAgain.add(req);
}

export function isAskedAgain(req: IncomingMessage): boolean {
  return askedAgain.has(req);
}

/** Remembers the key that a request showed. */
export function showedKey(req: IncomingMessage, key: ApiKey): void {
  shownKeys.set(req, key);
}

/** The key that a request showed, when it showed one. */
export function shownKey(req: IncomingMessage): ApiKey | undefined {
  return shownKeys.get(req);
}

/**
 * Whether a request comes from this machine. A request that a proxy on this machine hands on counts as coming from
 * elsewhere: its headers say so, or it asks for another host name.
 */
export function isFromHere(req: IncomingMessage): boolean {
  if (!isSentFromHere(req)) return false;
  const { host } = req.headers;
  // HTTP/1.0 has no Host header. The door lets only programs in without one.
  const name = host === undefined ? 'localhost' : readAuthority(host.toLowerCase())?.name;
  return name !== undefined && isLoopbackName(name);
}

/** The same, whatever host name it asks for: a container calls this machine by one of server.allowed_hosts. */
export function isSentFromHere(req: IncomingMessage): boolean {
  return isLoopbackAddress(req.socket.remoteAddress ?? '') && placedElsewhereBy(req.headers) === undefined;
}

/**
 * Who asks, for turns in the queue: the name of a key, else a page by its origin, else a program by its User-Agent. A gateway
 * before this one may say for whom it asks, where it may go first: each of its callers then has a turn of its own.
 */
export function callerOf(req: IncomingMessage): string {
  const key = shownKey(req)?.name;
  const name = isForAnother(req) ? [key, header(req, CALLER_NAME)].filter(Boolean).join(': ') : key;
  return (name ?? header(req, 'origin') ?? header(req, 'user-agent') ?? 'unknown').slice(0, 200);
}

/** Whether a gateway before this one says for whom it asks, and is heard. */
export function isForAnother(req: IncomingMessage): boolean {
  return header(req, CALLER_NAME) !== undefined && mayGoFirst(req);
}

/** Whether another gateway hands it on, whoever it is for. */
export function isHandedOn(req: IncomingMessage): boolean {
  return isViaHearth(req.headers.via);
}

const CALLER_NAME = CALLER_HEADER.toLowerCase();

/**
 * Whose answers and conversations a request shares: all callers on this machine share one space; each key has its own, and
 * so has each page from elsewhere that was let in.
 */
export function ownerOf(req: IncomingMessage): string {
  const key = shownKey(req);
  if (key !== undefined) return ownerOfKey(key.hash);
  const origin = header(req, 'origin');
  return origin === undefined || isLoopbackOrigin(origin) ? LOCAL : `page ${origin}`;
}

/**
 * The key by which such an owner is known, as it is now; undefined where it is known by none. Throws unauthorized where it was
 * revoked, and forbidden where it is no longer for chat.
 */
export function keyOfOwner(owner: string, keys: readonly ApiKey[]): ApiKey | undefined {
  if (isRevoked(owner, keys)) {
    throw new AppError('unauthorized', 'The key with which this was handed in was revoked before it ran.');
  }
  const key = keys.find(({ hash }) => ownerOfKey(hash) === owner);
  if (key === undefined || key.scopes.includes('chat')) return key;
  throw new AppError('forbidden', `The key "${key.name}" is no longer for chat.`);
}

/**
 * Whether it may ask for a place before normal requests. Pages from elsewhere and other machines need a key that says so.
 */
export function mayGoFirst(req: IncomingMessage): boolean {
  const key = shownKey(req);
  return key === undefined ? isFromHere(req) && ownerOf(req) === LOCAL : key.high_priority === true;
}

/** Whose requests it may see and cancel: only its own, but all of them from this machine or with a key for `manage`. */
export function watcherOf(req: IncomingMessage): string {
  return shownKey(req)?.scopes.includes('manage') ? LOCAL : ownerOf(req);
}

/** What a caller may watch: figures too, where it may use the cache or manage. */
export function viewerOf(req: IncomingMessage): Viewer {
  return { watcher: watcherOf(req), figures: may(req, 'cache') || may(req, 'manage') };
}

/** Passes values on while the request's key is good: an endless stream must end when its key is revoked. */
export async function* whileGood<T>(
  req: IncomingMessage,
  config: ReadConfig,
  values: AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  const key = shownKey(req);
  for await (const value of values) {
    if (key !== undefined && !isStillGood(key, config().server.api_keys)) return;
    yield value;
  }
}

/** A key is good while it exists and has at least the scopes that it had when it was shown. */
function isStillGood(shown: ApiKey, keys: readonly ApiKey[]): boolean {
  const now = keys.find(({ hash }) => hash === shown.hash);
  return now !== undefined && shown.scopes.every((scope) => now.scopes.includes(scope));
}

/** Without a key, a page from elsewhere that was let in may do all but manage; everybody else may do everything. */
function may(req: IncomingMessage, scope: Scope): boolean {
  const key = shownKey(req);
  return key === undefined ? scope !== 'manage' || ownerOf(req) === LOCAL : key.scopes.includes(scope);
}

/** Throws forbidden unless the caller may do one of these. */
export function requireScope(req: IncomingMessage, ...scopes: readonly [Scope, ...Scope[]]): void {
  if (scopes.some((scope) => may(req, scope))) return;
  const key = shownKey(req);
  const needed = scopes.join(' or ');
  throw new AppError(
    'forbidden',
    key === undefined
      ? `A web page from elsewhere may not do this without a key for ${needed}.`
      : `The key "${key.name}" is for ${key.scopes.join(' and ')}, and this needs ${needed}. Make a key with that scope.`,
  );
}
