// Finds what each installed model can do, for older servers that report it only in /api/show: newer ones put it in the
// list of models. Each digest is asked for once, and the list never waits long for it.
import { withAny } from '../core/abort.ts';
import type { InstalledModel } from '../core/ports.ts';

/** Milliseconds that the list waits for all answers together. */
const LIMIT_MS = 2000;

/** Asks /api/show; undefined when the server does not report capabilities. */
type Ask = (model: string, signal: AbortSignal) => Promise<readonly string[] | undefined>;

export class Abilities {
  readonly #ask: Ask;
  /** By digest; undefined if the server was asked and did not report. */
  readonly #known = new Map<string, readonly string[] | undefined>();

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** Adds the capabilities to each model. An answer that does not arrive in time stays unknown until the next list. */
  async told(list: readonly InstalledModel[], signal: AbortSignal): Promise<readonly InstalledModel[]> {
    const untold = list.filter(({ capabilities }) => capabilities === undefined);
    if (untold.length === 0) return list;
    const asked = untold.filter(({ digest }) => !this.#known.has(digest));
    await withAny([signal, AbortSignal.timeout(LIMIT_MS)], (limit) =>
      Promise.allSettled(asked.map(async ({ name, digest }) => this.#known.set(digest, await this.#ask(name, limit)))),
    );
    this.#forget(list);
    return list.map((model) => {
      const capabilities = model.capabilities ?? this.#known.get(model.digest);
      return capabilities === undefined ? model : { ...model, capabilities };
    });
  }

  /** Drops models that are no longer installed. */
  #forget(list: readonly InstalledModel[]): void {
    const digests = new Set(list.map(({ digest }) => digest));
    for (const digest of this.#known.keys()) if (!digests.has(digest)) this.#known.delete(digest);
  }
}
