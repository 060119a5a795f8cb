// Whether a question has only one possible answer. Only then may a client that knows nothing of a cache get a kept one.
// Looks at the request and the Modelfile; policy.ts decides whether the cache is used.
import type { Modelfiles } from './modelfiles.ts';
import type { InstalledModel, Modelfile, UpstreamRequest } from '../ports.ts';

/** The three options that can make an answer deterministic, each with the values that do. */
const CERTAIN: Readonly<Record<string, (value: number) => boolean>> = {
  temperature: (value) => value === 0,
  top_k: (value) => value === 1,
  seed: (value) => value >= 0,
};

/**
 * Whether sampling is deterministic: temperature 0, top_k 1, or a seed that is not negative. The request takes
 * precedence, then the Modelfile, then Ollama's default, which is random (ollama api/types.go DefaultOptions: 0.8, 40,
 * -1).
 */
export function isDeterministic(
  options: UpstreamRequest['options'],
  parameters: Modelfile['parameters'] | undefined,
): boolean {
  return Object.entries(CERTAIN).some(([name, certain]) => {
    const asked = options?.[name] ?? parameters?.get(name)?.at(-1);
    return asked !== undefined && asked !== '' && certain(Number(asked));
  });
}

/** Knows which questions are deterministic, and fetches a Modelfile only when it matters. */
export class Determinism {
  readonly #modelfiles: Pick<Modelfiles, 'of'>;

  constructor(modelfiles: Pick<Modelfiles, 'of'>) {
    this.#modelfiles = modelfiles;
  }

  /** A Modelfile that can't be fetched counts as empty. Rejects only with the signal's reason. */
  async of(request: UpstreamRequest, model: InstalledModel, signal: AbortSignal): Promise<boolean> {
    const { options } = request;
    if (isDeterministic(options, undefined)) return true;
    const allSaid = Object.keys(CERTAIN).every((name) => (options?.[name] ?? undefined) !== undefined);
    if (allSaid) return false;
    return isDeterministic(options, (await this.#modelfiles.of(model, signal))?.parameters);
  }
}
