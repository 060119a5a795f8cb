// How far a download is, and how fast: from what Ollama tells of its parts, several times a second. Ollama names the parts one
// after the other, and what it has of a part already is told with the first word about it, which is no speed.
import type { PullPhase, PullStep } from '../../contract/pull-view.ts';
import type { Elapsed } from '../ports.ts';

/** The speed is that of the last so many milliseconds, and is told once it was measured for so many. */
const WINDOW_MS = 10_000;
const LEAST_MS = 5000;
/** Between two notes of how much has come. Milliseconds. */
const NOTE_MS = 500;

interface Bytes {
  readonly completed: number;
  readonly total: number;
}

export class PullProgress {
  readonly #elapsed: Elapsed;
  readonly #parts = new Map<string, Bytes>();
  readonly #before: Bytes | undefined;
  #phase: PullPhase = 'looking';
  /** Bytes that have come since this began; those of a part that is fetched anew count again. */
  #came = 0;
  #lastByteAt: number | undefined;
  readonly #notes: { readonly at: number; readonly came: number }[] = [];

  /** `before`: how far it was before this try, to be told until Ollama says more. */
  constructor(elapsed: Elapsed, before?: Bytes) {
    this.#elapsed = elapsed;
    this.#before = before;
  }

  take({ status, digest, total, completed = 0 }: PullStep): void {
    if (digest === undefined || total === undefined) {
      this.#phase = phaseOf(status, this.#phase);
      return;
    }
    const now = this.#elapsed();
    this.#phase = 'downloading';
    const known = this.#parts.get(digest);
    this.#parts.set(digest, { completed, total });
    this.#lastByteAt ??= now;
    // It falls where Ollama begins a piece of a part anew.
    const more = known === undefined ? 0 : Math.max(0, completed - known.completed);
    this.#came += more;
    if (more > 0) this.#lastByteAt = now;
    const last = this.#notes.at(-1);
    if (last !== undefined && now - last.at < NOTE_MS) return;
    this.#notes.push({ at: now, came: this.#came });
    while (this.#notes.length > 1 && now - (this.#notes[1]?.at ?? now) >= WINDOW_MS) this.#notes.shift();
  }

  get phase(): PullPhase {
    return this.#phase;
  }

  /** Undefined until Ollama has told of a part. */
  get bytes(): Bytes | undefined {
    if (this.#parts.size === 0) return this.#before;
    let [completed, total] = [0, 0];
    for (const part of this.#parts.values()) {
      completed += part.completed;
      total += part.total;
    }
    return { completed, total };
  }

  /** Bytes a second; undefined until it is known, and while nothing is fetched. */
  get speed(): number | undefined {
    const [first] = this.#notes;
    if (first === undefined || this.#phase !== 'downloading') return undefined;
    const ms = this.#elapsed() - first.at;
    return ms < LEAST_MS ? undefined : ((this.#came - first.came) * 1000) / ms;
  }

  /** For how long no byte has come, in milliseconds; undefined while none is to come. */
  get silentMs(): number | undefined {
    return this.#phase === 'downloading' && this.#lastByteAt !== undefined
      ? this.#elapsed() - this.#lastByteAt
      : undefined;
  }
}

/** By the words of Ollama's server/images.go, PullModel; what is not known of them belongs to what was before. */
function phaseOf(status: string, before: PullPhase): PullPhase {
  if (status.startsWith('verifying')) return 'checking';
  if (/^(?:writing|removing)/.test(status)) return 'installing';
  return status === 'success' ? 'installing' : before;
}
