// The list of requests, by pages or by id. Each caller sees its own requests, and this machine sees all.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '../../contract/errors.ts';
import { nearest } from '../../contract/nearest.ts';
import { QUERY_NAMES, type RequestQuery } from '../../contract/views/request-query.ts';
import { quotation, sentence } from '../../contract/sentence.ts';
import type { RequestDesk } from '../../core/stories/views/request-desk.ts';
import { goneSignal, sendJson } from '../dialect/encode.ts';
import { watcherOf } from '../door/caller.ts';

export interface ListParts {
  readonly requestDesk: RequestDesk;
}

const NO_STORE = { 'Cache-Control': 'no-store' };

export async function listRequests(
  { requestDesk }: ListParts,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const { searchParams } = new URL(req.url ?? '/', 'http://localhost');
  sendJson(res, 200, await requestDesk.list(queryOf(searchParams), watcherOf(req), goneSignal(res)), NO_STORE);
}

export async function showRequest(
  { requestDesk }: ListParts,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  sendJson(res, 200, requestDesk.detail(partOf(req, 3), watcherOf(req)), NO_STORE);
}

export async function cancelRequest(
  { requestDesk }: ListParts,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const id = partOf(req, 3);
  requestDesk.cancel(id, watcherOf(req));
  sendJson(res, 200, { request_id: id, status: 'cancelled' }, NO_STORE);
}

/** One part of the path, counted from 1. Express has refused invalid percent-encoding. */
function partOf(req: IncomingMessage, at: number): string {
  const { pathname } = new URL(req.url ?? '/', 'http://localhost');
  return decodeURIComponent(pathname.split('/')[at] ?? '');
}

/** Parameters that may be repeated. */
const SEVERAL: ReadonlySet<string> = new Set(['app', 'model', 'source', 'class', 'status']);
const NUMBERS: ReadonlySet<string> = new Set(['cursor', 'limit']);

/**
 * Turns the query string into a RequestQuery; the desk that answers it checks the values. Throws invalid_request for an
 * unknown parameter.
 */
function queryOf(params: URLSearchParams): RequestQuery {
  const query: Record<string, unknown> = {};
  for (const name of new Set(params.keys())) {
    const known = QUERY_NAMES.find((each) => each === name);
    if (known === undefined) throw unknown(name);
    const values = params.getAll(name);
    const [value = ''] = values;
    if (SEVERAL.has(name)) query[name] = values;
    else if (values.length > 1) throw new AppError('invalid_request', `${name} is there more than once. Send it once.`);
    else query[name] = NUMBERS.has(name) && /^\d{1,16}$/.test(value) ? Number(value) : value;
  }
  return query as RequestQuery;
}

function unknown(name: string): AppError {
  const near = nearest(name, QUERY_NAMES);
  const meant = near === undefined ? `There are ${QUERY_NAMES.join(', ')}.` : `Did you mean ${near}?`;
  return new AppError('invalid_request', sentence`There is no parameter ${quotation(name)} here. ${meant}`);
}
