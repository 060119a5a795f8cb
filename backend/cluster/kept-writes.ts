// Writes to Valkey that only count once enough replicas have them too (cluster.job_replicas), on a separate connection:
// a lagging replica delays nothing else. Writes that arrive during a wait share the next wait.
import type { Redis } from 'ioredis';
import type { Clock } from '../core/ports.ts';
import type { Link, LinkUser } from './link.ts';
import { endsTheLink, OutwaitedError, ValkeyAway } from './valkey-failure.ts';

export interface KeptWritesParts {
  readonly link: Pick<Link, 'isUp'>;
  readonly clock: Clock;
  /** Number of replicas required; at least 1. */
  readonly replicas: number;
  /** Timeout for write and wait together (cluster.timeout_ms). */
  readonly timeoutMs: number;
  /** Makes a separate connection, not connected yet. */
  newClient(): Promise<Redis>;
}

/** The result of a write. */
export interface Written<T> {
  readonly done: T;
  /** False: Valkey has it, but too few replicas do. */
  readonly isKept: boolean;
}

interface Waiting {
  write(redis: Redis): Promise<unknown>;
  resolve(written: Written<unknown>): void;
  reject(error: unknown): void;
}

export class KeptWrites implements LinkUser {
  readonly #parts: KeptWritesParts;
  readonly #waiting: Waiting[] = [];
  #client: Redis | undefined;
  #isWriting = false;
  #isClosed = false;

  constructor(parts: KeptWritesParts) {
    this.#parts = parts;
  }

  /** Milliseconds after which the outcome of a write is known, and a failed write was taken back. */
  get longestMs(): number {
    return 3 * this.#parts.timeoutMs;
  }

  /** The link has moved to another Valkey, or is down: so this connection ends too. */
  down(): void {
    this.#drop();
  }

  closed(): void {
    this.#isClosed = true;
    this.#drop();
  }

  /**
   * Writes, and waits for the replicas. Throws ValkeyAway if Valkey is unreachable or does not answer in time; then it
   * is unknown whether the write happened. Valkey's own errors about the write are thrown unchanged.
   */
  async write<T>(write: (redis: Redis) => Promise<T>): Promise<Written<T>> {
    if (!this.#parts.link.isUp) throw new ValkeyAway('Valkey is away');
    const written = new Promise<Written<unknown>>((resolve, reject) => this.#waiting.push({ write, resolve, reject }));
    if (!this.#isWriting) void this.#writeAll();
    return (await written) as Written<T>;
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) await this.#round(this.#waiting.splice(0));
    this.#isWriting = false;
  }

  /** Runs all writes, then one wait: WAIT covers the earlier writes of its connection. Throws nothing. */
  async #round(round: readonly Waiting[]): Promise<void> {
    const { clock, replicas, timeoutMs } = this.#parts;
    let late = (): void => undefined;
    const isLate = new Promise<never>((_resolve, reject) => {
      late = () => reject(new OutwaitedError('no answer in time'));
    });
    isLate.catch(() => undefined);
    const stop = clock.after(timeoutMs, () => late());
    let done: readonly PromiseSettledResult<unknown>[] = [];
    let have = 0;
    let why: unknown;
    try {
      const redis = await Promise.race([this.#connected(), isLate]);
      // A script may be sent twice, so wait for all answers first.
      done = await Promise.race([Promise.allSettled(round.map(({ write }) => write(redis))), isLate]);
      have = await Promise.race([redis.wait(replicas, Math.ceil(timeoutMs / 2)), isLate]);
    } catch (error) {
      why = error;
      this.#drop();
    } finally {
      stop();
    }
    for (const [at, { resolve, reject }] of round.entries()) {
      const each = done[at];
      if (each?.status === 'fulfilled') resolve({ done: each.value, isKept: have >= replicas });
      else if (each !== undefined && !endsTheLink(each.reason)) reject(each.reason);
      else reject(new ValkeyAway('it is not known what was written', { cause: each?.reason ?? why }));
    }
  }

  async #connected(): Promise<Redis> {
    if (this.#client?.status === 'ready') return this.#client;
    this.#drop();
    const client = await this.#parts.newClient();
    if (this.#isClosed) throw new ValkeyAway('the link is closed');
    this.#client = client;
    await client.connect();
    return client;
  }

  #drop(): void {
    this.#client?.disconnect();
    this.#client = undefined;
  }
}
