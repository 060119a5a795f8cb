// The gateway's connection to Valkey, kept up: one connection that is asked, and one on which Valkey says that something which
// was read has changed (client-side tracking). Nobody waits for a Valkey that is away: a question takes at most
// cluster.timeout_ms, the first that finds none answers for all that follow, and only the link itself looks whether it is back.
import type { Redis } from 'ioredis';
import type { Clock } from '../core/ports.ts';
import { lookOver, type ValkeySays } from './look-over.ts';
import { newClient, type ValkeyAccess } from './valkey-client.ts';
import { endsTheLink, OutwaitedError, troubleOf, ValkeyAway, type ValkeyTrouble } from './valkey-failure.ts';

/** Pauses between tries, each up to twice as long as the one before. Milliseconds. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;
/** A link that lasted so long has stood; one that breaks sooner, as for a right that is missing, is not tried again at once. */
const STOOD_MS = 5000;
/** How often one that is not used is looked at, so that a Valkey that hangs is noticed by the link and not by a caller. */
const LOOK_MS = 2000;
/** For all that is done before a link can be used. */
const OPENING_MS = 5000;

/** On which Valkey says what has changed (redis.io, "Client-side caching"). */
const CHANGES = '__redis__:invalidate';

export interface LinkParts extends ValkeyAccess {
  readonly clock: Clock;
  /** Of this gateway's connections in Valkey's list of clients. */
  readonly clientName: string;
}

/** Those who work over a link. All of them are told in the order in which they came. */
export interface LinkUser {
  /** Done before anybody may ask; when it fails, the link is not up. */
  opened?(redis: Redis): Promise<void>;
  /** It can be asked from now on. */
  up?(says: ValkeySays): void;
  /** It cannot be asked, from the start on or again; told once for each trouble. */
  down?(trouble: ValkeyTrouble): void;
  /** Something that was read by `tracked` has changed; undefined: it is not known what. */
  changed?(key: string | undefined): void;
  /** It is closed, and will not be up again. */
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

  /** Before it is opened. */
  use(user: LinkUser): void {
    this.#users.push(user);
  }

  get isUp(): boolean {
    return this.#pair !== undefined;
  }

  /** Begins to connect, and goes on until it is closed. Nothing waits for it. */
  open(): void {
    this.#running ??= this.#run().catch(() => undefined);
  }

  /** Questions under way end as with a Valkey that went away. */
  async close(): Promise<void> {
    this.#life.abort(new ValkeyAway('the link is closed'));
    this.#pair?.lose(this.#life.signal.reason);
    await this.#running;
    for (const user of this.#users) user.closed?.();
  }

  /**
   * Asks Valkey. Throws ValkeyAway where it can't be asked, or gives no answer in time, and what Valkey says against the
   * question itself (ReplyError), as for want of room.
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
      // Not all gateways of a fleet at the same moment.
      await clock.sleep(pauseMs * (0.5 + Math.random() / 2), signal);
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    }
  }

  /** One life of the link, from the first try to connect to its end; gives why it ended. */
  async #live(signal: AbortSignal): Promise<unknown> {
    const pair = await this.#connect();
    try {
      signal.throwIfAborted();
      const says = await this.#within(OPENING_MS, this.#prepare(pair));
      // It may have been closed meanwhile.
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
      // The event tells the cause, and the rejection only that the connection is closed.
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

  /** Looks at both connections from time to time; gives what stops it. */
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

  /** The same within so many milliseconds; throws OutwaitedError after them. */
  async #within<T>(ms: number, answer: Promise<T>): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      const late = (): void => reject(new OutwaitedError('no answer in time'));
      // Where it was this process that was held up, the answer is there by now, and is read before that.
      const stop = this.#parts.clock.after(ms, () => setImmediate(() => setImmediate(late)));
      answer.then(resolve, reject).finally(stop);
    });
  }
}

/**
 * Reads something of which `changed` tells once when it changes after this. `read` puts one command after another: Valkey
 * tracks what the next command reads, and a script counts as one.
 */
export async function tracked<T>(redis: Redis, read: (redis: Redis) => Promise<T>): Promise<T> {
  const [, value] = await Promise.all([redis.client('CACHING', 'YES'), read(redis)]);
  return value;
}
