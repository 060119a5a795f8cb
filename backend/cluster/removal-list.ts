// What was removed from the fleet's answers, as a list in Valkey (a stream) that every gateway follows: what is removed on one
// must go from the memory and the disk of all. Valkey's client-side tracking tells when the list has grown; it is read from where
// one was, so that a gateway that was cut off, or was not there, makes up for what it has missed.
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { RemovalPlaces, ToRemove } from '../core/disk.ts';
import type { Removals } from '../core/fleet.ts';
import { tracked, type Link, type LinkUser } from './link.ts';

/** Entries that are kept, about. Where some were cut off that a gateway has not read, all that it had before the oldest goes. */
export const MOST_REMOVALS = 2000;
/** Entries read at once. */
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
  /** By which this process knows its own removals, which it has done already. */
  readonly self: string;
  /** What is removed here when it was removed elsewhere. */
  readonly here: Removals;
  /** How far that was done, beyond a restart. */
  places(): RemovalPlaces;
}

export class RemovalList implements LinkUser {
  readonly #parts: RemovalListParts;
  /** The last that was done here; undefined until it is asked for. */
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
    // Where Valkey is away, it is read when the link opens again.
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
   * Reads on, from the entry that was done last. Where that is not there any more, the list was cut beyond it, or lost and begun
   * anew, perhaps by a clock that is behind: then all of the list is new here.
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
      // Its beginning may be cut off already, with entries that were never read here.
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
   * Does here what others have done. `now` by Valkey's clock, which also names the entries. A key goes whatever its age here, as the
   * clocks of two machines do not tell which of two answers is the newer one.
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

/** Sees all. */
const EVERYBODY = 'local';

/** Undefined for what a newer Hearth may have written. */
export function removalIn(what: string): Removal | undefined {
  try {
    return removalSchema.safeParse(JSON.parse(what)).data;
  } catch {
    return undefined;
  }
}

/** Seconds since an entry was made. */
function ageS(id: string, now: number): number {
  return Math.max(0, now - Number(id.split('-', 1)[0])) / 1000;
}

function* pairs(fields: readonly string[]): Generator<readonly [string, string]> {
  for (let at = 0; at + 1 < fields.length; at += 2) yield [fields[at] ?? '', fields[at + 1] ?? ''];
}
