// Who asks, as everything behind the front door sees it: for turns in the queue, for whose answers are shared with whom,
// and for whose requests somebody may see. The key, if one was shown, was checked by keys.ts.
import type { IncomingMessage } from 'node:http';
import type { ApiKey, Scope } from '../../contract/api-key.ts';
import { AppError } from '../../contract/errors.ts';
import type { Viewer } from '../../core/telemetry/feed.ts';
import { LOCAL } from '../../core/ownership.ts';
import type { ReadConfig } from '../../core/ports.ts';
import { placedElsewhereBy } from './forwarded.ts';
import { header } from '../wire/header.ts';
import { isLoopbackAddress, isLoopbackName, isLoopbackOrigin, readAuthority } from './loopback.ts';

/** Only requests that showed a key are in it, which few do. */
const shownKeys = new WeakMap<IncomingMessage, ApiKey>();

/** Remembers the key that a request showed. */
export function showedKey(req: IncomingMessage, key: ApiKey): void {
  shownKeys.set(req, key);
}

/** The key that a request showed, when it showed one. */
export function shownKey(req: IncomingMessage): ApiKey | undefined {
  return shownKeys.get(req);
}

/**
 * Whether a request comes from this machine. One that a proxy on this machine hands on comes from elsewhere: it says so
 * itself, or it is meant for another name.
 */
export function isFromHere(req: IncomingMessage): boolean {
  if (!isSentFromHere(req)) return false;
  const { host } = req.headers;
  // HTTP/1.0 knows no Host; what the door lets in without one is a program.
  const name = host === undefined ? 'localhost' : readAuthority(host.toLowerCase())?.name;
  return name !== undefined && isLoopbackName(name);
}

/** The same, under whatever name it asks: a container calls this machine by one of server.allowed_hosts. */
export function isSentFromHere(req: IncomingMessage): boolean {
  return isLoopbackAddress(req.socket.remoteAddress ?? '') && placedElsewhereBy(req.headers) === undefined;
}

/** Who asks, for turns in the queue: the name of a key, else a page by its origin, else a program by its User-Agent. */
export function callerOf(req: IncomingMessage): string {
  return (shownKey(req)?.name ?? header(req, 'origin') ?? header(req, 'user-agent') ?? 'unknown').slice(0, 200);
}

/**
 * Whose answers and conversations a request shares: callers on this machine have one
 * space together; each key, and each page from elsewhere that was let in, has its own.
 */
export function ownerOf(req: IncomingMessage): string {
  const key = shownKey(req);
  // Not its name: a key that is made under the name of a revoked one is another key.
  if (key !== undefined) return `key ${key.hash}`;
  const origin = header(req, 'origin');
  return origin === undefined || isLoopbackOrigin(origin) ? LOCAL : `page ${origin}`;
}

/**
 * Whether it may ask for a place before normal requests: what comes from elsewhere, a page as much as another machine,
 * only by a key that says so.
 */
export function mayGoFirst(req: IncomingMessage): boolean {
  const key = shownKey(req);
  return key === undefined ? isFromHere(req) && ownerOf(req) === LOCAL : key.high_priority === true;
}

/** Whose requests it may see and cancel: its own alone, but all of them from this machine or with a key for `manage`. */
export function watcherOf(req: IncomingMessage): string {
  return shownKey(req)?.scopes.includes('manage') ? LOCAL : ownerOf(req);
}

/** Who looks at what goes on: a page, or a key for the cache, gets figures too. */
export function viewerOf(req: IncomingMessage): Viewer {
  return { watcher: watcherOf(req), figures: may(req, 'cache') || may(req, 'manage') };
}

/** Values for as long as the key that a request showed is good: a stream without end must end when it is revoked. */
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

/** A key counts as long as it is there and is for no less than when it was shown. */
function isStillGood(shown: ApiKey, keys: readonly ApiKey[]): boolean {
  const now = keys.find(({ hash }) => hash === shown.hash);
  return now !== undefined && shown.scopes.every((scope) => now.scopes.includes(scope));
}

/** Without a key, a page from elsewhere that was let in may not manage; whoever else got in without one may do all. */
function may(req: IncomingMessage, scope: Scope): boolean {
  const key = shownKey(req);
  return key === undefined ? scope !== 'manage' || ownerOf(req) === LOCAL : key.scopes.includes(scope);
}

/** Throws forbidden for a caller whose key, or whose being a page from elsewhere, is for none of these. */
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
