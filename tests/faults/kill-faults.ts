// kill -9 at any moment under load, as when the machine loses its power: what was accepted is done, what was answered stays,
// and no answer is damaged or another's.
import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestView } from '../../backend/contract/views/queue-view.ts';
import { JOBS } from '../support/soak/asker.ts';
import { judged } from '../support/soak/judge.ts';
import { objectsIn, OWN, ROUTES } from '../support/soak/soak-routes.ts';
import type { Chance } from '../support/soak/random.ts';
import type { Reply } from '../support/soak/send.ts';
import { eventually } from '../support/waiting.ts';
import { figuresAreSane } from './counters.ts';
import { hold, type Fault, type Ground, PATIENT } from './fault.ts';
import { JobLedger, SINGLE, SLOTS, type Entry } from './job-ledger.ts';
import { saidOf, type Stand } from './stand.ts';

/** How many replies come at most in a life: by these and not by a clock, so that each life has some on a machine that is busy. */
const REPLIES = { full: 40, short: 15 };
/** The longest from the last of these replies to the kill: it may fall into anything. Milliseconds. */
const MORE_MS = 30;
/** One in so many is killed while it starts. */
const EARLY = 8;
/** Not more jobs than that wait, so that the end comes. */
const BACKLOG = 60;
/** What is asked again and again. */
const HOT_TEXTS = Array.from({ length: 30 }, (_, i) => `#${900_000 + i} fine: hot 灯`);
/** So many of them after each start. */
const LOOKED_UP = 3;
/** Kills from one line of progress to the next. */
const TOLD_EVERY = 25;
/** On a machine that is busy Ollama's lists take their time too; without them nothing can be looked up. Milliseconds. */
const LISTS_MS = 60_000;

class Lives {
  readonly #stand: Stand;
  readonly #chance: Chance;
  readonly #ledger: JobLedger;
  readonly #most: number;
  #life = 0;
  #isDead = true;
  readonly #startsMs: number[] = [];
  #replies = 0;
  #jobs = 0;
  readonly counts = { answers: 0, parts: 0, fromDisk: 0, sane: 0 };

  /** `most`: so many replies in a life. */
  constructor(stand: Stand, chance: Chance, ledger: JobLedger, most: number) {
    this.#most = most;
    this.#stand = stand;
    this.#chance = chance;
    this.#ledger = ledger;
  }

  get life(): number {
    return this.#life;
  }

