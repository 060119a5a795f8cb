// Reads the paging parameters of a list from the query string.
import type { IncomingMessage } from 'node:http';
import { AppError } from '../../contract/errors.ts';
import { quotation, sentence } from '../../contract/sentence.ts';
import type { Page } from '../../core/offline/offline-store.ts';

export function queryOf(req: IncomingMessage): URLSearchParams {
  return new URL(req.url ?? '/', 'http://localhost').searchParams;
}

/** Reads `after` and `limit`. Throws invalid_request. */
export function pageOf(query: URLSearchParams, usual: number, most: number): Page {
  const limit = query.get('limit') ?? String(usual);
  const count = /^\d{1,5}$/.test(limit) ? Number(limit) : 0;
  if (count < 1 || count > most) {
    throw new AppError(
      'invalid_request',
      sentence`limit must be a whole number from 1 to ${most}. It was ${quotation(limit)}.`,
    );
  }
  return { after: query.get('after') ?? undefined, limit: count };
}

/** Whether the list starts with its oldest entry. Throws invalid_request. */
export function isOldestFirst(query: URLSearchParams): boolean {
  const order = query.get('order') ?? 'desc';
  if (order === 'asc' || order === 'desc') return order === 'asc';
  throw new AppError('invalid_request', sentence`order must be "asc" or "desc". It was ${quotation(order)}.`);
}

/** The id in a path, which follows `before`. */
export function idIn(req: IncomingMessage, before: string): string {
  const { pathname } = new URL(req.url ?? '/', 'http://localhost');
  return decodeURIComponent(pathname.slice(before.length).replace(/\/(?:content|cancel)$/, ''));
}
