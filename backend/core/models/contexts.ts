// How large a context a model is to run with where that is left to Hearth (num_ctx "auto"), and how large the one is that a
// request will have. It looks at what is loaded and at what Ollama told of loads before; it loads nothing and counts no tokens.
import type { LoadedModel, Modelfile, RunnerSpec } from '../ports.ts';

/** The value of num_ctx that Hearth puts a number for. */
export const AUTO = 'auto';

/** The smallest context that is chosen; each next one is twice as large, so that few loads serve prompts of all lengths. */
const FIRST_RUNG = 4096;

/** What loads with different contexts showed of a model's memory. */
interface Measured {
  /** The largest context with which all of it was in the graphics memory. */
  readonly fits: number;
  /** The smallest with which, alone there, a part of it was not. */
  readonly spills: number;
}

const NOTHING_MEASURED: Measured = { fits: 0, spills: Infinity };

export interface ContextsOptions {
  readonly residency: {
    /** The runner of these weights that was last loaded or used. */
    standing(weights: string): RunnerSpec | undefined;
  };
  readonly watch: { readonly state: { readonly loaded: readonly LoadedModel[] } };
  /** What a model of /api/ps was loaded from. */
  weights(digest: string): string;
}

export class Contexts {
  readonly #options: ContextsOptions;
  /** By weights; those of models that have been loaded. */
  readonly #measured = new Map<string, Measured>();

  constructor(options: ContextsOptions) {
    this.#options = options;
  }

  /** Takes in what Ollama lists as loaded: how much of each is in the graphics memory, by the size of its context. */
  look(loaded: readonly LoadedModel[]): void {
    for (const { digest, size, size_vram, context_length } of loaded) {
      // Without a graphics card nothing is in its memory, and nothing can be said to be too much for it.
      if (context_length === undefined || size_vram === 0) continue;
      const weights = this.#options.weights(digest);
      const { fits, spills } = this.#measured.get(weights) ?? NOTHING_MEASURED;
      if (size_vram >= size) {
        this.#measured.set(weights, { fits: Math.max(fits, context_length), spills });
      } else if (loaded.length === 1) {
        this.#measured.set(weights, { fits, spills: Math.min(spills, context_length) });
      }
    }
  }

  /**
   * The context for a prompt that needs `need` tokens, its answer included: the next rung of the ladder, at most what the
   * model can (`most`) and what fits, and the one that is loaded where that holds as much. In tokens.
   */
  fitting(weights: string, need: number, most = Infinity): number {
    const limit = Math.min(most, this.#mostInMemory(weights));
    const wanted = Math.min(rungFor(need), limit);
    return Math.max(wanted, this.#loaded(weights) ?? 0);
  }

  /**
   * How many tokens a request on this runner can have; undefined where that is Ollama's own choice for a model that is not
   * loaded. More than the model can is never loaded (ollama llm/server.go).
   */
  sizeOf({ weights, options }: RunnerSpec, modelfile: Modelfile | undefined): number | undefined {
    const said = Number(options['num_ctx'] ?? modelfile?.parameters.get('num_ctx')?.at(-1));
    const size = said > 0 ? said : this.#loaded(weights);
    return size === undefined ? undefined : Math.min(size, modelfile?.contextLength ?? Infinity);
  }

  /** A model that never fitted is not kept small for that: a part of it is outside with any context. */
  #mostInMemory(weights: string): number {
    const { fits, spills } = this.#measured.get(weights) ?? NOTHING_MEASURED;
    if (fits === 0 || spills === Infinity) return Infinity;
    return Math.max(fits, rungFor(spills) / 2);
  }

  /** The context of what is loaded from these weights. */
  #loaded(weights: string): number | undefined {
    const { residency, watch, weights: weightsOf } = this.#options;
    const ours = residency.standing(weights)?.options['num_ctx'];
    if (typeof ours === 'number') return ours;
    return watch.state.loaded.find(({ digest }) => weightsOf(digest) === weights)?.context_length;
  }
}

/** The first rung that holds so many tokens. */
function rungFor(tokens: number): number {
  let rung = FIRST_RUNG;
  while (rung < tokens) rung *= 2;
  return rung;
}
