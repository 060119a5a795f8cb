// What each installed model can do, from servers that tell it in /api/show alone: the list of models has it only lately.
// It is asked once for each digest, and never keeps the list waiting for long.
import type { InstalledModel } from '../core/ports.ts';

/** How long the list waits for all answers together. Milliseconds. */
const LIMIT_MS = 2000;

/** Asks /api/show; undefined when the server does not tell. */
type Ask = (model: string, signal: AbortSignal) => Promise<readonly string[] | undefined>;

export class Abilities {
  readonly #ask: Ask;
  /** By digest. undefined: asked, and not told. */
  readonly #known = new Map<string, readonly string[] | undefined>();

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** The list with what is known of each model. What cannot be had in time stays unknown until the next list. */
  async told(list: readonly InstalledModel[], signal: AbortSignal): Promise<readonly InstalledModel[]> {
    const untold = list.filter(({ capabilities }) => capabilities === undefined);
    if (untold.length === 0) return list;
    const asked = untold.filter(({ digest }) => !this.#known.has(digest));
    const limit = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
    await Promise.allSettled(
      asked.map(async ({ name, digest }) => this.#known.set(digest, await this.#ask(name, limit))),
    );
    this.#forget(list);
    return list.map((model) => {
      const capabilities = model.capabilities ?? this.#known.get(model.digest);
      return capabilities === undefined ? model : { ...model, capabilities };
    });
  }

  /** What is installed no more need not be remembered. */
  #forget(list: readonly InstalledModel[]): void {
    const digests = new Set(list.map(({ digest }) => digest));
    for (const digest of this.#known.keys()) if (!digests.has(digest)) this.#known.delete(digest);
  }
}
