// Callers of the fleet: some ask by nginx, some hand in jobs, look at them anywhere, and take a few back. All that they are told
// goes into the ledger.
import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestView } from '../../backend/contract/views/queue-view.ts';
import { hold } from '../faults/fault.ts';
import type { Chance } from '../support/soak/random.ts';
import type { Reply } from '../support/soak/send.ts';
import { objectsIn, OWN, reading } from '../support/soak/soak-routes.ts';
import type { Fleet } from './whole-fleet.ts';
import { Ledger, nowMs, type Entry } from './ledger.ts';

const JOBS = '/api/chat-queue';
/** Not more jobs than that wait, so that the end comes. */
const BACKLOG = 60;
/** Of so many questions that all ask at about the same time each is asked by several. */
const HOT = 6;
/** One in so many jobs is taken back, and one in so many hand-ins is a batch. */
const TAKEN_BACK = 20;
const BATCHES = 8;
/** After a refusal. Milliseconds. */
const AGAIN_MS = 50;

/** What a question is as a body of POST /api/chat-optimized. */
export function bodyOf(content: string, stream: boolean): Readonly<Record<string, unknown>> {
  const said = { form: 'chat', model: 'llama3.2', texts: [], thinks: false, tools: false, seed: undefined } as const;
  return OWN.body({ said, messages: [{ role: 'user', content }], stream });
}

/** The same as a job. */
export function jobOf(id: string, question: string): Readonly<Record<string, unknown>> {
  const { stream: _stream, ...body } = bodyOf(question, false);
  return { ...body, requestId: id };
}

/** Codes and statuses with which nobody is answered, and which say that asking again is right. */
const REFUSED = new Set([502, 503, 504]);

export class Load {
  readonly ledger = new Ledger();
  readonly #fleet: Fleet;
  readonly #chance: Chance;
  readonly #open: Entry[][] = [];
  #isOver = false;
  #jobs = 0;
  #questions = 0;
  #replies = 0;
  #lastReplyAt = nowMs();
  #longestSilenceMs = 0;
  readonly counts = { answers: 0, shared: 0, parts: 0, lost: 0, refused: 0, sentAgain: 0 };

  constructor(fleet: Fleet, chance: Chance) {
    this.#fleet = fleet;
    this.#chance = chance;
  }

  /** Answers of any kind so far. */
  get replies(): number {
    return this.#replies;
  }