  get slowestStartMs(): number {
    return Math.round(Math.max(...this.#startsMs));
  }

  /** The first life, which ends in good order: from then on these answers lie on the disk. */
  async keep(): Promise<void> {
    await this.#start();
    for (const text of HOT_TEXTS) this.#stand.right(text, await this.#stand.ask(text));
    this.#isDead = true;
    await this.#stand.stop();
  }

  /** A life under load, ended at a random moment of it, or of its start. */
  async one(): Promise<void> {
    this.#life++;
    if (this.#chance.below(EARLY) === 0) {
      this.#stand.launch();
      await sleep(this.#chance.below(250));
      await this.#stand.kill();
      return;
    }
    await this.#start();
    await this.#lookUp();
    await this.#figures();
    const load = [this.#check(), this.#handIn(), this.#look(), this.#chat(), this.#chat(), this.#chat()];
    try {
      const last = this.#replies + this.#chance.below(this.#most);
      const isTime = eventually('replies come', () => this.#replies >= last, { ...PATIENT, everyMs: 1 });
      // Or earlier, where something is wrong.
      await Promise.race([isTime, Promise.all(load)]);
      await sleep(this.#chance.below(MORE_MS));
    } finally {
      this.#isDead = true;
      await this.#stand.kill();
      await Promise.allSettled(load);
    }
    await Promise.all(load);
  }

  /** The last life: everything comes to its end. */
  async last(): Promise<void> {
    this.#life++;
    await this.#start();
    await this.#lookUp();
    await this.#figures();
    await this.#check();
    await eventually(
      'every accepted job has its answer',
      async () => {
        for (const entry of this.#ledger.pending) await this.#lookAt(entry);
        return this.#ledger.pending.length === 0;
      },
      PATIENT,
    );
    for (const entry of this.#ledger.all) await this.#lookAt(entry);
    this.#isDead = true;
    await this.#stand.isWell();
  }

  async #start(): Promise<void> {
    this.#startsMs.push(await this.#stand.start());
    this.#isDead = false;
    const { notices = [] } = await this.#stand.health();
    hold(!notices.some((each) => /could not be used|in memory/.test(each)), `it says ${notices.join(' ')}`);
  }

  /** What was promised in the lives before still holds. */
  async #check(): Promise<void> {
    // Who does not know whether it was accepted sends it again: it is the same one.
    for (const entries of this.#ledger.unsure) await this.#put(entries);
    const { pending, answered } = this.#ledger;
    for (const entry of pending) await this.#lookAt(entry);
    for (let i = 0; i < 10 && answered.length > 0 && !this.#isDead; i++) await this.#lookAt(this.#chance.of(answered));
  }

  /** What the gateway tells of itself can be true, though the life before ended anywhere. */
  async #figures(): Promise<void> {
    const over = this.#ledger.all.filter(({ answer, cancelled }) => answer !== undefined || cancelled === true);
    const ended = new Set(over.map(({ id }) => id));
    await figuresAreSane(this.#stand, { slots: SLOTS, kept: HOT_TEXTS.length, ended });
    this.counts.sane++;
  }

  /** What was kept before the first kill is there after each. */
  async #lookUp(): Promise<void> {
    for (let i = 0; i < LOOKED_UP; i++) {
      const text = this.#hot();
      const reply = await this.#stand.ask(text, { headers: { 'x-cache-control': 'only-if-cached' } });
      this.#stand.right(text, reply);
      this.counts.fromDisk++;
    }
  }

  // ---- jobs

  async #handIn(): Promise<void> {
    while (!this.#isDead) {
      if (this.#ledger.pending.length > BACKLOG) await sleep(10);
      else {
        const count = this.#chance.below(6) === 0 ? 2 + this.#chance.below(4) : 1;
        const line = count === 1 ? SINGLE : `batch-${this.#jobs}`;
        const entries = Array.from({ length: count }, () => {
          const number = this.#jobs++;
          return this.#ledger.add(`job-${number}`, `#${number} fine: job 灯`, line);
        });
        await this.#put(entries);
        await sleep(this.#chance.below(20));
      }
    }
  }

  /** Hands in one job, or several as a batch. */
  async #put(entries: readonly Entry[]): Promise<void> {
    const [first] = entries;
    if (this.#isDead || first === undefined) return;
    const bodies = entries.map(({ id, text }) => {
      const wish = { said: saidOf(text), messages: [{ role: 'user', content: text }], stream: false };
      const { stream: _stream, ...body } = OWN.body(wish);
      return { ...body, requestId: id };
    });
    for (const entry of entries) entry.handedIn++;
    const isBatch = first.line !== SINGLE;
    const path = isBatch ? `${JOBS}?batch=${first.line}` : JOBS;
    const reply = await this.#stand.send('POST', path, isBatch ? bodies : bodies[0]);
    this.#replies++;
    if (!reply.complete) return;
    hold(reply.status === 202, `${first.id} was handed in: ${reply.status} ${reply.text}`);
    const told = JSON.parse(reply.text) as { readonly created_at?: string };
    for (const entry of entries) {
      this.#ledger.accepted(entry);
      if (!isBatch) entry.createdAt ??= told.created_at;
    }
  }

  /** Looks at jobs, and takes some back. */
  async #look(): Promise<void> {
    while (!this.#isDead) {
      const { pending } = this.#ledger;
      if (pending.length > 0) {
        const entry = this.#chance.of(pending);
        if (this.#chance.below(15) === 0) await this.#takeBack(entry);
        else await this.#lookAt(entry);
      }
      await sleep(5);
    }
  }

  async #lookAt(entry: Entry): Promise<void> {
    if (this.#isDead) return;
    const reply = await this.#stand.send('GET', `${JOBS}?requestId=${entry.id}`);
    if (!reply.complete) return;
    hold(reply.status === 200, `${entry.id} was accepted, and now: ${reply.status} ${reply.text}`);
    this.#ledger.seen(entry, this.#life, JSON.parse(reply.text) as RequestView, this.#stand.due(entry.text));
  }

  async #takeBack(entry: Entry): Promise<void> {
    const reply = await this.#stand.send('DELETE', `${JOBS}?requestId=${entry.id}`);
    if (!reply.complete) {
      // It may be either: nothing more is known of it.
      this.#ledger.forget(entry);
      return;
    }
    if (reply.status === 200) entry.cancelled = true;
    else hold(reply.status === 409, `${entry.id} was taken back: ${reply.status} ${reply.text}`);
  }

  // ---- chats

  #hot(): string {
    return this.#chance.of(HOT_TEXTS);
  }

  async #chat(): Promise<void> {
    while (!this.#isDead) {
      const route = this.#chance.of(ROUTES.filter(({ handedOn }) => handedOn !== true));
      const text = this.#chance.is(0.6) ? this.#hot() : this.#stand.fresh();
      const ask = { route, stream: this.#chance.is(0.5) };
      const reply = await this.#stand.ask(text, ask);
      this.#replies++;
      if (reply.complete) {
        this.#stand.right(text, reply, ask);
        this.counts.answers++;
      } else this.#begunRight(text, reply, ask);
    }
  }

  /** What had come when the gateway died is the beginning of the right answer. */
  #begunRight(text: string, reply: Reply, ask: { readonly route: (typeof ROUTES)[number] }): void {
    hold(this.#isDead, `the gateway lives, and an answer broke off: ${reply.status} ${reply.text}`);
    const verdict = judged(
      { route: ask.route, said: saidOf(text, ask), text, troubled: false },
      { ...reply, left: true },
    );
    hold(!('wrong' in verdict), 'wrong' in verdict ? verdict.wrong : '');
    if (reply.status === 200 && objectsIn(reply).length > 0) this.counts.parts++;
  }
}

const kills: Fault = {
  area: 'Kill -9',
  name: 'at random moments under load',
  promise:
    'It starts again each time; no job that was accepted with 202 is lost, run again once its answer was seen, or answered by another’s; jobs keep their order and age; no kept answer is damaged; after each start the counts can be true, and at the end they add up.',
  async run(ground: Ground) {
    const ledger = new JobLedger();
    const stand = await ground.stand({
      settings: {
        'queue.max_concurrent': SLOTS,
        'queue.max_queue_size': 1000,
        'queue.retention_seconds': 86_400,
        'queue.settle_ms': 0,
        'ollama.connect_timeout_ms': LISTS_MS,
      },
      onRun: (call) => ledger.ran(lives.life, call),
      pieceMs: 1,
    });
    const lives: Lives = new Lives(stand, ground.chance, ledger, REPLIES[ground.isFull ? 'full' : 'short']);
    await lives.keep();
    for (let i = 0; i < ground.kills; i++) {
      await lives.one();
      if ((i + 1) % TOLD_EVERY === 0) ground.tell(`${i + 1} kills`);
    }
    await lives.last();
    const late = ledger.check();
    const { answers, parts, fromDisk, sane } = lives.counts;
    const cancelled = ledger.all.filter((entry) => entry.cancelled).length;
    return [
      `${ground.kills} kills: it started each time, in ${lives.slowestStartMs} ms at most`,
      `${ledger.answered.length} jobs accepted and answered, ${cancelled} taken back, none lost`,
      `${late} asked of the model again since the kill fell between its last word and the disk`,
      `${answers} other answers right and whole, ${parts} broken off by the kill and right so far, ${fromDisk} looked up after a start, there and right`,
      `the counts of line, cache, list and day looked at after ${sane} starts`,
    ].join('; ');
  },
};

export const KILL_FAULTS: readonly Fault[] = [kills];
