// The time of what is kept, which outlives a process: while Hearth runs it goes by the monotonic clock, and while it does not by
// the one on the wall. So neither a sleep of the machine (Linux does not count it in the monotonic clock) nor somebody who sets
// the clock makes what is kept older or younger. Only a clock that was set between two runs is not told from time that passed.
import type { Clock, KeptTime as Time } from '../core/ports.ts';
import type { Database } from './database.ts';

export const TIME_TABLE = `
  CREATE TABLE kept_time (one INTEGER PRIMARY KEY CHECK (one = 1), at INTEGER NOT NULL, wall INTEGER NOT NULL) STRICT;
  INSERT INTO kept_time VALUES (1, 0, 0);
`;

/** It is noted anew when the clock on the wall has gone otherwise by so much, */
const APART_MS = 1000;
/** and else so often: after a crash a clock that was set back revives no more than this. Milliseconds. */
const NOTED_EVERY_MS = 60_000;

interface Noted {
  readonly at: number;
  readonly wall: number;
}

export class KeptTime implements Time {
  readonly #database: Database;
  readonly #clock: Pick<Clock, 'now' | 'elapsed'>;
  readonly #deaf: () => void;
  /** From the monotonic clock to this one; undefined until somebody asks, since that opens the store. */
  #offset: number | undefined;
  /** As it was noted last by this process. */
  #noted: Noted | undefined;

  constructor(database: Database, clock: Pick<Clock, 'now' | 'elapsed'>) {
    this.#database = database;
    this.#clock = clock;
    this.#deaf = database.onChange(() => this.#moved());
  }

  /** Whole milliseconds since 1970, without what is not counted. */
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

  /** The file may be one that was there before: nothing in it is to lie in the future. */
  #moved(): void {
    if (this.#offset !== undefined) this.#offset = Math.max(this.now(), this.#onDisk().at) - this.elapsed();
    this.#noted = undefined;
  }

  /** Each few seconds: notes it where the next process could not tell it from the clock on the wall. */
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

  /** Notes it for the next process; the database is to be closed after this. */
  close(): void {
    this.#deaf();
    if (this.#offset !== undefined) this.#note();
  }
}
