// Answers being fetched from other gateways. What is removed meanwhile must not come into memory afterwards.
import type { StoredAnswer } from '../disk.ts';

/** Whether a removal covers this answer. Removals by age are not tracked: a new lookup finds what is left. */
type Meant = (key: string, answer: StoredAnswer) => boolean;

export class OnTheWay {
  /** For each running lookup, what was removed since it began. */
  readonly #removed = new Set<Meant[]>();

  /** The result of a lookup without what was removed meanwhile. Rejects with what the lookup rejects with. */
  async find(question: Promise<ReadonlyMap<string, StoredAnswer>>): Promise<ReadonlyMap<string, StoredAnswer>> {
    const removed: Meant[] = [];
    this.#removed.add(removed);
    try {
      const found = await question;
      if (removed.length === 0) return found;
      return new Map([...found].filter(([key, answer]) => !removed.some((meant) => meant(key, answer))));
    } finally {
      this.#removed.delete(removed);
    }
  }

  removed(meant: Meant): void {
    for (const since of this.#removed) since.push(meant);
  }
}
