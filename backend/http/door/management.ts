// Which requests change the installed models, and who may send them: programs on this machine, and callers that the
// user has allowed.
import type { IncomingMessage } from 'node:http';
import { AppError } from '../../contract/errors.ts';
import { type Route, routeOf } from '../../contract/routes.ts';
import { normalizedPath } from '../wire/normalized-path.ts';
import { isFromHere, shownKey } from './caller.ts';

/** Whether a request changes models on disk, or the account at ollama.com. */
export function isManagement(method: string, address: string): boolean {
  if (method === 'GET' || method === 'HEAD') return false;
  const path = normalizedPath(address);
  return path === undefined || ruleOf(path)?.does === 'manage';
}

/** The route of a normalized path. Case is ignored, since an upstream server may ignore it too. */
export function ruleOf(path: string): Route | undefined {
  return routeOf(path.toLowerCase());
}

/**
 * Throws management_disabled for a request that would change the models, unless it comes from this machine or with a
 * key.
 */
export function checkManagement(allowed: boolean, req: IncomingMessage): void {
  const { method = 'GET', url = '/', headers } = req;
  const local = isFromHere(req);
  // The door has checked the key's scope.
  if (allowed || shownKey(req) !== undefined || (local && headers.origin === undefined)) return;
  if (!isManagement(method, url)) return;
  const who = local ? 'A web page' : 'Another machine';
  throw new AppError(
    'management_disabled',
    `${who} may not use ${url.replace(/\?.*$/s, '')}, which changes the installed models. Show a key with the scope manage, or set server.allow_management to true.`,
  );
}
