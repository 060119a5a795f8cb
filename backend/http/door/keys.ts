// The last check at the front door: who must send a key, whether the key is good, and its scopes and limits. Keys are
// found by their hash (core/access/api-keys.ts); caller.ts says what the rest of the code knows of a caller.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { LRUCache } from 'lru-cache';
import type { ApiKey, Scope } from '../../contract/rules/api-key.ts';
import { AppError } from '../../contract/errors.ts';
import { findKey, KEY_PREFIX } from '../../core/access/api-keys.ts';
import type { Elapsed, ReadConfig } from '../../core/ports.ts';
import { placedElsewhereBy } from './forwarded.ts';
import { checkManagement, ruleOf } from './management.ts';
import { normalizedPath } from '../wire/normalized-path.ts';
import { isFromHere, isSentFromHere, requireScope, showedKey } from './caller.ts';

export const MINUTE_MS = 60_000;
/** Bad keys that one address may send in a minute. */
const BAD_KEYS = 10;
const ADDRESSES = 1000;

export interface KeyCheck {
  /**
   * Lets a request in and remembers its key. Throws unauthorized (with WWW-Authenticate) if a key is missing or wrong;
   * management_disabled if no key exists yet and the request would change models; forbidden if the key is not for this
   * route; client_limit if the key was used too often, or its address sent ten bad keys within a minute. A good key is
   * never refused for the bad keys of others.
   */
  check(req: IncomingMessage, res: ServerResponse): void;
}

/** Count of events in one minute, which begins at the first event. */
interface Count {
  readonly endsAt: number;
  times: number;
}

export function createKeyCheck(config: ReadConfig, elapsed: Elapsed): KeyCheck {
  const bad = new LRUCache<string, Count>({ max: ADDRESSES });
  const used = new LRUCache<string, Count>({ max: ADDRESSES });

  /** Counts one more event. Returns the milliseconds to wait if that exceeds `most`. */
  const counted = (counts: LRUCache<string, Count>, who: string, most: number): number | undefined => {
    const time = elapsed();
    const known = counts.get(who);
    const stale = known === undefined || time >= known.endsAt;
    const count = stale ? { endsAt: time + MINUTE_MS, times: 0 } : known;
    if (stale) counts.set(who, count);
    count.times += 1;
    return count.times > most ? count.endsAt - time : undefined;
  };

  const refuse = (req: IncomingMessage, res: ServerResponse, shown: string | undefined): never => {
    const challenge = 'Bearer realm="hearth"';
    if (shown === undefined) {
      res.setHeader('WWW-Authenticate', challenge);
      throw new AppError('unauthorized', keyNeeded(req));
    }
    const waitMs = counted(bad, req.socket.remoteAddress ?? '', BAD_KEYS);
    if (waitMs !== undefined) {
      const sentence = 'Too many wrong keys came from this address. Wait a minute, then send the right one.';
      throw new AppError('client_limit', sentence, { retryAfterMs: waitMs });
    }
    res.setHeader('WWW-Authenticate', `${challenge}, error="invalid_token"`); // RFC 6750, 3.1
    throw new AppError('unauthorized', 'The key is wrong, or it was revoked. Send another one.');
  };

  const use = (req: IncomingMessage, key: ApiKey): void => {
    showedKey(req, key);
    const scope = scopeOf(req);
    if (scope !== undefined) requireScope(req, scope);
    if (key.requests_per_minute === undefined || isReading(req)) return;
    const waitMs = counted(used, key.hash, key.requests_per_minute);
    if (waitMs !== undefined) throw usedTooOften(key, waitMs);
  };

  return {
    check(req, res) {
      const { allow_anonymous: anonymous, allow_management: manageable, api_keys: keys } = config().server;
      const shown = shownKey(req);
      // Programs on this machine send any text as a key, since OpenAI's clients want one. Check only Hearth's own keys.
      const needed = !anonymous && !isFree(req, keys.length > 0);
      if (shown === undefined && !needed) return;
      const key = shown === undefined ? undefined : findKey(keys, shown);
      if (key !== undefined) use(req, key);
      else if (needed || shown?.startsWith(KEY_PREFIX)) {
        // Where no key exists yet, say how to allow this instead of asking for a key.
        if (keys.length === 0) checkManagement(manageable, req);
        refuse(req, res, shown);
      }
    },
  };
}

/**
 * The token of `Authorization: Bearer` (RFC 6750, 2.1), or `x-api-key`. If both are sent, the one that looks like a key
 * of Hearth wins, since many clients send a dummy for the other. Other schemes of Authorization are ignored.
 */
function shownKey({ headers }: IncomingMessage): string | undefined {
  const { authorization, 'x-api-key': apiKey } = headers;
  if (authorization === undefined && apiKey === undefined) return undefined;
  const bearer = /^bearer +(\S+)\s*$/i.exec(authorization ?? '')?.[1];
  const other = typeof apiKey === 'string' ? apiKey.trim() : undefined;
  return other?.startsWith(KEY_PREFIX) && !bearer?.startsWith(KEY_PREFIX) ? other : (bearer ?? other);
}

/** Whether a request needs no key: it comes from this machine, and if keys exist, under a loopback name. */
function isFree(req: IncomingMessage, thereAreKeys: boolean): boolean {
  return thereAreKeys ? isFromHere(req) : isSentFromHere(req);
}

function keyNeeded({ headers }: IncomingMessage): string {
  const how =
    'Send it as "Authorization: Bearer …" or "x-api-key: …"; keys are made in the settings of Hearth or with `hearth key create`.';
  const header = placedElsewhereBy(headers);
  if (header === undefined) return `This needs a key. ${how}`;
  return (
    `This needs a key: the header ${header} says that a proxy handed it on for another machine. ${how} ` +
    'Where everyone who can reach the proxy may come in, set server.allow_anonymous to true.'
  );
}

/** The refusal of a key that was used too often; `waitMs`: milliseconds until its minute is over. */
export function usedTooOften({ name, requests_per_minute: most }: ApiKey, waitMs: number): AppError {
  const sentence = `The key "${name}" is for ${most} requests a minute. Wait until the minute is over.`;
  return new AppError('client_limit', sentence, { retryAfterMs: waitMs });
}

export const isReading = ({ method }: IncomingMessage): boolean => method === 'GET' || method === 'HEAD';

/**
 * The scope that a key must have. Undefined: any key will do, or the handler checks it. Unknown routes need `manage`.
 */
function scopeOf(req: IncomingMessage): Scope | undefined {
  if (isReading(req)) return undefined;
  const path = normalizedPath(req.url ?? '/');
  const scope = (path === undefined ? undefined : ruleOf(path)?.scope) ?? 'manage';
  return scope === 'each' ? undefined : scope;
}
