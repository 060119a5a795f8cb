// Answers go out as fast as their readers take them, so a slow reader costs no memory. How much
// each has taken can be seen at the connection (connections.ts cuts those that take nothing).
import type { ServerResponse } from 'node:http';
import { underWayAt } from './under-way.ts';

/**
 * The most that is written at once. Node counts a write as taken only when all of it is, so an answer in one piece would not be
 * seen to be taken until its end. Bytes.
 */
const SLICE = 64 * 1024;

/** Writes a piece of an answer. Resolves when the reader takes more, or has gone. */
export async function give(res: ServerResponse, piece: string | Uint8Array): Promise<void> {
  if (piece.length <= SLICE) {
    if (!res.write(piece)) await drained(res);
    return;
  }
  const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
  for (let at = 0; at < bytes.length && !res.destroyed; at += SLICE) {
    if (!res.write(bytes.subarray(at, at + SLICE))) await drained(res);
  }
}

/**
 * Writes the last piece, and ends the answer. Resolves when all of it is written, or the reader has gone. `bytes` of UTF-8,
 * where they are known: as many as characters means ASCII, which is written without a look at each.
 */
export async function giveLast(res: ServerResponse, piece: string, bytes?: number): Promise<void> {
  if (piece.length > SLICE) await give(res, piece);
  // As a text Node sends it in one packet with what goes before and after it; as bytes these would be three.
  if (!res.destroyed) res.end(piece.length > SLICE ? undefined : piece, bytes === piece.length ? 'latin1' : 'utf8');
}

/** Resolves when an answer that was ended is out as far as this process can tell, or its reader has gone. */
export function taken(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (res.writableFinished || res.destroyed) return resolve();
    res.once('finish', resolve);
    res.once('close', resolve);
  });
}

/** Resolves when the socket takes more, or has gone. */
function drained(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (res.destroyed) return resolve();
    const done = (): void => {
      res.off('drain', done);
      res.off('close', done);
      resolve();
    };
    res.on('drain', done);
    res.on('close', done);
  });
}

/** Whether an answer of so many bytes goes out in parts, so that its reader can be cut in the middle of it. */
export function isLong(bytes: number): boolean {
  return bytes > SLICE;
}

/**
 * Counts the memory of a whole answer until its reader has all of it or is gone. Short ones
 * are not counted. Throws overloaded.
 */
export function countWhole(res: ServerResponse, bytes: number): void {
  const all = isLong(bytes) ? underWayAt(res.req.socket) : undefined;
  if (all === undefined) return;
  all.take(bytes);
  res.once('close', () => all.giveBack(bytes));
}
