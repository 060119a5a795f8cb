// Identifies the caller. The caller decides turns in the queue, whose cached answers are shared, and which requests may
// be seen. keys.ts has checked the key, if one was sent.
import type { IncomingMessage } from 'node:http';
import type { ApiKey, Scope } from '../../contract/rules/api-key.ts';
import { CALLER_HEADER, isViaHearth } from '../../contract/behind.ts';
import { AppError } from '../../contract/errors.ts';
import type { Viewer } from '../../core/telemetry/feed.ts';
import { isRevoked, LOCAL, ownerOfKey } from '../../core/ownership.ts';
import type { ReadConfig } from '../../core/ports.ts';
import { placedElsewhereBy } from './forwarded.ts';
import { header } from '../wire/header.ts';
import { isLoopbackAddress, isLoopbackName, isLoopbackOrigin, readAuthority } from './loopback.ts';

/** Only requests that sent a key have an entry; few do. */
const shownKeys = new WeakMap<IncomingMessage, ApiKey>();

/** Only requests that Hearth itself sends again. */
const askedAgain = new WeakSet<IncomingMessage>();

/** Marks a request that Hearth sends again for somebody: the model must run anew. */
export function asksAgain(req: IncomingMessage): void {
  askedAgain.add(req);
}

export function isAskedAgain(req: IncomingMessage): boolean {
  return askedAgain.has(req);
}

/** Remembers the checked key of a request. */
export function showedKey(req: IncomingMessage, key: ApiKey): void {
  shownKeys.set(req, key);
}

/** The checked key of a request, if it sent one. */
export function shownKey(req: IncomingMessage): ApiKey | undefined {
  return shownKeys.get(req);
}

/**
 * Whether a request comes from this machine. A request handed on by a local proxy counts as coming from elsewhere: its
 * headers say so, or it asks for another host name.
 */
export function isFromHere(req: IncomingMessage): boolean {
  if (!isSentFromHere(req)) return false;
  const { host } = req.headers;
  // HTTP/1.0 has no Host header. The front door lets only programs in without one.
  const name = host === undefined ? 'localhost' : readAuthority(host.toLowerCase())?.name;
  return name !== undefined && isLoopbackName(name);
}

/** The same check without the host name: a container reaches this machine by a name of server.allowed_hosts. */
export function isSentFromHere(req: IncomingMessage): boolean {
  return isLoopbackAddress(req.socket.remoteAddress ?? '') && placedElsewhereBy(req.headers) === undefined;
}

/**
 * The caller's name for turns in the queue: the name of a key, else a page's origin, else a program's User-Agent. A
 * gateway in front of this one that may go first can name its callers: each of them then takes turns of its own.
 */
export function callerOf(req: IncomingMessage): string {
  const key = shownKey(req)?.name;
  const name = isForAnother(req) ? [key, header(req, CALLER_NAME)].filter(Boolean).join(': ') : key;
  return (name ?? header(req, 'origin') ?? header(req, 'user-agent') ?? 'unknown').slice(0, 200);
}

/** Whether a gateway in front of this one names its caller and is trusted to do so. */
export function isForAnother(req: IncomingMessage): boolean {
  return header(req, CALLER_NAME) !== undefined && mayGoFirst(req);
}

/** Whether another gateway hands this request on, whoever the caller is. */
export function isHandedOn(req: IncomingMessage): boolean {
  return isViaHearth(req.headers.via);
}

const CALLER_NAME = CALLER_HEADER.toLowerCase();

/**
 * Whose answers and conversations a request shares. All callers on this machine share one space. Each key has its own,
 * and so has each foreign page that was let in.
 */
export function ownerOf(req: IncomingMessage): string {
  const key = shownKey(req);
  if (key !== undefined) return ownerOfKey(key.hash);
  const origin = header(req, 'origin');
  return origin === undefined || isLoopbackOrigin(origin) ? LOCAL : `page ${origin}`;
}

/**
 * The key behind an owner, as it is now; undefined for an owner without a key. Throws unauthorized if the key was
 * revoked, and forbidden if it lost the scope `chat`.
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
 * Whether the caller may ask for a place before normal requests. Foreign pages and other machines need a key that
 * allows it.
 */
export function mayGoFirst(req: IncomingMessage): boolean {
  const key = shownKey(req);
  return key === undefined ? isFromHere(req) && ownerOf(req) === LOCAL : key.high_priority === true;
}

/** Whose requests a caller may see and cancel: only its own; all of them from this machine or with a `manage` key. */
export function watcherOf(req: IncomingMessage): string {
  return shownKey(req)?.scopes.includes('manage') ? LOCAL : ownerOf(req);
}

/** What a caller may watch: figures too, if it may use the cache or manage. */
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

/** A key stays good while it exists and keeps all scopes that it had at the request. */
function isStillGood(shown: ApiKey, keys: readonly ApiKey[]): boolean {
  const now = keys.find(({ hash }) => hash === shown.hash);
  return now !== undefined && shown.scopes.every((scope) => now.scopes.includes(scope));
}

/** Without a key, a foreign page that was let in may do all but manage; every other caller may do everything. */
function may(req: IncomingMessage, scope: Scope): boolean {
  const key = shownKey(req);
  return key === undefined ? scope !== 'manage' || ownerOf(req) === LOCAL : key.scopes.includes(scope);
}

/** Throws forbidden unless the caller has one of these scopes. */
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
