// The turns of conversations: one request at a time speaks in each, and the next begins when it has ended. Knows
// conversations only by key; conversations.ts has the messages.
import { orAborted } from '../abort.ts';
import { queueFull } from '../refusals.ts';

/** A request that speaks in a conversation, or waits for its turn. */
interface Speaker {
  begin(): void;
  /** Called with the number of requests ahead. */
  moved(ahead: number): void;
  forgotten: boolean;
}

/** The right to speak. Always leave it; leaving twice is harmless. */
export interface Turn {
  /** The conversation was deleted while it spoke, so the answer must not be stored. */
  readonly forgotten: boolean;
  leave(): void;
}

export class Turns {
  /** By conversation, the request that speaks in it, followed by those that wait. */
  readonly #lines = new Map<string, Speaker[]>();
  readonly #most: () => number;
  readonly #nextPlace: () => number;
  #waiting = 0;

  /** `most` may wait in all conversations together. `nextPlace`: milliseconds until one of them may begin. */
  constructor(most: () => number, nextPlace: () => number) {
    this.#most = most;
    this.#nextPlace = nextPlace;
  }

  /** Whether a request speaks in it now, so that `take` would wait. */
  busy(key: string): boolean {
    return this.#lines.has(key);
  }

  /** Throws queue_full when no more may wait. */
  admit(): void {
    const most = this.#most();
    if (this.#waiting >= most) throw queueFull(most, this.#nextPlace());
  }

  /**
   * Waits for its turn, first come first served. Calls `moved` with the number of requests ahead, at once and at each
   * change. Rejects with the signal's reason, and with queue_full.
   */
  async take(key: string, signal: AbortSignal, moved: (ahead: number) => void): Promise<Turn> {
    signal.throwIfAborted();
    const line = this.#lines.get(key) ?? [];
    if (line.length > 0) this.admit();
    const speaker: Speaker = { begin: () => undefined, moved, forgotten: false };
    line.push(speaker);
    this.#lines.set(key, line);
    const leave = (): void => this.#leave(key, line, speaker);
    if (line.length > 1) {
      moved(line.length - 1);
      this.#waiting++;
      try {
        await orAborted(new Promise<void>((resolve) => (speaker.begin = resolve)), signal);
      } catch (error) {
        leave();
        throw error;
      } finally {
        this.#waiting--;
      }
    }
    // Ignore a delete that came while this request was still waiting.
    speaker.forgotten = false;
    return {
      get forgotten() {
        return speaker.forgotten;
      },
      leave,
    };
  }

  /** The requests behind move up, and the first of them begins if nobody speaks. */
  #leave(key: string, line: Speaker[], speaker: Speaker): void {
    const at = line.indexOf(speaker);
    if (at === -1) return;
    line.splice(at, 1);
    if (line.length === 0) this.#lines.delete(key);
    else if (at === 0) line[0]?.begin();
    for (const [ahead, { moved }] of line.entries()) if (ahead >= Math.max(1, at)) moved(ahead);
  }

  /** Prevents the current answer from being stored. Returns whether a request was speaking. */
  forget(key: string): boolean {
    const [speaker] = this.#lines.get(key) ?? [];
    if (speaker === undefined || speaker.forgotten) return false;
    speaker.forgotten = true;
    return true;
  }

  /** The same for all matching conversations. */
  forgetWhere(isMeant: (key: string) => boolean): void {
    for (const key of this.#lines.keys()) if (isMeant(key)) this.forget(key);
  }
}
