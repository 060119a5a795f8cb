// For how long everything else in the process waits for what is written to the disk: the times of the store's portions and
// transactions, in a real file.
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../backend/clock.ts';
import { recordingsIn } from '../../backend/core/recordings/recording-line.ts';
import { DiskAnswers } from '../../backend/storage/shelves/answer-store.ts';
import { openDatabase, type Database } from '../../backend/storage/database.ts';
import { KeptTime } from '../../backend/storage/kept-time.ts';
import { RECORDINGS, RecordingStore } from '../../backend/storage/shelves/recording-store.ts';
import { Soon } from '../../backend/storage/soon.ts';
import { config, NO_LOG } from '../support/builders.ts';
import { eventually } from '../support/waiting.ts';
import { hold, type Fault, PATIENT } from './fault.ts';

/** What a portion may take of the loop. Milliseconds. */
const MOST_MS = 5;
const SMALL = { bytes: 5000, count: 1500 };
const LARGE = { bytes: 1_000_000, count: 12 };
const JOBS = 100;
const IMPORTED = 1000;
const NOTES = { owner: 'local', model: 'm:latest', runMs: 1, tokens: 1, marks: [] };
const TTL_MS = 3_600_000;
const JOB = `INSERT INTO job (seq, id, owner, body, state, model, class, class_by, priority, created_at, waited_ms, moves, ended_at, bytes)
  VALUES (?1, 'r' || ?1, 'local', ?2, 'completed', 'm', 'normal', '', 0, 0, 0, 0, ?1, 1)`;

/** Milliseconds: of the processor, which other programs can't take, and by the clock, in which the disk is waited for. */
interface Took {
  readonly worked: number;
  readonly passed: number;
}

class Times {
  readonly #all: Took[] = [];

  /** Does it, and keeps what it took. */
  of<T>(work: () => T): T {
    const [from, at] = [process.cpuUsage(), performance.now()];
    const result = work();
    const { user, system } = process.cpuUsage(from);
    this.#all.push({ worked: (user + system) / 1000, passed: performance.now() - at });
    return result;
  }

  get count(): number {
    return this.#all.length;
  }

  /** Half of them took no longer. */
  median(kind: keyof Took = 'worked'): number {
    return this.#at(0.5, kind);
  }

  /** Nine of ten took no longer. */
  most(kind: keyof Took = 'worked'): number {
    return this.#at(0.9, kind);
  }

  get longest(): number {
    return this.#at(1 - 1e-9, 'worked');
  }

  #at(share: number, kind: keyof Took): number {
    const sorted = this.#all.map((each) => each[kind]).toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  }

  told(kind: keyof Took = 'worked'): string {
    return `${this.median(kind).toFixed(1)} ms (nine of ten at most ${this.most(kind).toFixed(1)})`;
  }
}

/** A store whose portions are timed. */
class Timed {
  portions = new Times();
  readonly database: Database;
  readonly answers: DiskAnswers;

  constructor(folder: string) {
    const { now, elapsed, after } = systemClock;
    const clock = { now, elapsed, after: (ms: number, act: () => void) => after(ms, () => this.portions.of(act)) };
    this.database = openDatabase({ folder, clock, log: NO_LOG });
    const settings = config({ cache: { disk_max_size_mb: 1024 } });
    this.answers = new DiskAnswers(this.database, new KeptTime(this.database, clock), () => settings);
    // What V8 compiles at the first of each is of no account.
    this.#keep('first', 20, SMALL.bytes);
    this.database.flush();
  }

  #keep(name: string, count: number, bytes: number): void {
    const record = Buffer.alloc(bytes, 'an answer ');
    for (let i = 0; i < count; i++) this.answers.keep(`${name} ${i}`, record, NOTES, TTL_MS);
  }

  /** Many at once, written by portions. */
  async written(name: string, { bytes, count }: typeof SMALL): Promise<Times> {
    const before = this.answers.figures?.entries ?? 0;
    this.portions = new Times();
    this.#keep(name, count, bytes);
    await this.#until(() => this.answers.figures?.entries === before + count);
    return this.portions;
  }

  /** All go: what the call itself takes, and the portions until their room is free. */
  async cleared(): Promise<{ readonly call: Times; readonly tidying: Times }> {
    this.portions = new Times();
    const call = new Times();
    call.of(() => this.answers.clear({ watcher: 'local' }));
    await this.#until(() => (this.answers.figures?.bytes ?? 0) < 2 ** 17);
    return { call, tidying: this.portions };
  }

  #until(isSo: () => boolean): Promise<unknown> {
    return eventually('the store has done it', isSo, { ...PATIENT, everyMs: 50 });
  }
}

/** Each transaction of an import: those that write, and the last, from which on they count. */
function imported(database: Database): { readonly slices: Times; readonly last: number } {
  const lines = Array.from({ length: IMPORTED }, (_, i) =>
    JSON.stringify({
      route: 'chat',
      model: 'm',
      question: { messages: [{ role: 'user', content: `question ${i} ${'word '.repeat(300)}` }] },
      answer: { content: `answer ${i} ${'word '.repeat(500)}` },
    }),
  );
  const slices = new Times();
  const timed: Pick<Database, 'read' | 'commit' | 'flush'> = {
    read: (work) => database.read(work),
    flush: (lane) => database.flush(lane),
    commit: (work) => slices.of(() => database.commit(work)),
  };
  const soon = new Soon(database, systemClock, RECORDINGS);
  const store = new RecordingStore({ database: timed, soon, maxBytes: () => 2 ** 28, now: () => Date.now() });
  hold(store.put([...recordingsIn(lines.join('\n'))]), 'the recordings were not kept');
  return { slices, last: slices.longest };
}

/** Told in a part of its own of the page. */
export const LOOP_NAME = 'is written: how long all else waits for that';

const loop: Fault = {
  area: 'The disk',
  name: LOOP_NAME,
  isLong: true,
  promise: `Half of the portions that are written take ${MOST_MS} ms of the processor at most.`,
  async run(ground) {
    const store = new Timed(await ground.folder());
    const large = await store.written('large', LARGE);
    // Their log is copied into the file by a thread, whose time would be counted too.
    await sleep(1000);
    const small = await store.written('small', SMALL);
    const jobs = new Times();
    for (let i = 1; i <= JOBS; i++) {
      jobs.of(() => store.database.commit((sql) => sql.run(JOB, i, 'a question '.repeat(200))));
      await sleep(1);
    }
    const { slices, last } = imported(store.database);
    const { call, tidying } = await store.cleared();
    store.answers.close();
    store.database.close();
    for (const [name, times] of Object.entries({ small, large, tidying, jobs })) {
      hold(times.median() <= MOST_MS, `${name}: ${times.told()} of the processor`);
    }
    return [
      `for ${SMALL.count.toLocaleString('en')} answers of 5 kB at once ${small.count} portions of ${small.told()}`,
      `for ${LARGE.count} answers of 1 MB ${large.count} portions of ${large.told()}`,
      `to clear all of them ${call.median().toFixed(1)} ms, and ${tidying.count} portions of ${tidying.told()} until their room is free`,
      `for a job before its 202 ${jobs.told()}, and with the wait for the disk ${jobs.told('passed')}`,
      `for an import of ${IMPORTED.toLocaleString('en')} recordings ${slices.count} transactions of ${slices.told()}, the one that makes them count ${last.toFixed(1)} ms`,
    ].join('; ');
  },
};

export const LOOP_FAULTS: readonly Fault[] = [loop];
