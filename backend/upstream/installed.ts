// Remembers which models Ollama has, for a few seconds, so that most requests need no call to look a name up. While the
// list cannot be fetched, it is remembered for longer, but not for ever. A failed fetch is not an empty list: nothing is known.
// The watch decides when to look again.
import { canonicalName } from '../contract/model-name.ts';
import { withoutLocal } from '../core/models/names.ts';
import type { InstalledModel, Elapsed } from '../core/ports.ts';
import { shared, type Shared } from './shared-work.ts';

/** How old the list may be when a name is looked up in it. The clock starts when it was asked for. */
const FRESH_MS = 5000;

/** Spellings remembered; callers choose them. */
const MOST_SPELLINGS = 1000;

export class Installed {
  readonly #elapsed: Elapsed;
  readonly #staleMs: () => number;
  readonly #look: Shared;
  #askedAt = -Infinity;
  /** Outdated by a change through us, or by another Ollama. */
  #expired = false;
  /** The last look failed. */
  #failing = false;
  #list: readonly InstalledModel[] | undefined;
  /** As callers spell it, of the last list: the canonical form costs more than all the rest of a look. */
  readonly #bySpelling = new Map<string, InstalledModel>();
  #byName: ReadonlyMap<string, InstalledModel> = new Map();

  /** `staleMs`: how old the list may be, in milliseconds, that is used while no newer one can be had; asked each time. */
  constructor(ask: () => Promise<readonly InstalledModel[]>, elapsed: Elapsed, staleMs: () => number) {
    this.#elapsed = elapsed;
    this.#staleMs = staleMs;
    this.#look = shared(async (current) => {
      const at = elapsed();
      const list = await ask().catch((error: unknown) => {
        if (current()) this.#failing = true;
        throw error;
      });
      if (!current()) return;
      this.#askedAt = at;
      this.#expired = false;
      this.#failing = false;
      this.#list = list;
      this.#bySpelling.clear();
      this.#byName = new Map(list.map((model) => [canonicalName(model.name), this.#unchanged(model)]));
    });
  }

  /** The same object for a model that is as it was: what is known of it by then holds on. */
  #unchanged(model: InstalledModel): InstalledModel {
    const before = this.#byName.get(canonicalName(model.name));
    return before !== undefined && JSON.stringify(before) === JSON.stringify(model) ? before : model;
  }

  /** The last list; undefined before the first, and when it is too old and no newer one can be had. */
  get list(): readonly InstalledModel[] | undefined {
    const usable = !this.#failing || this.#age < Math.max(FRESH_MS, this.#staleMs());
    return usable ? this.#list : undefined;
  }

  get fresh(): boolean {
    return !this.#expired && this.#age < FRESH_MS;
  }

  /** Whether the list could not be had when it was asked for last. */
  get failing(): boolean {
    return this.#failing;
  }

  get #age(): number {
    return this.#elapsed() - this.#askedAt;
  }

  /** The look under way. */
  get looking(): Promise<void> | undefined {
    return this.#look.running;
  }

  /** The model that a name means, by the list. */
  find(name: string): InstalledModel | undefined {
    if (this.list === undefined) return undefined;
    const known = this.#bySpelling.get(name);
    if (known !== undefined) return known;
    // The exact name first: to older servers "local" is a tag like any other.
    const model = this.#byName.get(canonicalName(name)) ?? this.#byName.get(canonicalName(withoutLocal(name)));
    if (model !== undefined) {
      if (this.#bySpelling.size >= MOST_SPELLINGS) this.#bySpelling.clear();
      this.#bySpelling.set(name, model);
    }
    return model;
  }

  /** Asks for the list anew, once for all who want it now. Rejects when it cannot be had; the last one stays. */
  look(): Promise<void> {
    return this.#look.run();
  }

  /** Ollama is away. */
  unavailable(): void {
    this.#failing = true;
  }

  /** From now on the list is old, and so is the result of a look under way. */
  expire(): void {
    this.#expired = true;
    this.#look.forget();
  }
}
