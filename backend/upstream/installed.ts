// Caches the list of Ollama's models for a few seconds, so that most requests need no call to look a name up. While the
// list cannot be fetched, the old one is used for longer, but not for ever. A failed fetch is not an empty list:
// nothing is known then. The watch decides when to fetch again.
import { canonicalName } from '../contract/model-name.ts';
import { withoutLocal } from '../core/models/names.ts';
import type { InstalledModel, Elapsed } from '../core/ports.ts';
import { shared, type Shared } from './shared-work.ts';

/** Maximum age of the list for looking up a name. The clock starts when the list was asked for. */
const FRESH_MS = 5000;

/** Spellings remembered; callers choose them. */
const MOST_SPELLINGS = 1000;

export class Installed {
  readonly #elapsed: Elapsed;
  readonly #staleMs: () => number;
  readonly #look: Shared;
  #askedAt = -Infinity;
  /** Set by a change through Hearth, or by another Ollama. */
  #expired = false;
  /** The last fetch failed. */
  #failing = false;
  #list: readonly InstalledModel[] | undefined;
  /**
   * Cache by the caller's spelling, for the current list: computing the canonical name costs more than the rest of a
   * lookup.
   */
  readonly #bySpelling = new Map<string, InstalledModel>();
  #byName: ReadonlyMap<string, InstalledModel> = new Map();

  /** `staleMs`: maximum age in milliseconds of a list while no newer one can be fetched; read each time. */
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

  /** Returns the same object for an unchanged model, so that facts attached to it stay valid. */
  #unchanged(model: InstalledModel): InstalledModel {
    const before = this.#byName.get(canonicalName(model.name));
    return before !== undefined && JSON.stringify(before) === JSON.stringify(model) ? before : model;
  }

  /** The last list; undefined before the first, and when it is too old and no newer one can be fetched. */
  get list(): readonly InstalledModel[] | undefined {
    const usable = !this.#failing || this.#age < Math.max(FRESH_MS, this.#staleMs());
    return usable ? this.#list : undefined;
  }

  get fresh(): boolean {
    return !this.#expired && this.#age < FRESH_MS;
  }

  /** Whether the last fetch failed. */
  get failing(): boolean {
    return this.#failing;
  }

  get #age(): number {
    return this.#elapsed() - this.#askedAt;
  }

  /** The fetch in progress. */
  get looking(): Promise<void> | undefined {
    return this.#look.running;
  }

  /** The model that a name refers to, by the list. */
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

  /** Fetches the list, once for all callers at the same time. Rejects when that fails; the last list stays. */
  look(): Promise<void> {
    return this.#look.run();
  }

  /** Call when Ollama is unreachable. */
  unavailable(): void {
    this.#failing = true;
  }

  /** Marks the list as old, and the result of a fetch in progress too. */
  expire(): void {
    this.#expired = true;
    this.#look.forget();
  }
}
