// The gateway's connection to Valkey, kept up: one connection for commands, and one for notices that a key that was
// read has changed (client-side tracking). Nobody waits for a Valkey that is away: a command takes at most
// cluster.timeout_ms, the first failure answers all that follow, and only the link itself checks whether it is back.
import type { Redis } from 'ioredis';
import type { Clock } from '../core/ports.ts';
import { lookOver, type ValkeySays } from './look-over.ts';
import { newClient, type ValkeyAccess } from './valkey-client.ts';
import { endsTheLink, OutwaitedError, troubleOf, ValkeyAway, type ValkeyTrouble } from './valkey-failure.ts';

/** Pauses between attempts, each up to twice as long as the one before. Milliseconds. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;
/**
 * A link that lasted this long was stable; after a shorter one, as for a missing right, the next attempt is delayed.
 * Milliseconds.
 */
const STOOD_MS = 5000;
/**
 * Interval of a check on an idle link, so that the link notices a hanging Valkey before a caller does. Milliseconds.
 */
const LOOK_MS = 2000;
/** Timeout for all steps before a link can be used. Milliseconds. */
const OPENING_MS = 5000;

/** The channel on which Valkey reports changes (redis.io, "Client-side caching"). */
const CHANGES = '__redis__:invalidate';

export interface LinkParts extends ValkeyAccess {
  readonly clock: Clock;
  /** Name of this gateway's connections in Valkey's client list. */
  readonly clientName: string;
}

/** Code that works over a link. All users are called in the order in which they were added. */
export interface LinkUser {
  /** Runs before anybody may send commands; if it fails, the link is not up. */
  opened?(redis: Redis): Promise<void>;
  /** Commands can be sent from now on. */
  up?(says: ValkeySays): void;
  /** Commands cannot be sent, from the start or any more; called once per trouble. */
  down?(trouble: ValkeyTrouble): void;
  /** A key that was read by `tracked` has changed; undefined: it is unknown which. */
  changed?(key: string | undefined): void;
  /** The link is closed for good. */
  closed?(): void;
}

interface Pair {
  readonly asked: Redis;
  readonly told: Redis;
  lose(error: unknown): void;
  readonly lost: Promise<unknown>;
}

export class Link {
  readonly #parts: LinkParts;
  readonly #users: LinkUser[] = [];
  readonly #life = new AbortController();
  #pair: Pair | undefined;
  #running: Promise<void> | undefined;

  constructor(parts: LinkParts) {
    this.#parts = parts;
  }

  /** Adds a user; call before `open`. */
  use(user: LinkUser): void {
    this.#users.push(user);
  }

  get isUp(): boolean {
    return this.#pair !== undefined;
  }

  /** Starts connecting, and keeps on until closed. Nothing waits for it. */
  open(): void {
    this.#running ??= this.#run().catch(() => undefined);
  }

