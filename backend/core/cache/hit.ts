// A kept answer that was found: what is known of it, and its record, which is copied out of the cache when it is needed.
import type { Completion, Truncated } from '../../contract/chat/chat.ts';
import type { Tier } from '../../contract/fleet-view.ts';
import type { Entry } from './groups.ts';
import { decodeKept, decodeRecord, hasCalls, type KeptAnswer } from './record.ts';
import type { Slabs } from './slabs.ts';

/** A class, no object with getters: V8 gives each of those a hidden class of its own. */
export class Hit {
  /** The same object as long as the same answer is kept. */
  readonly entry: Entry;
  readonly model: string;
  readonly storedAt: number;
  /** Whole seconds since it was stored, and until it expires. */
  readonly age: number;
  readonly ttl: number;
  readonly runMs: number;
  readonly tokens: number;
  /** The marks (cache.fresh_when) that this answer is good for. */
  readonly marks: readonly string[];
  /** Its prompt did not fit. */
  readonly truncated: Truncated | undefined;
  /** When it was found, by the monotonic clock. */
  readonly now: number;
  /** Where it was found; it is in memory by now. */
  tier: Tier = 'memory';
  readonly #slabs: Pick<Slabs, 'read'>;
  #bytes: Buffer | undefined;

  /** `now` by the monotonic clock. */
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

  /** What was kept: a vector, or an answer, which the others read. Copied once, and only while the entry is kept. */
  get bytes(): Buffer {
    this.#bytes ??= this.#slabs.read(this.entry.block, this.entry.length);
    return this.#bytes;
  }

  /** The cheap form for a JSON answer. */
  kept(): KeptAnswer {
    return decodeKept(this.bytes);
  }

  record(): Completion {
    return decodeRecord(this.bytes);
  }

  /** Whether tools are called in it: they get new ids for each caller. */
  get hasCalls(): boolean {
    return hasCalls(this.kept());
  }
}
