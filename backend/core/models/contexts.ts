// The context that a model runs with when Hearth chooses it (num_ctx "auto"), and the context that a request will have.
// Based on what is loaded and what Ollama reported about earlier loads; loads nothing and counts no tokens.
import type { LoadedModel, Modelfile, RunnerSpec } from '../ports.ts';

/** The value of num_ctx that Hearth replaces with a number. */
export const AUTO = 'auto';

/** The smallest context that is chosen. Each larger one doubles it, so that few loads serve prompts of all lengths. */
const FIRST_RUNG = 4096;

/** What loads with different contexts showed about a model's memory. */
interface Measured {
  /** The largest context with which the model was entirely in graphics memory. */
  readonly fits: number;
  /** The smallest context with which it was not, though it was the only model there. */
  readonly spills: number;
}

const NOTHING_MEASURED: Measured = { fits: 0, spills: Infinity };

export interface ContextsOptions {
  readonly residency: {
    /** The runner of these weights that was last loaded or used. */
    standing(weights: string): RunnerSpec | undefined;
  };
  readonly watch: { readonly state: { readonly loaded: readonly LoadedModel[] } };
  /** The weights of a model in /api/ps. */
  weights(digest: string): string;
}

export class Contexts {
  readonly #options: ContextsOptions;
  /** By weights, for models that were loaded. */
  readonly #measured = new Map<string, Measured>();

  constructor(options: ContextsOptions) {
    this.#options = options;
  }

  /** Learns from Ollama's list of loaded models how much of each is in graphics memory with its context. */
  look(loaded: readonly LoadedModel[]): void {
    for (const { digest, size, size_vram, context_length } of loaded) {
      // Without a graphics card nothing is in its memory, so nothing can be said to exceed it.
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
   * The context in tokens for a prompt that needs `need` tokens including its answer: the next step, at most what the
   * model supports (`most`) and what fits. A loaded context that is large enough is used.
   */
  fitting(weights: string, need: number, most = Infinity): number {
    const limit = Math.min(most, this.#mostInMemory(weights));
    const wanted = Math.min(rungFor(need), limit);
    return Math.max(wanted, this.#loaded(weights) ?? 0);
  }

  /**
   * How many tokens a request on this runner can have. Undefined when Ollama chooses the context of a model that is not
   * loaded. Ollama never loads more than the model supports (llm/server.go).
   */
  sizeOf({ weights, options }: RunnerSpec, modelfile: Modelfile | undefined): number | undefined {
    const said = Number(options['num_ctx'] ?? modelfile?.parameters.get('num_ctx')?.at(-1));
    const size = said > 0 ? said : this.#loaded(weights);
    return size === undefined ? undefined : Math.min(size, modelfile?.contextLength ?? Infinity);
  }

  /** A model that never fitted is not limited by this: part of it is outside with any context. */
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

/** The smallest step that holds this many tokens. */
function rungFor(tokens: number): number {
  let rung = FIRST_RUNG;
  while (rung < tokens) rung *= 2;
  return rung;
}
