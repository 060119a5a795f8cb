// Web pages that were refused because nobody has decided about them yet. Each becomes one notice, and is kept until
// somebody decides. Only "for this session" is remembered here; "always" and "never" are in cors.allowed_origins and
// cors.blocked_origins.

import { originsIn } from '../../contract/address.ts';
import type { Config } from '../../contract/config/config.ts';

/** A page that asks for access. */
export interface AskingOrigin {
  /** As browsers spell it: `https://notes.example.com` */
  readonly origin: string;
  /** How often it asked. */
  readonly times: number;
}

/** Gets the page, and whether it waits for an answer. */
export type OriginListener = (origin: string, waits: boolean) => void;

/**
 * How many pages are kept, since a page can ask under any number of names; the one that asked least recently is
 * dropped.
 */
const MOST = 5;

export class OriginApprovals {
  readonly #asked = new Map<string, number>();
  readonly #admitted = new Set<string>();
  readonly #listeners = new Set<OriginListener>();

  /** Notes that a page was refused. */
  refused(origin: string): void {
    const times = (this.#asked.get(origin) ?? 0) + 1;
    this.#asked.delete(origin);
    this.#asked.set(origin, times);
    const [oldest] = this.#asked.keys();
    if (this.#asked.size > MOST && oldest !== undefined) this.#asked.delete(oldest);
    this.#tell(origin, true);
  }

  /** Allows a page until the program ends. */
  admit(origin: string): void {
    this.#admitted.add(origin);
    this.#answered(origin);
  }

  /** Call after a change of the settings, which may have decided about some pages. */
  decided({ allowed_origins: allowed, blocked_origins: blocked }: Config['cors']): void {
    const isAnswered = originsIn([...allowed, ...blocked]);
    for (const { origin } of this.list()) if (isAnswered(origin)) this.#answered(origin);
  }

  isAdmitted(origin: string): boolean {
    return this.#admitted.has(origin);
  }

  /** The pages that wait for a decision, the latest last. */
  list(): AskingOrigin[] {
    return [...this.#asked].map(([origin, times]) => ({ origin, times }));
  }

  /** Calls `listener` at each refusal and each answer, until the returned function is called. */
  onChange(listener: OriginListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #answered(origin: string): void {
    if (this.#asked.delete(origin)) this.#tell(origin, false);
  }

  #tell(origin: string, waits: boolean): void {
    for (const listener of this.#listeners) listener(origin, waits);
  }
}
