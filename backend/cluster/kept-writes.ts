// What is written into Valkey and is only good when so many of its replicas have it too (cluster.job_replicas), on a connection of
// its own: a replica that lags holds up nothing else. Writes that come while others are waited for are waited for together.
import type { Redis } from 'ioredis';
import type { Clock } from '../core/ports.ts';
import type { Link, LinkUser } from './link.ts';
import { endsTheLink, OutwaitedError, ValkeyAway } from './valkey-failure.ts';

export interface KeptWritesParts {
  readonly link: Pick<Link, 'isUp'>;
  readonly clock: Clock;
  /** How many must have it; at least 1. */
  readonly replicas: number;
  /** For writing and waiting together (cluster.timeout_ms). */
  readonly timeoutMs: number;
  /** A connection of its own, not connected yet. */
  newClient(): Promise<Redis>;
}

/** What came of a write. */
export interface Written<T> {
  readonly done: T;
  /** False: Valkey has it, and too few replicas. */
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

  /** After so long it is known of a write whether it is kept, and one that is not has been taken back. Milliseconds. */
  get longestMs(): number {
    return 3 * this.#parts.timeoutMs;
  }

  /** The link has gone to another Valkey, or nowhere: so does this. */
  down(): void {
    this.#drop();
  }

  closed(): void {
    this.#isClosed = true;
    this.#drop();
  }

  /**
   * Writes, and waits for the replicas. Throws ValkeyAway where it can't be asked, or does not answer in time; then it is not known
   * whether it was written. What Valkey says against the write itself is thrown as it is.
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

  /** All of them, and then one wait: WAIT is about what was written on its connection before. Throws nothing. */
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
      // A script may be sent twice, so all of them are answered first.
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
