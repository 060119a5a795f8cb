// The last requests as they came, in memory alone, so that one can be asked again and copied. The newest win; nothing is written.
import type { ShownAnswer } from '../../contract/request-body.ts';
import { sees } from '../ownership.ts';

/** A request as it came over the wire. */
export interface Sent {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** In lower case; none that holds a key. */
  readonly headers: Readonly<Record<string, string>>;
  /** Where it came from, by its connection. */
  readonly from: string;
  /** Unpacked. */
  readonly body: Uint8Array;
}

/** A request that is remembered. */
export interface Latest {
  readonly id: string;
  readonly owner: string;
  readonly sent: Sent;
  /** It was asked by Hearth itself, so that nobody else reads its answer. */
  readonly byHearth: boolean;
  /** Kept of such a one alone. */
  answer?: ShownAnswer;
}

/** What one takes beside its texts. Bytes. */
const BESIDE = 1024;

export class LatestBodies {
  readonly #maxBytes: () => number;
  readonly #kept = new Map<string, Latest & { readonly place: number }>();
  /**
   * Their ids, the oldest first, from `#oldest` on; some are forgotten already. The place of the first is `#places`. A Map
   * itself finds its first slowly once many have gone.
   */
  #order: string[] = [];
  #oldest = 0;
  #places = 0;
  #bytes = 0;

  /** `maxBytes` is asked each time; 0 remembers nothing. */
  constructor(maxBytes: () => number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes that they take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Remembers one, in place of an older one with its id. */
  add(latest: Omit<Latest, 'answer'>): void {
    this.forget(latest.id);
    this.#trim();
    if (sizeOf(latest) > this.#maxBytes()) return;
    // The bytes that came are a part of a larger piece of memory, which they would hold.
    const body = new Uint8Array(latest.sent.body);
    const place = this.#places + this.#order.length;
    this.#kept.set(latest.id, { ...latest, sent: { ...latest.sent, body }, place });
    this.#order.push(latest.id);
    this.#bytes += sizeOf(latest);
    this.#trim();
  }

  /** The answer of one that was asked by Hearth, while it is remembered. */
  answered(id: string, answer: ShownAnswer): void {
    const latest = this.#kept.get(id);
    if (latest?.byHearth !== true) return;
    this.#bytes -= sizeOf(latest);
    latest.answer = answer;
    this.#bytes += sizeOf(latest);
    this.#trim();
  }

  find(id: string, watcher: string): Latest | undefined {
    // The bound may have been made smaller.
    this.#trim();
    const latest = this.#kept.get(id);
    return latest !== undefined && sees(watcher, latest.owner) ? latest : undefined;
  }

  forget(id: string): void {
    const latest = this.#kept.get(id);
    if (latest === undefined) return;
    this.#kept.delete(id);
    this.#bytes -= sizeOf(latest);
  }

  /** All that a watcher may see; how many that were. */
  clear(watcher: string): number {
    const doomed = [...this.#kept.values()].filter(({ owner }) => sees(watcher, owner));
    for (const { id } of doomed) this.forget(id);
    return doomed.length;
  }

  #trim(): void {
    while (this.#bytes > this.#maxBytes() && this.#oldest < this.#order.length) {
      const id = this.#order[this.#oldest] ?? '';
      if (this.#kept.get(id)?.place === this.#places + this.#oldest) this.forget(id);
      this.#oldest++;
    }
    if (this.#oldest * 2 <= this.#order.length) return;
    this.#order = this.#order.slice(this.#oldest);
    this.#places += this.#oldest;
    this.#oldest = 0;
  }
}

function sizeOf({ sent, answer }: Latest): number {
  return BESIDE + sent.body.length + (answer === undefined ? 0 : 2 * JSON.stringify(answer).length);
}
