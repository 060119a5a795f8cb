// The last requests as they came, in memory only, so that one can be repeated or copied. The newest replace the oldest;
// nothing is written to disk.
import type { ShownAnswer } from '../../contract/views/request-body.ts';
import { sees } from '../ownership.ts';

/** A request as it came over the wire. */
export interface Sent {
  readonly method: string;
  /** Includes the query. */
  readonly path: string;
  /** Lower-case names; without headers that hold a key. */
  readonly headers: Readonly<Record<string, string>>;
  /** The remote address of its connection. */
  readonly from: string;
  /** Decompressed. */
  readonly body: Uint8Array;
}

/** A remembered request. */
export interface Latest {
  readonly id: string;
  readonly owner: string;
  readonly sent: Sent;
  /** Hearth itself sent it, so nobody else reads its answer. */
  readonly byHearth: boolean;
  /** Only set if `byHearth`. */
  answer?: ShownAnswer;
}

/** The bytes of an entry besides its texts. */
const BESIDE = 1024;

export class LatestBodies {
  readonly #maxBytes: () => number;
  readonly #kept = new Map<string, Latest & { readonly place: number }>();
  /**
   * The ids, the oldest first, starting at `#oldest`; some are forgotten already. The place of the first is `#places`.
   * A Map finds its first entry slowly once many were deleted.
   */
  #order: string[] = [];
  #oldest = 0;
  #places = 0;
  #bytes = 0;

  /** `maxBytes` is called each time; 0 remembers nothing. */
  constructor(maxBytes: () => number) {
    this.#maxBytes = maxBytes;
  }

  /** The bytes in use. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Remembers a request, replacing an older one with its id. */
  add(latest: Omit<Latest, 'answer'>): void {
    this.forget(latest.id);
    this.#trim();
    if (sizeOf(latest) > this.#maxBytes()) return;
    // Copy the body: its bytes are part of a larger buffer, which they would keep alive.
    const body = new Uint8Array(latest.sent.body);
    const place = this.#places + this.#order.length;
    this.#kept.set(latest.id, { ...latest, sent: { ...latest.sent, body }, place });
    this.#order.push(latest.id);
    this.#bytes += sizeOf(latest);
    this.#trim();
  }

  /** Adds the answer of a request that Hearth sent, while it is remembered. */
  answered(id: string, answer: ShownAnswer): void {
    const latest = this.#kept.get(id);
    if (latest?.byHearth !== true) return;
    this.#bytes -= sizeOf(latest);
    latest.answer = answer;
    this.#bytes += sizeOf(latest);
    this.#trim();
  }

  find(id: string, watcher: string): Latest | undefined {
    // The limit may have been lowered.
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

  /** Forgets all that a watcher may see. Returns how many there were. */
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
