// The requests that have ended, by pages or by id; each caller sees its own, and this machine all.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestList } from '../../contract/control.ts';
import { AppError } from '../../contract/errors.ts';
import { quotation, sentence } from '../../contract/sentence.ts';
import type { RequestLog } from '../../core/requests/request-log.ts';
import { factOf } from '../../core/stories/ended-request.ts';
import { goneSignal, sendJson } from '../dialect/encode.ts';
import { watcherOf } from '../door/caller.ts';

export interface ListParts {
  readonly requestLog: RequestLog;
}

const NO_STORE = { 'Cache-Control': 'no-store' };
/** Requests of a page. */
const USUAL = 100;
const MOST = 500;

export async function listRequests(
  { requestLog }: ListParts,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const { searchParams } = new URL(req.url ?? '/', 'http://localhost');
  const limit = whole(searchParams, 'limit', MOST) ?? USUAL;
  const before = whole(searchParams, 'cursor', Number.MAX_SAFE_INTEGER);
  const { requests, next } = requestLog.list(watcherOf(req), limit, before);
  const list: RequestList = { requests: requests.map(factOf), next: next === undefined ? null : String(next) };
  sendJson(res, 200, list, NO_STORE);
}

export async function showRequest({ requestLog }: ListParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { pathname } = new URL(req.url ?? '/', 'http://localhost');
  const path = pathname.replace(/\/$/, '');
  const id = decodeURIComponent(path.slice(path.lastIndexOf('/') + 1));
  const found = await requestLog.find(id, watcherOf(req), goneSignal(res));
  if (found === undefined) {
    throw new AppError('request_not_found', sentence`No request that has ended has the id ${quotation(id)}.`);
  }
  sendJson(res, 200, factOf(found), NO_STORE);
}

/** A number of the query; undefined where it is not there. Throws invalid_request. */
function whole(query: URLSearchParams, name: string, most: number): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= most) return value;
  const allowed = name === 'limit' ? `a whole number from 1 to ${most}` : '"next" of the page before';
  throw new AppError('invalid_request', sentence`${name} must be ${allowed}. It was ${quotation(text)}.`);
}
