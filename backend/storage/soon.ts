// What is to be written within milliseconds, though nobody waits for it: a program beside us may look for it at once.
import type { Clock } from '../core/ports.ts';
import type { Database, Lane, Work } from './database.ts';

/** What began it goes on first: the end of an answer leaves. Milliseconds. */
const SOON_MS = 10;
/** Between two portions, when requests are served. Milliseconds. */
const BETWEEN_MS = 5;

export class Soon {
  readonly #database: Pick<Database, 'later' | 'flushSome'>;
  readonly #clock: Pick<Clock, 'after'>;
  readonly #lane: Lane;
  #cancel: (() => void) | undefined;

  /** `lane`: one in which nothing else waits. */
  constructor(database: Pick<Database, 'later' | 'flushSome'>, clock: Pick<Clock, 'after'>, lane: Lane) {
    this.#database = database;
    this.#clock = clock;
    this.#lane = lane;
  }

  /** Written in the order of the calls, in portions. Where another program holds the file, with all else that waits. */
  write(work: Work<void>): void {
    this.#database.later(work, this.#lane);
    this.#cancel ??= this.#clock.after(SOON_MS, () => this.#portion());
  }

  #portion(): void {
    const more = this.#database.flushSome(this.#lane);
    this.#cancel = more ? this.#clock.after(BETWEEN_MS, () => this.#portion()) : undefined;
  }

  /** What is left waits as all else does. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
