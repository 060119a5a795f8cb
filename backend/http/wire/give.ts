// Sends answers as fast as their clients read them, so a slow client costs no memory. The connection shows how much
// each client has taken (connections.ts cuts those that take nothing).
import type { ServerResponse } from 'node:http';
import { underWayAt } from './under-way.ts';

/**
 * Bytes of the largest single write. Node counts a write as taken only as a whole, so an answer in one piece would seem
 * not to be taken until its end.
 */
const SLICE = 64 * 1024;

/** Writes a piece of an answer. Resolves when the client takes more, or left. */
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
 * Writes the last piece and ends the answer. Resolves when all of it is written, or the client left. `bytes`: length in
 * UTF-8, if known. If it equals the number of characters the text is ASCII, which is written without encoding it.
 */
export async function giveLast(res: ServerResponse, piece: string, bytes?: number): Promise<void> {
  if (piece.length > SLICE) await give(res, piece);
  // Node sends text in one packet with the headers and the end; bytes would make three packets.
  if (!res.destroyed) res.end(piece.length > SLICE ? undefined : piece, bytes === piece.length ? 'latin1' : 'utf8');
}

/** Resolves when an ended answer has left this process, or its client left. */
export function taken(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (res.writableFinished || res.destroyed) return resolve();
    res.once('finish', resolve);
    res.once('close', resolve);
  });
}

/** Resolves when the socket takes more, or is gone. */
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

/** Whether an answer of this many bytes goes out in slices, so that a stalled client can be cut in the middle of it. */
export function isLong(bytes: number): boolean {
  return bytes > SLICE;
}

/**
 * Counts the memory of a whole answer until its client has read all of it or left. Short answers are not counted.
 * Throws overloaded.
 */
export function countWhole(res: ServerResponse, bytes: number): void {
  const all = isLong(bytes) ? underWayAt(res.req.socket) : undefined;
  if (all === undefined) return;
  all.take(bytes);
  res.once('close', () => all.giveBack(bytes));
}
