// Kept answers as the text that goes out, but for what differs each time: ids, times, ages. Writing JSON anew costs more
// than all else on the road of a kept answer. It knows no dialect: whoever has written an answer once has it cut here.
import { randomInt } from 'node:crypto';

/** A moment of the years 3000 to 9999. */
export const GAP_MOMENT = randomInt(Date.UTC(3000, 0), Date.UTC(9999, 11, 31));

/**
 * Placeholders for what differs each time, in an answer that is written once to be cut at them. Nothing else in it can look
 * like them: they are drawn when the process starts. The texts stand in quotes, the numbers by themselves.
 */
export const GAPS = {
  /** The id of the request or of the answer. */
  id: `gap-${digits()}`,
  /** The time in milliseconds since 1970 (GAP_MOMENT) as it is written in RFC 3339, and in seconds. */
  time: new Date(GAP_MOMENT).toISOString(),
  seconds: digits(),
  /** Of the kept answer, in seconds. */
  age: digits(),
  /** Of the request: milliseconds until it began, until its first piece, until its end. */
  began: digits(),
  first: digits(),
  ended: digits(),
} as const;

export type Gap = keyof typeof GAPS;
function digits(): number {
  return randomInt(2 ** 47, 2 ** 48 - 1);
}

const NAMES = Object.keys(GAPS) as Gap[];
const ANY = new RegExp(NAMES.map((name) => GAPS[name]).join('|'), 'g');

/** One answer, cut at its gaps. */
export class ReadyText {
  /** What it takes of memory, more or less. */
  readonly cost: number;
  readonly #texts: readonly string[];
  readonly #gaps: readonly Gap[];
  /** Bytes in UTF-8 of all but the gaps. */
  readonly #bytes: number;

  /** `written` has GAPS where something differs. */
  constructor(written: string) {
    this.#texts = written.split(ANY);
    this.#gaps = [...written.matchAll(ANY)].map(
      ([found]) => NAMES.find((name) => String(GAPS[name]) === found) ?? 'id',
    );
    this.#bytes = this.#texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    this.cost = this.#bytes + TEXT_BYTES * this.#texts.length;
  }

  /** The text for one caller, and how many bytes of UTF-8 it has. What fills a gap is ASCII that JSON need not escape. */
  filled(valueOf: (gap: Gap) => string | number): { readonly text: string; readonly bytes: number } {
    let text = this.#texts[0] ?? '';
    let bytes = this.#bytes;
    for (let i = 0; i < this.#gaps.length; i++) {
      const value = String(valueOf(this.#gaps[i] ?? 'id'));
      text += value + (this.#texts[i + 1] ?? '');
      bytes += value.length;
    }
    return { text, bytes };
  }
}

/** What a text costs beside its characters. */
const TEXT_BYTES = 64;

/** Ready texts of kept answers, bounded in bytes; the oldest go first, and each with its answer. */
export class ReadyTexts<A> {
  readonly #mostBytes: () => number;
  /** By answer and name of the form. */
  readonly #texts = new Map<A, Map<string, ReadyText>>();
  #bytes = 0;
  readonly #grown: (answer: A, bytes: number) => void;

  /** `mostBytes` is asked each time; `grown` is told by how much the texts of an answer take more than before, or less. */
  constructor(mostBytes: () => number, grown: (answer: A, bytes: number) => void) {
    this.#mostBytes = mostBytes;
    this.#grown = grown;
  }

  get(answer: A, form: string): ReadyText | undefined {
    return this.#texts.get(answer)?.get(form);
  }

  /** Keeps one, unless it alone is over the bound. */
  keep(answer: A, form: string, text: ReadyText): void {
    if (text.cost > this.#mostBytes()) return;
    const forms = this.#texts.get(answer) ?? new Map<string, ReadyText>();
    this.#texts.set(answer, forms.set(form, text));
    this.#count(answer, text.cost);
    this.trim();
  }

  /** Drops what is over the bound. */
  trim(): void {
    const most = this.#mostBytes();
    for (const oldest of this.#texts.keys()) {
      if (this.#bytes <= most) break;
      this.drop(oldest);
    }
  }

  /** Drops those of an answer that is no longer kept. */
  drop(answer: A): void {
    const texts = this.#texts.get(answer);
    if (texts === undefined) return;
    this.#texts.delete(answer);
    for (const { cost } of texts.values()) this.#count(answer, -cost);
  }

  #count(answer: A, bytes: number): void {
    this.#bytes += bytes;
    this.#grown(answer, bytes);
  }
}
