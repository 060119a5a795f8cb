// Entries in memory in groups of some hundreds: each of one owner and one model. Clearing by owner, model or age takes whole
// groups, so finding, counting and marking them as removed is cheap however many entries there are. A group is also the portion in which removed entries are freed later.
import type { Truncated } from '../../contract/chat/chat.ts';
import { canonicalName } from '../../contract/model-name.ts';
import { sees } from '../ownership.ts';
import type { Used } from './recent.ts';

/** Few enough that freeing one does not delay a request that comes meanwhile. */
export const GROUP_SIZE = 250;

/** Marks remembered with an answer, and the bytes that one takes. */
const MOST_MARKS = 64;
export const MARK_BYTES = 48;

/** A kept record, and what is known of it. */
export interface Entry extends Used {
  readonly key: string;
  group: Group;
  /** The number of its first block, and its bytes. */
  readonly block: number;
  readonly length: number;
  /** Bytes that it costs in all, its ready texts among them. */
  cost: number;
  /** Milliseconds since 1970, for those who are shown it. */
  readonly storedAt: number;
  /** Moments of the monotonic clock: an entry's age does not change when the machine's clock is set. */
  readonly keptAt: number;
  readonly expiresAt: number;
  /** What the run had cost: milliseconds of model time and tokens written. */
  readonly runMs: number;
  readonly tokens: number;
  /** Marks with which it, or an answer in its place before, was asked for; the newest last. */
  readonly marks: readonly string[];
  /** Its prompt did not fit into the context; undefined where it did. */
  readonly truncated: Truncated | undefined;
  /** When its last use was noted on the disk, by the monotonic clock. */
  notedAt: number;
}

export interface Group {
  /** Whose these are; others have no key that leads to them. */
  readonly owner: string;
  readonly model: string;
  readonly entries: Set<Entry>;
  /** Sums of `length` and of `cost`. */
  bytes: number;
  cost: number;
  newestAt: number;
  /** Its entries count as removed, though they take room until they are taken apart. */
  isGone: boolean;
}

/** Which entries are meant. */
export interface Which {
  /** Those that it may see. */
  readonly watcher: string;
  readonly model?: string | undefined;
  /** Those kept before this moment of the monotonic clock. */
  readonly before?: number | undefined;
}

export interface Sum {
  entries: number;
  bytes: number;
}

export class Groups {
  readonly #all = new Set<Group>();
  /** Where the next entry of an owner and a model goes. */
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

  /** Takes out all that are meant, as groups that are gone. */
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

  /** Those of a group that were kept before a moment, as a group of their own. */
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

/** One that is in no list. */
export function emptyGroup(owner: string, model: string): Group {
  return { owner, model, entries: new Set(), bytes: 0, cost: 0, newestAt: -Infinity, isGone: false };
}

function nameOf({ owner, model }: Pick<Group, 'owner' | 'model'>): string {
  return JSON.stringify([owner, model]);
}

/** The marks of the answer whose place is taken, and the new one. */
export function withMark(before: readonly string[], mark: string | undefined): readonly string[] {
  return mark === undefined || before.includes(mark) ? before : [...before, mark].slice(-MOST_MARKS);
}
