// Who asks, as everything behind the front door sees it: for turns in the queue, for whose answers are shared with whom,
// and for whose requests somebody may see. The key, if one was shown, was checked by keys.ts.
import type { IncomingMessage } from 'node:http';
import type { ApiKey, Scope } from '../contract/api-key.ts';
import { AppError } from '../contract/errors.ts';
import type { ReadConfig } from '../core/ports.ts';
import { LOCAL } from '../core/requests.ts';
import { header } from './encode.ts';
import { placedElsewhereBy } from './forwarded.ts';
import { isLoopbackAddress, isLoopbackName, isLoopbackOrigin, readAuthority } from './loopback.ts';

/** Only requests that showed a key are in it, which few do. */
const shownKeys = new WeakMap<IncomingMessage, ApiKey>();

/** Remembers the key that a request showed. */
export function showedKey(req: IncomingMessage, key: ApiKey): void {
  shownKeys.set(req, key);
}

/** The key that a request showed, when it showed one. */
export function keyOf(req: IncomingMessage): ApiKey | undefined {
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
  return (keyOf(req)?.name ?? header(req, 'origin') ?? header(req, 'user-agent') ?? 'unknown').slice(0, 200);
}

/**
 * Whose answers and conversations a request shares (product contract, section 11): callers on this machine have one
 * space together; each key, and each page from elsewhere that was let in, has its own.
 */
export function ownerOf(req: IncomingMessage): string {
  const key = keyOf(req);
  // Not its name: a key that is made under the name of a revoked one is another key.
  if (key !== undefined) return `key ${key.hash}`;
  const origin = header(req, 'origin');
  return origin === undefined || isLoopbackOrigin(origin) ? LOCAL : origin;
}

/** Whose requests it may see and cancel: its own alone, but all of them from this machine or with a key for `manage`. */
export function watcherOf(req: IncomingMessage): string {
  return keyOf(req)?.scopes.includes('manage') ? LOCAL : ownerOf(req);
}

/** Values for as long as the key that a request showed is good: a stream without end must end when it is revoked. */
export async function* whileGood<T>(
  req: IncomingMessage,
  config: ReadConfig,
  values: AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  const key = keyOf(req);
  for await (const value of values) {
    if (key !== undefined && config().server.api_keys.every(({ hash }) => hash !== key.hash)) return;
    yield value;
  }
}

/** Throws forbidden when a key was shown that is not for this. */
export function requireScope(req: IncomingMessage, scope: Scope): void {
  const key = keyOf(req);
  if (key === undefined || key.scopes.includes(scope)) return;
  throw new AppError(
    'forbidden',
    `The key "${key.name}" is for ${key.scopes.join(' and ')}, and this needs ${scope}. Make a key with that scope.`,
  );
}