  /** In which nobody had an answer. */
  get longestSilenceMs(): number {
    return Math.round(this.#longestSilenceMs);
  }

  /** Begins. Gives what ends it; that rejects with what was wrong. */
  begin(): { readonly failed: Promise<never>; end(): Promise<void> } {
    const all = [this.#handIn(), this.#handIn(), this.#look(), ...Array.from({ length: 6 }, () => this.#chat())];
    const failed = Promise.all(all).then(() => new Promise<never>(() => undefined));
    failed.catch(() => (this.#isOver = true));
    return {
      failed,
      end: async () => {
        this.#isOver = true;
        await Promise.all(all);
      },
    };
  }

  #replied(): void {
    const now = nowMs();
    this.#replies++;
    this.#longestSilenceMs = Math.max(this.#longestSilenceMs, now - this.#lastReplyAt);
    this.#lastReplyAt = now;
  }

  // ---- jobs

  async #handIn(): Promise<void> {
    while (!this.#isOver) {
      const again = this.#open.shift();
      if (again !== undefined) {
        this.counts.sentAgain++;
        await this.#put(again);
      } else if (this.ledger.pending.length > BACKLOG) await sleep(10);
      else {
        const count = this.#chance.below(BATCHES) === 0 ? 2 + this.#chance.below(4) : 1;
        const batch = count === 1 ? undefined : `batch-${this.#jobs}`;
        const entries = Array.from({ length: count }, () => {
          const number = this.#jobs++;
          return this.ledger.add(`job-${number}`, `job ${number}`, batch);
        });
        await this.#put(entries);
        await sleep(this.#chance.below(20));
      }
    }
  }

  /** Hands in a job, or some as a batch. Who does not know whether they were accepted sends them again. */
  async #put(entries: Entry[]): Promise<void> {
    const [first] = entries;
    if (first === undefined) return;
    const bodies = entries.map(({ id, question }) => jobOf(id, question));
    const path = first.batch === undefined ? JOBS : `${JOBS}?batch=${first.batch}`;
    const body = first.batch === undefined ? bodies[0] : bodies;
    const reply = await this.#fleet.ask({ method: 'POST', path, body });
    if (!reply.complete || REFUSED.has(reply.status)) {
      this.counts.refused++;
      this.#open.push(entries);
      await sleep(AGAIN_MS);
      return;
    }
    this.#replied();
    hold(reply.status === 202, `${first.id} was handed in: ${reply.status} ${reply.text}`);
    for (const entry of entries) entry.acceptedAt = nowMs();
  }

  /** Looks at jobs on any gateway, and takes some back. */
  async #look(): Promise<void> {
    while (!this.#isOver) {
      const { pending, answered } = this.ledger;
      if (pending.length > 0) {
        const entry = this.#chance.of(pending);
        if (this.#chance.below(TAKEN_BACK) === 0) await this.#takeBack(entry);
        else await this.lookAt(entry);
      }
      if (answered.length > 0) await this.lookAt(this.#chance.of(answered));
      await sleep(5);
    }
  }

  /** Asks one of the gateways, or nginx. */
  async lookAt(entry: Entry): Promise<void> {
    const ready = this.#fleet.nodes.filter(({ isReady }) => isReady);
    const node = ready[this.#chance.below(ready.length + 1)];
    const sent = { method: 'GET', path: `${JOBS}?requestId=${entry.id}` } as const;
    const reply = await (node === undefined ? this.#fleet.ask(sent) : node.send(sent));
    if (!reply.complete || REFUSED.has(reply.status)) return;
    hold(reply.status === 200, `${entry.id} was accepted, and now: ${reply.status} ${reply.text}`);
    this.ledger.seen(entry, JSON.parse(reply.text) as RequestView);
  }

  async #takeBack(entry: Entry): Promise<void> {
    const reply = await this.#fleet.ask({ method: 'DELETE', path: `${JOBS}?requestId=${entry.id}` });
    // It may be either: nothing more is known of it.
    if (!reply.complete || REFUSED.has(reply.status)) this.ledger.forget(entry);
    else if (reply.status === 200) entry.cancelled = true;
    else hold(reply.status === 409, `${entry.id} was taken back: ${reply.status} ${reply.text}`);
  }

  /** Until every accepted job has its answer, and what was handed in without one is accepted too. */
  async settle(): Promise<void> {
    while (this.#open.length > 0) await this.#put(this.#open.shift() ?? []);
    while (this.ledger.pending.length > 0) {
      for (const entry of this.ledger.pending) await this.lookAt(entry);
      await sleep(AGAIN_MS);
    }
  }

  // ---- questions

  async #chat(): Promise<void> {
    while (!this.#isOver) {
      const round = Math.floor(++this.#questions / 30);
      const question = this.#chance.is(0.5)
        ? `hot ${round}-${this.#chance.below(HOT)}`
        : `question ${this.#questions} of a caller`;
      await this.#ask(question, this.#chance.is(0.7));
    }
  }

  async #ask(question: string, stream: boolean): Promise<void> {
    const body = bodyOf(question, stream);
    const reply = await this.#fleet.ask({ method: 'POST', path: OWN.path, body });
    if (REFUSED.has(reply.status)) {
      this.counts.refused++;
      await sleep(AGAIN_MS);
      return;
    }
    this.#replied();
    const { content, end } = reply.status === 0 ? { content: '', end: 'cut' } : reading(OWN, reply);
    this.ledger.told(question, content, end === 'whole');
    if (end === 'whole') {
      this.counts.answers++;
      if (sourceOf(reply) !== 'miss') this.counts.shared++;
    } else if (end === 'cut') {
      // A gateway that died, with the connection to it.
      if (content !== '') this.counts.parts++;
    } else {
      const failure = objectsIn(reply).find((each) => each['code'] !== undefined);
      hold(failure?.['code'] === 'leader_lost', `${question}: ${reply.status} ${reply.text}`);
      this.counts.lost++;
    }
  }
}

const sourceOf = ({ headers, text }: Reply): string =>
  /"source":"(\w+)"/.exec(text)?.[1] ?? String(headers['x-cache']).toLowerCase();
