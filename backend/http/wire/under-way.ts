// The memory that all requests under way may take together (server.max_inflight_mb): their bodies, from the first byte
// until the request is over, and long whole answers until their readers have them. Counted while they grow, so that a few
// hundred kilobytes that unpack to gigabytes are refused in time. It only counts; body.ts reads, encode.ts writes.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { AppError } from '../../contract/errors.ts';

const MB = 1024 * 1024;
/** Bodies come and go within seconds where nobody stands in a long line. */
const RETRY_MS = 2000;

/** By connection, so that code that reads or writes on one needs only the connection. */
const byConnection = new WeakMap<Duplex, UnderWay>();

/** What counts for this connection; undefined where nothing does. */
export function underWayAt(connection: Duplex): UnderWay | undefined {
  return byConnection.get(connection);
}

export class UnderWay {
  readonly #limitMb: () => number;
  readonly #bodies = new Map<IncomingMessage, number>();
  #used = 0;

  /** `limitMb` is asked each time. */
  constructor(limitMb: () => number) {
    this.#limitMb = limitMb;
  }

  /** Bytes taken now. */
  get used(): number {
    return this.#used;
  }

  /** Bytes that may be taken at all. */
  get limit(): number {
    return this.#limitMb() * MB;
  }

  /** What is read and written there counts from now on. */
  counts(connection: Duplex): void {
    byConnection.set(connection, this);
  }

  /**
   * Takes some bytes; give them back in any case. Throws overloaded when all are taken already: what comes last may
   * reach over the limit, so that a long answer is never too long for an idle gateway.
   */
  take(bytes: number): void {
    if (this.#used >= this.limit) {
      const mb = this.#limitMb();
      const sentence = `Requests under way fill the memory they may take (server.max_inflight_mb, ${mb} MB). Try again soon, or raise it.`;
      throw new AppError('overloaded', sentence, { retryAfterMs: RETRY_MS });
    }
    this.#used += bytes;
  }

  /** For work that comes on no connection: the bytes count until the result is called. Throws overloaded. */
  hold(bytes: number): () => void {
    this.take(bytes);
    let held = bytes;
    return () => {
      this.giveBack(held);
      held = 0;
    };
  }

  giveBack(bytes: number): void {
    this.#used -= bytes;
  }

  /** Takes some more bytes for a request's body. Throws overloaded. */
  grow(req: IncomingMessage, bytes: number): void {
    this.take(bytes);
    this.#bodies.set(req, (this.#bodies.get(req) ?? 0) + bytes);
  }

  /** The body of a request is now this long: its packed form is gone. */
  shrink(req: IncomingMessage, bytes: number): void {
    this.giveBack((this.#bodies.get(req) ?? 0) - bytes);
    this.#bodies.set(req, bytes);
  }

  /** The request is over, or its body was refused. Twice is harmless. */
  over(req: IncomingMessage): void {
    if (this.#bodies.has(req)) this.keep(req)();
  }

  /** For a job that outlives its request: the body counts until the result is called. */
  keep(req: IncomingMessage): () => void {
    let bytes = this.#bodies.get(req) ?? 0;
    this.#bodies.delete(req);
    return () => {
      this.giveBack(bytes);
      bytes = 0;
    };
  }
}
