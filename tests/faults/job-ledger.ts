// What the gateway has promised of jobs, as their callers know it: which were accepted, which are answered, and how often the
// model has run each. It asks nothing; kill-faults.ts does.
import type { RequestView } from '../../backend/contract/views/queue-view.ts';
import type { RecordedCall } from '../support/fake-ollama/fake-ollama.ts';
import { hold } from './fault.ts';
import { JobBook, type BookedJob } from './job-book.ts';

/** How many run at the same time (queue.max_concurrent). */
export const SLOTS = 2;

/** The line of those that were handed in alone. */
export const SINGLE = 'single';

/** One job. */
export interface Entry extends BookedJob {
  readonly text: string;
  /** Of the jobs of its kind, by which it runs: single ones, or those of its batch. */
  readonly line: string;
  /** Whether its caller has seen the 202. */
  accepted: boolean;
  /** How often it was handed in: again where the connection broke before the 202. */
  handedIn: number;
  /** Its place in its line, in the order of acceptance; undefined where that is not known. */
  place?: number | undefined;
  /** In which life of the gateway that was. */
  answeredIn?: number | undefined;
}

interface Run {
  readonly life: number;
  readonly call: RecordedCall;
}

export class JobLedger extends JobBook<Entry> {
  /** Places given so far, by line. */
  readonly #places = new Map<string, number>();
  /** By the text, which no two jobs share. */
  readonly #runs = new Map<string, Run[]>();
  /** Runs in the order of their beginning. */
  readonly #begun: { readonly life: number; readonly text: string }[] = [];

  add(id: string, text: string, line: string): Entry {
    this.#runs.set(text, []);
    return this.book({ id, text, line, accepted: false, handedIn: 0 });
  }

  protected override isAccepted({ accepted }: Entry): boolean {
    return accepted;
  }

  /** The gateway has accepted it. */
  accepted(entry: Entry): void {
    entry.accepted = true;
    // One that was handed in again may have been accepted at either time.
    if (entry.handedIn !== 1 || entry.place !== undefined) return;
    entry.place = this.#places.get(entry.line) ?? 0;
    this.#places.set(entry.line, entry.place + 1);
  }

  /** Ollama was asked something. */
  ran(life: number, call: RecordedCall): void {
    const messages = call.body?.['messages'];
    const last: unknown = Array.isArray(messages) ? messages.at(-1) : undefined;
    const text = String((Object(last) as { content?: unknown }).content);
    const runs = this.#runs.get(text);
    if (runs === undefined) return;
    runs.push({ life, call });
    this.#begun.push({ life, text });
  }

  /** What was handed in, and its caller does not know whether it was accepted: the connection broke before. */
  get unsure(): readonly (readonly Entry[])[] {
    const open = this.all.filter(({ accepted }) => !accepted);
    const batches = [...new Set(open.map(({ line }) => line))].filter((line) => line !== SINGLE);
    return [
      ...open.filter(({ line }) => line === SINGLE).map((entry) => [entry]),
      ...batches.map((batch) => open.filter(({ line }) => line === batch)),
    ];
  }

  /** What was seen of a job fits what was promised. `due`: the right answer. Throws Broken. */
  seen(entry: Entry, life: number, view: RequestView, due: string): void {
    const wrong = (text: string, isWhole: boolean): string | undefined =>
      (isWhole ? text === due : due.startsWith(text)) ? undefined : `another answer: ${JSON.stringify(text)}`;
    if (this.fits(entry, view, wrong) !== undefined) entry.answeredIn ??= life;
  }

  /**
   * That none ran to its end twice as far as anybody could know, and that those who waited kept their order. Returns how
   * often the model had said its last word when the gateway was killed before it had written that down. Throws Broken.
   */
  check(): number {
    const late = new Map<number, number>();
    for (const { id, text, line, answeredIn = Infinity } of this.all) {
      const runs = this.#runs.get(text) ?? [];
      const lives = runs.map(({ life }) => life);
      for (const [at, { life, call }] of runs.entries()) {
        // One of a batch gives way to a person as long as nothing of it has come, though Ollama may have written it already.
        const again = line === SINGLE && call.outcome === 'done' && runs[at + 1]?.life === life;
        hold(!again, `${id}: it ran again in life ${life} after it had run to its end`);
      }
      hold(
        lives.every((life) => life <= answeredIn),
        `${id}: it ran again after it was answered: in lives ${lives.join(', ')}, answered in ${answeredIn}`,
      );
      for (const { life, call } of runs.slice(0, -1)) {
        if (call.outcome === 'done' && line === SINGLE) late.set(life, (late.get(life) ?? 0) + 1);
      }
    }
    const most = Math.max(0, ...late.values());
    hold(most <= SLOTS, `${most} that the model had answered ran again after one kill`);
    this.#checkOrder();
    return [...late.values()].reduce((sum, count) => sum + count, 0);
  }

  /** In each life those of one line begin, at first, in the order in which they were accepted. */
  #checkOrder(): void {
    const places = new Map(this.all.map(({ text, line, place }) => [text, { line, place }]));
    const last = new Map<string, number>();
    const seen = new Set<string>();
    for (const { life, text } of this.#begun) {
      if (seen.has(`${life} ${text}`)) continue;
      seen.add(`${life} ${text}`);
      const { line, place } = places.get(text) ?? {};
      if (place === undefined) continue;
      const key = `${life} ${line}`;
      const before = last.get(key) ?? -1;
      // Those that begin at the same time may reach Ollama in either order.
      hold(before < place + SLOTS, `life ${life}: job ${place} of ${line} began after job ${before}`);
      last.set(key, Math.max(before, place));
    }
  }
}
