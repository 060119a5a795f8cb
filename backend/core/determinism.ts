// Can a question have one answer alone? Only then may a client that knows nothing of a cache be given a kept one.
// It looks at what the caller and the model's Modelfile say; whether a cache is asked at all is policy.ts.
import { LRUCache } from 'lru-cache';
import type { InstalledModel, Upstream, UpstreamRequest } from './ports.ts';

/** Modelfiles remembered; by digest, so a changed model is asked anew. */
const MOST_MODELS = 200;

type Parameters = ReadonlyMap<string, readonly string[]>;

/** The three options that take chance out of an answer, each with the values that do. */
const CERTAIN: Readonly<Record<string, (value: number) => boolean>> = {
  temperature: (value) => value === 0,
  top_k: (value) => value === 1,
  seed: (value) => value >= 0,
};

/**
 * Whether sampling leaves nothing to chance: temperature 0, top_k 1, or a seed that is not negative. What counts is the
 * request, then the Modelfile, then Ollama's default, which is chance (ollama api/types.go DefaultOptions: 0.8, 40, -1).
 */
export function isDeterministic(options: UpstreamRequest['options'], parameters: Parameters | undefined): boolean {
  return Object.entries(CERTAIN).some(([name, certain]) => {
    const asked = options?.[name] ?? parameters?.get(name)?.at(-1);
    return asked !== undefined && asked !== '' && certain(Number(asked));
  });
}

/** Knows which questions are deterministic, and asks for a Modelfile only where it can matter. */
export class Determinism {
  readonly #upstream: Pick<Upstream, 'parameters'>;
  readonly #known = new LRUCache<string, Promise<Parameters>>({ max: MOST_MODELS });

  constructor(upstream: Pick<Upstream, 'parameters'>) {
    this.#upstream = upstream;
  }

  /** Never rejects for Ollama's sake: a Modelfile that cannot be had says nothing. Rejects with the signal's reason. */
  async of(request: UpstreamRequest, model: InstalledModel, signal: AbortSignal): Promise<boolean> {
    const { options } = request;
    if (isDeterministic(options, undefined)) return true;
    const allSaid = Object.keys(CERTAIN).every((name) => (options?.[name] ?? undefined) !== undefined);
    if (allSaid) return false;
    const parameters = await this.#parameters(model, signal);
    signal.throwIfAborted();
    return isDeterministic(options, parameters);
  }

  async #parameters({ digest, name }: InstalledModel, signal: AbortSignal): Promise<Parameters | undefined> {
    const known = this.#known.get(digest);
    const asked = known ?? this.#upstream.parameters(name, signal);
    if (known === undefined) this.#known.set(digest, asked);
    try {
      return await asked;
    } catch {
      if (this.#known.get(digest) === asked) this.#known.delete(digest);
      return undefined;
    }
  }
}
