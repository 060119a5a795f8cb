// Answers that are on their way from other gateways: what is removed meanwhile must not come into memory after that.
import type { StoredAnswer } from '../disk.ts';

/** Whether a removal meant this answer. Of those by age it is not asked: who looks again finds what is left. */
type Meant = (key: string, answer: StoredAnswer) => boolean;

export class OnTheWay {
  /** For each question under way, what was removed since it began. */
  readonly #removed = new Set<Meant[]>();

  /** What a question finds, but for what is removed before it has ended. Rejects with what the question rejects with. */
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
