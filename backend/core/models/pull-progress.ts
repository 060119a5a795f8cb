// The progress and speed of a download, from what Ollama reports about its parts several times a second. Ollama names
// the parts one after the other. The first report of a part includes the bytes that it had already, which do not count
// as speed.
import type { PullPhase, PullStep } from '../../contract/views/pull-view.ts';
import type { Elapsed } from '../ports.ts';

/** The time that the speed is measured over, and how long it must have been measured before it is shown. */
const WINDOW_MS = 10_000;
const LEAST_MS = 5000;
/** The interval between two notes of the bytes received. Milliseconds. */
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
  /** Bytes received since the start. Bytes of a part that is fetched again count again. */
  #came = 0;
  #lastByteAt: number | undefined;
  readonly #notes: { readonly at: number; readonly came: number }[] = [];

  /** `before` is the progress before this attempt, shown until Ollama reports more. */
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
    // It drops when Ollama starts a piece of a part again.
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

  /** Undefined until Ollama has reported a part. */
  get bytes(): Bytes | undefined {
    if (this.#parts.size === 0) return this.#before;
    let [completed, total] = [0, 0];
    for (const part of this.#parts.values()) {
      completed += part.completed;
      total += part.total;
    }
    return { completed, total };
  }

  /** Bytes per second; undefined until known, and while nothing is fetched. */
  get speed(): number | undefined {
    const [first] = this.#notes;
    if (first === undefined || this.#phase !== 'downloading') return undefined;
    const ms = this.#elapsed() - first.at;
    return ms < LEAST_MS ? undefined : ((this.#came - first.came) * 1000) / ms;
  }

  /** Milliseconds without a byte; undefined while none is expected. */
  get silentMs(): number | undefined {
    return this.#phase === 'downloading' && this.#lastByteAt !== undefined
      ? this.#elapsed() - this.#lastByteAt
      : undefined;
  }
}

/** The phase, by the wording of Ollama's server/images.go, PullModel; an unknown status keeps the phase before. */
function phaseOf(status: string, before: PullPhase): PullPhase {
  if (status.startsWith('verifying')) return 'checking';
  if (/^(?:writing|removing)/.test(status)) return 'installing';
  return status === 'success' ? 'installing' : before;
}
