// Writes within milliseconds without anybody waiting: a program beside Hearth may read the data at once.
import type { Clock } from '../core/ports.ts';
import type { Database, Lane, Work } from './database.ts';

/** The caller goes first: the end of an answer is sent. Milliseconds. */
const SOON_MS = 10;
/** Pause between two portions, in which requests are served. Milliseconds. */
const BETWEEN_MS = 5;

export class Soon {
  readonly #database: Pick<Database, 'later' | 'flushSome'>;
  readonly #clock: Pick<Clock, 'after'>;
  readonly #lane: Lane;
  #cancel: (() => void) | undefined;

  /** `lane`: must have no other pending writes. */
  constructor(database: Pick<Database, 'later' | 'flushSome'>, clock: Pick<Clock, 'after'>, lane: Lane) {
    this.#database = database;
    this.#clock = clock;
    this.#lane = lane;
  }

  /**
   * Writes in the order of the calls, in portions. While another program holds the file, it waits with all other
   * pending work.
   */
  write(work: Work<void>): void {
    this.#database.later(work, this.#lane);
    this.#cancel ??= this.#clock.after(SOON_MS, () => this.#portion());
  }

  #portion(): void {
    const more = this.#database.flushSome(this.#lane);
    this.#cancel = more ? this.#clock.after(BETWEEN_MS, () => this.#portion()) : undefined;
  }

  /** The rest waits like all other pending work. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
