// A cache hit: its metadata, and its record, which is copied out of the cache when needed.
import type { Completion, Truncated } from '../../contract/chat/chat.ts';
import type { Tier } from '../../contract/views/fleet-view.ts';
import type { Entry } from './groups.ts';
import { decodeKept, decodeRecord, hasCalls, type KeptAnswer } from './record.ts';
import type { Slabs } from './slabs.ts';

/** A class and not an object with getters: V8 gives each of those a hidden class of its own. */
export class Hit {
  /** The same object for as long as the same answer is kept. */
  readonly entry: Entry;
  readonly model: string;
  readonly storedAt: number;
  /** Whole seconds since it was stored, and until it expires. */
  readonly age: number;
  readonly ttl: number;
  readonly runMs: number;
  readonly tokens: number;
  /** The marks (cache.fresh_when) that this answer is valid for. */
  readonly marks: readonly string[];
  /** Set when its prompt did not fit. */
  readonly truncated: Truncated | undefined;
  /** When it was found, on the monotonic clock. */
  readonly now: number;
  /** Where it was found; by now it is in memory. */
  tier: Tier = 'memory';
  readonly #slabs: Pick<Slabs, 'read'>;
  #bytes: Buffer | undefined;

  /** `now` is on the monotonic clock. */
  constructor(entry: Entry, slabs: Pick<Slabs, 'read'>, now: number) {
    this.entry = entry;
    this.model = entry.group.model;
    this.storedAt = entry.storedAt;
    this.age = Math.floor((now - entry.keptAt) / 1000);
    this.ttl = Math.floor((entry.expiresAt - now) / 1000);
    this.runMs = entry.runMs;
    this.tokens = entry.tokens;
    this.marks = entry.marks;
    this.truncated = entry.truncated;
    this.now = now;
    this.#slabs = slabs;
  }

  /** The kept bytes: a vector, or an encoded answer. Copied once, and only while the entry is kept. */
  get bytes(): Buffer {
    this.#bytes ??= this.#slabs.read(this.entry.block, this.entry.length);
    return this.#bytes;
  }

  /** The cheap form, for a JSON answer. */
  kept(): KeptAnswer {
    return decodeKept(this.bytes);
  }

  record(): Completion {
    return decodeRecord(this.bytes);
  }

  /** Whether it has tool calls, which get new ids for each caller. */
  get hasCalls(): boolean {
    return hasCalls(this.kept());
  }
}
