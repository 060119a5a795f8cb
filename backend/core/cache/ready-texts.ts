// Kept answers as text ready to send, except for what differs each time: ids, times, ages. Serialising JSON anew costs
// more than the rest of a hit. Independent of any dialect: whoever wrote an answer once has it split here.
import { randomInt } from 'node:crypto';

/** A moment in the years 3000 to 9999. */
export const GAP_MOMENT = randomInt(Date.UTC(3000, 0), Date.UTC(9999, 11, 31));

/**
 * Placeholders for what differs each time, in an answer that is written once and split at them. Drawn when the process
 * starts, so nothing else can equal them. Strings are in quotes, numbers are bare.
 */
export const GAPS = {
  /** The id of the request or of the answer. */
  id: `gap-${digits()}`,
  /** The time in milliseconds since 1970 (GAP_MOMENT), written as RFC 3339, and in seconds. */
  time: new Date(GAP_MOMENT).toISOString(),
  seconds: digits(),
  /** The age of the kept answer in seconds. */
  age: digits(),
  /** Milliseconds until the request began, until its first piece, and until its end. */
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

/** An answer, split at its gaps. */
export class ReadyText {
  /** The approximate memory that it takes, in bytes. */
  readonly cost: number;
  readonly #texts: readonly string[];
  readonly #gaps: readonly Gap[];
  /** UTF-8 bytes of everything but the gaps. */
  readonly #bytes: number;

  /** `written` has GAPS for what differs. */
  constructor(written: string) {
    this.#texts = written.split(ANY);
    this.#gaps = [...written.matchAll(ANY)].map(
      ([found]) => NAMES.find((name) => String(GAPS[name]) === found) ?? 'id',
    );
    this.#bytes = this.#texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    this.cost = this.#bytes + TEXT_BYTES * this.#texts.length;
  }

  /** The text for one caller, and its length in UTF-8 bytes. Gap values must be ASCII that JSON need not escape. */
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

/** The bytes of a string besides its characters. */
const TEXT_BYTES = 64;

/** Ready texts of kept answers, limited in bytes. The oldest go first, and each goes with its answer. */
export class ReadyTexts<A> {
  readonly #mostBytes: () => number;
  /** By answer and name of the form. */
  readonly #texts = new Map<A, Map<string, ReadyText>>();
  #bytes = 0;
  readonly #grown: (answer: A, bytes: number) => void;

  /** `mostBytes` is called each time; `grown` gets the change in bytes of an answer's texts. */
  constructor(mostBytes: () => number, grown: (answer: A, bytes: number) => void) {
    this.#mostBytes = mostBytes;
    this.#grown = grown;
  }

  get(answer: A, form: string): ReadyText | undefined {
    return this.#texts.get(answer)?.get(form);
  }

  /** Keeps a text, unless it alone exceeds the limit. */
  keep(answer: A, form: string, text: ReadyText): void {
    if (text.cost > this.#mostBytes()) return;
    const forms = this.#texts.get(answer) ?? new Map<string, ReadyText>();
    this.#texts.set(answer, forms.set(form, text));
    this.#count(answer, text.cost);
    this.trim();
  }

  /** Drops the oldest texts above the limit. */
  trim(): void {
    const most = this.#mostBytes();
    for (const oldest of this.#texts.keys()) {
      if (this.#bytes <= most) break;
      this.drop(oldest);
    }
  }

  /** Drops the texts of an answer that is no longer kept. */
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
