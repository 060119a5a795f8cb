// Groups of some hundred entries in memory, each of one owner and one model. Clearing by owner, model or age takes
// whole groups, so it is cheap however many entries there are. A group is also the portion in which removed entries are
// freed later.
import type { Truncated } from '../../contract/chat/chat.ts';
import { canonicalName } from '../../contract/model-name.ts';
import { sees } from '../ownership.ts';
import type { Used } from './recent.ts';

/** Small enough that freeing a group does not delay a request. */
export const GROUP_SIZE = 250;

/** How many marks an answer keeps, and the bytes of each. */
const MOST_MARKS = 64;
export const MARK_BYTES = 48;

/** A kept record and its metadata. */
export interface Entry extends Used {
  readonly key: string;
  group: Group;
  /** The number of its first block, and its bytes. */
  readonly block: number;
  readonly length: number;
  /** The bytes that it costs in total, including its ready texts. */
  cost: number;
  /** Milliseconds since 1970, for display. */
  readonly storedAt: number;
  /** On the monotonic clock: an entry's age does not change when the machine's clock is set. */
  readonly keptAt: number;
  readonly expiresAt: number;
  /** The cost of the run: milliseconds of model time, and tokens generated. */
  readonly runMs: number;
  readonly tokens: number;
  /** The marks that it, or an earlier answer in its place, was asked with; the newest last. */
  readonly marks: readonly string[];
  /** Set when its prompt did not fit into the context. */
  readonly truncated: Truncated | undefined;
  /** When its last use was noted on disk, on the monotonic clock. */
  notedAt: number;
}

export interface Group {
  /** The owner of the entries; others have no key that leads to them. */
  readonly owner: string;
  readonly model: string;
  readonly entries: Set<Entry>;
  /** Sums of `length` and of `cost`. */
  bytes: number;
  cost: number;
  newestAt: number;
  /** Its entries count as removed, but take memory until they are freed. */
  isGone: boolean;
}

/** Which entries are meant. */
export interface Which {
  /** Who asks; limits the entries to what it may see. */
  readonly watcher: string;
  readonly model?: string | undefined;
  /** Only entries kept before this time on the monotonic clock. */
  readonly before?: number | undefined;
}

export interface Sum {
  entries: number;
  bytes: number;
}

export class Groups {
  readonly #all = new Set<Group>();
  /** The group that the next entry of an owner and model goes into. */
  readonly #open = new Map<string, Group>();

  /** The group for the next entry. */
  for(owner: string, model: string): Group {
    const name = nameOf({ owner, model });
    const open = this.#open.get(name);
    if (open !== undefined && open.entries.size < GROUP_SIZE) return open;
    const group = emptyGroup(owner, model);
    this.#open.set(name, group);
    return group;
  }

  add(entry: Entry): void {
    const { group } = entry;
    group.entries.add(entry);
    group.bytes += entry.length;
    group.cost += entry.cost;
    group.newestAt = Math.max(group.newestAt, entry.keptAt);
    if (!group.isGone) this.#all.add(group);
  }

  delete(entry: Entry): void {
    const { group } = entry;
    group.entries.delete(entry);
    group.bytes -= entry.length;
    group.cost -= entry.cost;
    if (group.entries.size === 0) this.#close(group);
  }

  #close(group: Group): void {
    this.#all.delete(group);
    const name = nameOf(group);
    if (this.#open.get(name) === group) this.#open.delete(name);
  }

  /** Removes all matching entries, as groups marked as removed. */
  take({ watcher, model, before = Infinity }: Which): Group[] {
    const wanted = model === undefined ? undefined : canonicalName(model);
    const taken: Group[] = [];
    for (const group of this.#all) {
      if (!sees(watcher, group.owner)) continue;
      if (wanted !== undefined && canonicalName(group.model) !== wanted) continue;
      const gone = group.newestAt < before ? group : this.#split(group, before);
      if (gone.entries.size === 0) continue;
      gone.isGone = true;
      this.#close(gone);
      taken.push(gone);
    }
    return taken;
  }

  /** Moves the entries of a group that were kept before a time into a group of their own. */
  #split(group: Group, before: number): Group {
    const older = emptyGroup(group.owner, group.model);
    for (const entry of group.entries) {
      if (entry.keptAt >= before) continue;
      this.delete(entry);
      entry.group = older;
      this.add(entry);
    }
    return older;
  }

  /** Sums by model of what a watcher may see. */
  sums(watcher: string): Map<string, Sum> {
    const sums = new Map<string, Sum>();
    for (const { owner, model, entries, bytes } of this.#all) {
      if (!sees(watcher, owner)) continue;
      const sum = sums.get(model) ?? { entries: 0, bytes: 0 };
      sums.set(model, { entries: sum.entries + entries.size, bytes: sum.bytes + bytes });
    }
    return sums;
  }
}

/** A group that is in no list. */
export function emptyGroup(owner: string, model: string): Group {
  return { owner, model, entries: new Set(), bytes: 0, cost: 0, newestAt: -Infinity, isGone: false };
}

function nameOf({ owner, model }: Pick<Group, 'owner' | 'model'>): string {
  return JSON.stringify([owner, model]);
}

/** The marks of the replaced answer, and the new one. */
export function withMark(before: readonly string[], mark: string | undefined): readonly string[] {
  return mark === undefined || before.includes(mark) ? before : [...before, mark].slice(-MOST_MARKS);
}