  /** Commands in progress fail as with a Valkey that went away. */
  async close(): Promise<void> {
    this.#life.abort(new ValkeyAway('the link is closed'));
    this.#pair?.lose(this.#life.signal.reason);
    await this.#running;
    for (const user of this.#users) user.closed?.();
  }

  /**
   * Sends a command. Throws ValkeyAway if Valkey is unreachable or does not answer in time, and Valkey's own errors
   * about the command (ReplyError), such as lack of room.
   */
  async ask<T>(question: (redis: Redis) => Promise<T>): Promise<T> {
    const pair = this.#pair;
    if (pair === undefined) throw new ValkeyAway('Valkey is away');
    try {
      return await this.#within(this.#parts.cluster.timeout_ms, question(pair.asked));
    } catch (error) {
      if (!endsTheLink(error)) throw error;
      pair.lose(error);
      throw new ValkeyAway('Valkey went away', { cause: error });
    }
  }

  async #run(): Promise<void> {
    const { clock } = this.#parts;
    const { signal } = this.#life;
    let pauseMs = FIRST_PAUSE_MS;
    while (!signal.aborted) {
      const began = clock.elapsed();
      const why = await this.#live(signal).catch((error: unknown) => error);
      if (signal.aborted) return;
      const trouble = troubleOf(why);
      for (const user of this.#users) user.down?.(trouble);
      if (clock.elapsed() - began > STOOD_MS) pauseMs = FIRST_PAUSE_MS;
      // Random, so that the gateways of a fleet do not retry at the same moment.
      await clock.sleep(pauseMs * (0.5 + Math.random() / 2), signal);
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    }
  }

  /** One life of the link, from connecting to its end; returns why it ended. */
  async #live(signal: AbortSignal): Promise<unknown> {
    const pair = await this.#connect();
    try {
      signal.throwIfAborted();
      const says = await this.#within(OPENING_MS, this.#prepare(pair));
      // The link may have been closed meanwhile.
      signal.throwIfAborted();
      this.#pair = pair;
      for (const user of this.#users) user.up?.(says);
      const looks = this.#look(pair);
      return await pair.lost.finally(looks);
    } finally {
      this.#pair = undefined;
      pair.asked.disconnect();
      pair.told.disconnect();
    }
  }

  async #connect(): Promise<Pair> {
    const { clientName } = this.#parts;
    const asked = await newClient(this.#parts, clientName);
    const told = await newClient(this.#parts, `${clientName}-told`);
    let lose: Pair['lose'] = () => undefined;
    const lost = new Promise<unknown>((settle) => (lose = settle));
    for (const client of [asked, told]) {
      // The event has the cause; the rejection only says that the connection is closed.
      client.on('error', lose);
      client.once('end', () => lose(new ValkeyAway('the connection has ended')));
    }
    try {
      const both = Promise.all([asked.connect(), told.connect()]);
      both.catch(() => undefined);
      const broke = lost.then((error) => {
        throw error;
      });
      await this.#within(OPENING_MS, Promise.race([both, broke]));
      return { asked, told, lose, lost };
    } catch (error) {
      asked.disconnect();
      told.disconnect();
      throw error;
    }
  }

  async #prepare({ asked, told }: Pair): Promise<ValkeySays> {
    const says = lookOver(await asked.info());
    const id = await told.client('ID');
    told.on('messageBuffer', (_channel: Buffer, keys: unknown) => this.#changed(keys));
    await told.subscribe(CHANGES);
    await asked.client('TRACKING', 'ON', 'REDIRECT', id, 'OPTIN', 'NOLOOP');
    for (const user of this.#users) await user.opened?.(asked);
    return says;
  }

  /** One message has several keys, or none when everything was removed at once. */
  #changed(keys: unknown): void {
    const told = Array.isArray(keys) ? keys.map(String) : [undefined];
    for (const key of told) for (const user of this.#users) user.changed?.(key);
  }

  /** Checks both connections at intervals; returns the function that stops it. */
  #look(pair: Pair): () => void {
    const { clock, cluster } = this.#parts;
    const look = (): void => {
      const both = Promise.all([pair.asked.ping(), pair.told.ping()]);
      this.#within(cluster.timeout_ms, both).then(() => {
        stop = clock.after(LOOK_MS, look);
      }, pair.lose);
    };
    let stop = clock.after(LOOK_MS, look);
    return () => stop();
  }

  /** The answer within that many milliseconds; throws OutwaitedError after them. */
  async #within<T>(ms: number, answer: Promise<T>): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      const late = (): void => reject(new OutwaitedError('no answer in time'));
      // If this process itself was delayed, the answer has arrived and is read first.
      const stop = this.#parts.clock.after(ms, () => setImmediate(() => setImmediate(late)));
      answer.then(resolve, reject).finally(stop);
    });
  }
}

/**
 * Reads a key and has `changed` called once when it changes afterwards. `read` must send one command right away: Valkey
 * tracks what the next command reads, and a script counts as one.
 */
export async function tracked<T>(redis: Redis, read: (redis: Redis) => Promise<T>): Promise<T> {
  const [, value] = await Promise.all([redis.client('CACHING', 'YES'), read(redis)]);
  return value;
}
