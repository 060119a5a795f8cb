// The time by which stored data ages, across processes. While Hearth runs it follows the monotonic clock, between runs
// the wall clock. So neither sleep of the machine (which Linux does not count in the monotonic clock) nor setting the
// clock makes stored data older or younger. Only a clock set between two runs cannot be told from time that passed.
import type { Clock, KeptTime as Time } from '../core/ports.ts';
import type { Database } from './database.ts';

export const TIME_TABLE = `
  CREATE TABLE kept_time (one INTEGER PRIMARY KEY CHECK (one = 1), at INTEGER NOT NULL, wall INTEGER NOT NULL) STRICT;
  INSERT INTO kept_time VALUES (1, 0, 0);
`;

/** It is noted again when the wall clock has drifted by this much, */
const APART_MS = 1000;
/** and otherwise at this interval: after a crash, a clock that was set back revives no more than that. Milliseconds. */
const NOTED_EVERY_MS = 60_000;

interface Noted {
  readonly at: number;
  readonly wall: number;
}

export class KeptTime implements Time {
  readonly #database: Database;
  readonly #clock: Pick<Clock, 'now' | 'elapsed'>;
  readonly #deaf: () => void;
  /** Offset from the monotonic clock; undefined until first used, since reading it opens the store. */
  #offset: number | undefined;
  /** The last note of this process. */
  #noted: Noted | undefined;

  constructor(database: Database, clock: Pick<Clock, 'now' | 'elapsed'>) {
    this.#database = database;
    this.#clock = clock;
    this.#deaf = database.onChange(() => this.#moved());
  }

  /** Whole milliseconds since 1970, without uncounted time. */
  readonly now = (): number => {
    this.#offset ??= this.#begun() - this.elapsed();
    return Math.floor(this.elapsed() + this.#offset);
  };

  readonly elapsed = (): number => this.#clock.elapsed();

  #begun(): number {
    const { at, wall } = this.#onDisk();
    return at + Math.max(0, this.#clock.now() - wall);
  }

  #onDisk(): Noted {
    const row = this.#database.read((sql) => sql.get('SELECT at, wall FROM kept_time')) as Noted | undefined;
    return row ?? { at: 0, wall: 0 };
  }

  /** The file may be an older one: nothing in it may lie in the future. */
  #moved(): void {
    if (this.#offset !== undefined) this.#offset = Math.max(this.now(), this.#onDisk().at) - this.elapsed();
    this.#noted = undefined;
  }

  /** Call every few seconds: notes the time when the next process could not derive it from the wall clock. */
  beat(): void {
    const { at, wall } = this.#noted ?? { at: 0, wall: 0 };
    const passed = this.now() - at;
    const apart = Math.abs(this.#clock.now() - wall - passed);
    if (passed >= NOTED_EVERY_MS || apart >= APART_MS) this.#note();
  }

  #note(): void {
    const noted = { at: this.now(), wall: Math.floor(this.#clock.now()) };
    this.#noted = noted;
    this.#database.later((sql) => void sql.run('UPDATE kept_time SET at = ?, wall = ?', noted.at, noted.wall));
  }

  /** Notes the time for the next process; close the database after this. */
  close(): void {
    this.#deaf();
    if (this.#offset !== undefined) this.#note();
  }
}
