// The record of a soak: which requests are under way, how each one ended, and what was wrong.
import type { Reply, Sent } from './send.ts';
import { eventually } from '../waiting.ts';

/** How a request ended that asked a model through cache and queue; `left`: its caller did not wait for the end. */
export const ENDS = ['whole', 'open', 'failed', 'cancelled', 'left'] as const;
export type End = (typeof ENDS)[number];

export interface AccountReport {
  /** How many ended how, by what they were. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** The first wrong answers, each with its question. */
  readonly wrong: readonly string[];
  readonly wrongCount: number;
}

const MOST_TOLD = 10;
const LONGEST_TOLD = 3000;
/** How long what Ollama's trouble hit may take to end. Milliseconds. */
const HIT_MS = 60_000;

export class Account {
  /** Of those that the gateway counts. */
  readonly ends: Record<End, number> = { whole: 0, open: 0, failed: 0, cancelled: 0, left: 0 };
  readonly #under = new Set<{ troubled: boolean }>();
  readonly #outcomes = new Map<string, number>();
  readonly #wrong: string[] = [];
  readonly #onWrong: (what: string) => void;
  #wrongCount = 0;
  #troubled = false;

  /** `onWrong` is told of each wrong answer at once. */
  constructor(onWrong: (what: string) => void) {
    this.#onWrong = onWrong;
  }

  /** A request begins. What is returned ends it, and says whether Ollama was in trouble at some time of it. */
  begun(): () => boolean {
    const mine = { troubled: this.#troubled };
    this.#under.add(mine);
    return () => {
      this.#under.delete(mine);
      return mine.troubled;
    };
  }

  /** One request has ended as it should; `how` is for the table. */
  right(name: string, how: string): void {
    const entry = `${name} ${how}`;
    this.#outcomes.set(entry, (this.#outcomes.get(entry) ?? 0) + 1);
  }

  wrong(what: string, { method, path, body, headers }: Sent, reply: Reply | undefined): void {
    const came = reply === undefined ? '(nothing)' : `${reply.status} ${reply.text.slice(0, LONGEST_TOLD)}`;
    const asked = [method, path, JSON.stringify(body), JSON.stringify(headers)].join(' ');
    this.fault(`${what}\n  asked ${asked}\n  came ${came}`);
  }

  fault(what: string): void {
    this.#wrongCount++;
    this.#onWrong(what);
    if (this.#wrong.length < MOST_TOLD) this.#wrong.push(what);
  }

  /** What is under way, or begins until the end of this, may fail for the sake of Ollama. */
  async during(trouble: () => Promise<void>): Promise<void> {
    this.#troubled = true;
    const hit = [...this.#under];
    for (const each of hit) each.troubled = true;
    await trouble();
    // A follower of a run that was hit fails with it.
    const isOver = (): boolean => !hit.some((each) => this.#under.has(each));
    await eventually('all that Ollama’s trouble hit has ended', isOver, { limitMs: HIT_MS, everyMs: 5 });
    this.#troubled = false;
  }

  get report(): AccountReport {
    const sorted = [...this.#outcomes].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return { outcomes: Object.fromEntries(sorted), wrong: this.#wrong, wrongCount: this.#wrongCount };
  }
}
