// Web pages that were refused because nobody has decided about them yet: each becomes one notice, and is kept until
// somebody decides. Only "for this session" is remembered here; "always" and "never" are
// cors.allowed_origins and cors.blocked_origins.

/** A page that asks for access. */
export interface AskingOrigin {
  /** As browsers spell it: `https://notes.example.com` */
  readonly origin: string;
  /** How often it asked. */
  readonly times: number;
}

/** A page can ask under any number of names, so only some are kept; the one that asked longest ago is forgotten first. */
const MOST = 5;

export class OriginApprovals {
  readonly #asked = new Map<string, number>();
  readonly #admitted = new Set<string>();
  readonly #listeners = new Set<(stranger: AskingOrigin) => void>();

  /** A page was refused. */
  refused(origin: string): void {
    const times = (this.#asked.get(origin) ?? 0) + 1;
    this.#asked.delete(origin);
    this.#asked.set(origin, times);
    const [oldest] = this.#asked.keys();
    if (this.#asked.size > MOST && oldest !== undefined) this.#asked.delete(oldest);
    for (const listener of this.#listeners) listener({ origin, times });
  }

  /** Allows a page until the program ends. */
  admit(origin: string): void {
    this.#admitted.add(origin);
    this.#asked.delete(origin);
  }

  /** Somebody has decided about this page. */
  answered(origin: string): void {
    this.#asked.delete(origin);
  }

  isAdmitted(origin: string): boolean {
    return this.#admitted.has(origin);
  }

  /** The pages that wait for a decision, the latest last. */
  list(): AskingOrigin[] {
    return [...this.#asked].map(([origin, times]) => ({ origin, times }));
  }

  /** Calls back at each refusal, until the returned function is called. */
  onRefused(listener: (stranger: AskingOrigin) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
