// Remembers which models Ollama has, for a few seconds, so that looking a name up costs no call on most requests.
// It does not decide when to look again; that is the watch's.
import { canonicalName } from '../contract/model-name.ts';
import { withoutLocal } from '../core/models.ts';
import type { InstalledModel, Elapsed } from '../core/ports.ts';
import { shared, type Shared } from './shared.ts';

/** How old the list may be when a name is looked up in it. The clock starts when it was asked for. */
const FRESH_MS = 5000;

/** Spellings remembered; callers choose them. */
const MOST_SPELLINGS = 1000;

export class Installed {
  readonly #elapsed: Elapsed;
  readonly #look: Shared;
  #askedAt = -Infinity;
  #list: readonly InstalledModel[] | undefined;
  /** As callers spell it, of the last list: the canonical form costs more than all the rest of a look. */
  readonly #bySpelling = new Map<string, InstalledModel>();
  #byName: ReadonlyMap<string, InstalledModel> = new Map();

  constructor(ask: () => Promise<readonly InstalledModel[]>, elapsed: Elapsed) {
    this.#elapsed = elapsed;
    this.#look = shared(async (current) => {
      const at = elapsed();
      const list = await ask();
      if (!current()) return;
      this.#askedAt = at;
      this.#list = list;
      this.#bySpelling.clear();
      this.#byName = new Map(list.map((model) => [canonicalName(model.name), model]));
    });
  }

  /** The last list, however old; undefined before the first. */
  get list(): readonly InstalledModel[] | undefined {
    return this.#list;
  }

  get fresh(): boolean {
    return this.#elapsed() - this.#askedAt < FRESH_MS;
  }

  /** The look under way. */
  get looking(): Promise<void> | undefined {
    return this.#look.running;
  }

  /** The model that a name means, by the last list. */
  find(name: string): InstalledModel | undefined {
    const known = this.#bySpelling.get(name);
    if (known !== undefined) return known;
    // As it is first: to older servers "local" is a tag like any other.
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

  /** From now on the list is old, and so is what a look under way will bring. */
  expire(): void {
    this.#askedAt = -Infinity;
    this.#look.forget();
  }
}
