// Two ways for a test to be exact about time without sleeping: gates that hold the fake, and watchers that wait for it.
// Deliberately not an event emitter: a test asks about state, never about a sequence of notices.
import type { Client } from './fake-wire.ts';
import { deferred } from '../waiting.ts';

/** Something held shut. Idempotent. */
export interface Gate {
  release(): void;
}

/** Any number of gates in one passage; whoever passes waits until all are released. */
export class Gates {
  readonly #shut = new Set<Promise<void>>();
  readonly #releases = new Set<() => void>();

  get shut(): boolean {
    return this.#shut.size > 0;
  }

  hold(): Gate {
    const { promise, resolve: open } = deferred();
    const release = (): void => {
      this.#shut.delete(promise);
      this.#releases.delete(release);
      open();
    };
    this.#shut.add(promise);
    this.#releases.add(release);
    return { release };
  }

  /** False when the client left while it waited. */
  async pass(client: Client): Promise<boolean> {
    for (const promise of this.#shut) {
      // A gate added meanwhile is met by the same loop: a Set's iterator sees later additions.
      if (!(await client.wait(promise))) return false;
    }
    return !client.stopped;
  }

  releaseAll(): void {
    for (const release of this.#releases) release();
  }
}

/** Predicates to be looked at again after every change of state. */
export class Watchers {
  readonly #watchers = new Set<() => void>();

  /** Cheap when nobody watches, for it is called for every piece. */
  changed(): void {
    if (this.#watchers.size === 0) return;
    // A copy: a predicate that becomes true removes itself.
    for (const look of Array.from(this.#watchers)) look();
  }

  until(check: () => boolean, timeoutMs: number, describe: () => string): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (end: () => void): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        end();
      };
      const look = (): void => {
        try {
          if (check()) settle(resolve);
        } catch (error) {
          settle(() => reject(error instanceof Error ? error : new Error(String(error))));
        }
      };
      // The clock starts when the test begins to wait.
      const timer = setTimeout(() => {
        settle(() => reject(new Error(`not true within ${timeoutMs} ms: ${describe()}`)));
      }, timeoutMs);
      this.#watchers.add(look);
      look();
    });
  }
}
