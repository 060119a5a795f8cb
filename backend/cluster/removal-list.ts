// Removals from the fleet's cache, as a list in Valkey (a stream) that every gateway follows: an answer that is removed
// on one must leave the memory and disk of all. Valkey's client-side tracking reports when the list has grown. Each
// gateway reads on from its own position, so one that was cut off or down catches up.
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { RemovalPlaces, ToRemove } from '../core/disk.ts';
import type { Removals } from '../core/fleet.ts';
import { tracked, type Link, type LinkUser } from './link.ts';

/**
 * Entries kept, about. If entries were cut off that a gateway has not read, it drops all answers older than the oldest
 * entry.
 */
export const MOST_REMOVALS = 2000;
/** Entries per read. */
const PAGE = 500;

const removalSchema = z.union([
  z.strictObject({ key: z.string(), watcher: z.string() }),
  z.strictObject({
    clear: z.strictObject({ watcher: z.string(), model: z.string().optional(), olderThanS: z.number().optional() }),
  }),
]);
/** One removal: of the answer whose key begins so, or of many. */
export type Removal = z.infer<typeof removalSchema>;

type Entry = readonly [id: string, fields: string[]];

export interface RemovalListParts {
  readonly link: Link;
  /** The name of the list in Valkey. */
  readonly name: string;
  /** The name by which this process recognizes its own removals, which are done already. */
  readonly self: string;
  /** Removes here what was removed elsewhere. */
  readonly here: Removals;
  /** The position in the list, kept beyond a restart. */
  places(): RemovalPlaces;
}

export class RemovalList implements LinkUser {
  readonly #parts: RemovalListParts;
  /** The last entry that was applied here; undefined until it is read from disk. */
  #last: string | undefined;
  #reading = false;
  #grewMeanwhile = false;

  constructor(parts: RemovalListParts) {
    this.#parts = parts;
  }

  async opened(redis: Redis): Promise<void> {
    await this.#catchUp(redis);
  }

  changed(name: string | undefined): void {
    if (name !== undefined && name !== this.#parts.name) return;
    if (this.#reading) {
      this.#grewMeanwhile = true;
      return;
    }
    this.#reading = true;
    // While Valkey is away nothing is read; the link reads when it opens again.
    void this.#parts.link
      .ask((redis) => this.#catchUp(redis))
      .catch(() => undefined)
      .finally(() => {
        this.#reading = false;
        if (this.#grewMeanwhile) this.changed(undefined);
        this.#grewMeanwhile = false;
      });
  }

  /**
   * Reads on from the last applied entry. If that entry no longer exists, the list was cut beyond it, or lost and
   * started over, perhaps by a clock that is behind: then the whole list is new here.
   */
  async #catchUp(redis: Redis): Promise<void> {
    const { name, places } = this.#parts;
    let last = this.#last ?? places().doneTo(name) ?? BEGINNING;
    for (;;) {
      const from = last;
      const [page, length, time] = await tracked(redis, (asked) =>
        Promise.all([asked.xrange(name, from, '+', 'COUNT', PAGE), asked.xlen(name), asked.time()]),
      );
      const now = Number(time[0]) * 1000 + Number(time[1]) / 1000;
      const goesOn = page[0]?.[0] === from;
      if (!goesOn && from !== BEGINNING && length > 0) {
        last = BEGINNING;
        continue;
      }
      const entries = goesOn ? page.slice(1) : page;
      const [oldest] = entries;
      // Its beginning may be cut off, with entries that were never read here.
      if (!goesOn && oldest !== undefined && length >= MOST_REMOVALS) {
        this.#parts.here.clear({ watcher: EVERYBODY, olderThanS: ageS(oldest[0], now) });
      }
      this.#take(entries, now);
      last = entries.at(-1)?.[0] ?? from;
      this.#last = last;
      if (last !== from) places().noteDone(name, last);
      if (page.length < PAGE) return;
    }
  }

  /**
   * Applies the removals of others. `now` is by Valkey's clock, which also makes the entries' ids. A removal by key
   * ignores the answer's age here, as two machines' clocks do not tell which of two answers is newer.
   */
  #take(entries: readonly Entry[], now: number): void {
    const { here, self } = this.#parts;
    const keys: { key: string; watcher: string }[] = [];
    const clears: ToRemove[] = [];
    for (const [id, fields] of entries) {
      const { by, what = '' } = Object.fromEntries(pairs(fields)) as { by?: string; what?: string };
      const removal = by === self ? undefined : removalIn(what);
      if (removal === undefined) continue;
      if ('key' in removal) keys.push(removal);
      else clears.push({ ...removal.clear, olderThanS: (removal.clear.olderThanS ?? 0) + ageS(id, now) });
    }
    if (keys.length > 0) here.forget(keys);
    for (const which of clears) here.clear(which);
  }
}

/** Before all entries. */
const BEGINNING = '0-0';

/** A watcher who sees everything. */
const EVERYBODY = 'local';

/** Undefined for entries of a newer Hearth. */
export function removalIn(what: string): Removal | undefined {
  try {
    return removalSchema.safeParse(JSON.parse(what)).data;
  } catch {
    return undefined;
  }
}

/** Age of an entry in seconds. */
function ageS(id: string, now: number): number {
  return Math.max(0, now - Number(id.split('-', 1)[0])) / 1000;
}

function* pairs(fields: readonly string[]): Generator<readonly [string, string]> {
  for (let at = 0; at + 1 < fields.length; at += 2) yield [fields[at] ?? '', fields[at + 1] ?? ''];
}
