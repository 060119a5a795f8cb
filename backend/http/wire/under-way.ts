// The memory that all requests in progress may use together (server.max_inflight_mb): their bodies, from the first byte
// until the request is over, and long whole answers until their clients have read them. Counted while they grow, so
// that a few hundred kilobytes that decompress to gigabytes are refused in time. This file only counts; body.ts reads,
// encode.ts writes.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { AppError } from '../../contract/errors.ts';

const MB = 1024 * 1024;
/** Bodies come and go within seconds unless the queue is long. */
const RETRY_MS = 2000;

/** By connection, so that code that reads or writes needs only the connection. */
const byConnection = new WeakMap<Duplex, UnderWay>();

/** The counter of this connection; undefined if nothing is counted. */
export function underWayAt(connection: Duplex): UnderWay | undefined {
  return byConnection.get(connection);
}

export class UnderWay {
  readonly #limitMb: () => number;
  readonly #bodies = new Map<IncomingMessage, number>();
  #used = 0;

  /** `limitMb` is read each time. */
  constructor(limitMb: () => number) {
    this.#limitMb = limitMb;
  }

  /** Bytes in use. */
  get used(): number {
    return this.#used;
  }

  /** Bytes that may be in use at all. */
  get limit(): number {
    return this.#limitMb() * MB;
  }

  /** Counts this connection's reads and writes from now on. */
  counts(connection: Duplex): void {
    byConnection.set(connection, this);
  }

  /**
   * Takes some bytes; give them back in any case. Throws overloaded when the limit is already reached. The last one may
   * exceed the limit, so that a long answer is never too long for an idle gateway.
   */
  take(bytes: number): void {
    if (this.#used >= this.limit) {
      const mb = this.#limitMb();
      const sentence = `Requests under way fill the memory they may take (server.max_inflight_mb, ${mb} MB). Try again soon, or raise it.`;
      throw new AppError('overloaded', sentence, { retryAfterMs: RETRY_MS });
    }
    this.#used += bytes;
  }

  /** For work without a connection: the bytes count until the returned function is called. Throws overloaded. */
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

  /** Takes more bytes for a request's body. Throws overloaded. */
  grow(req: IncomingMessage, bytes: number): void {
    this.take(bytes);
    this.#bodies.set(req, (this.#bodies.get(req) ?? 0) + bytes);
  }

  /** Sets the length of a request's body once its compressed form is gone. */
  shrink(req: IncomingMessage, bytes: number): void {
    this.giveBack((this.#bodies.get(req) ?? 0) - bytes);
    this.#bodies.set(req, bytes);
  }

  /** Call when the request is over, or its body was refused. A second call does nothing. */
  over(req: IncomingMessage): void {
    if (this.#bodies.has(req)) this.keep(req)();
  }

  /** For a job that outlives its request: the body counts until the returned function is called. */
  keep(req: IncomingMessage): () => void {
    let bytes = this.#bodies.get(req) ?? 0;
    this.#bodies.delete(req);
    return () => {
      this.giveBack(bytes);
      bytes = 0;
    };
  }
}
