// The Modelfiles of models, fetched on first use and remembered by digest, so that a changed model is fetched again.
// /api/tags lacks this for pulled models (`parent_model` is empty or a path on another machine), so it takes one
// /api/show for each digest.
import { LRUCache } from 'lru-cache';
import { orAborted } from '../abort.ts';
import type { InstalledModel, Modelfile, RunnerSpec, Upstream, UpstreamRequest } from '../ports.ts';
import { runnerSpec } from './runner.ts';

/** How many Modelfiles are remembered. */
const MOST_MODELS = 200;

type Which = Pick<InstalledModel, 'digest' | 'name'>;

export class Modelfiles {
  readonly #upstream: Pick<Upstream, 'modelfile'>;
  readonly #known = new LRUCache<string, Modelfile>({ max: MOST_MODELS });
  readonly #asked = new Map<string, Promise<Modelfile | undefined>>();

  constructor(upstream: Pick<Upstream, 'modelfile'>) {
    this.#upstream = upstream;
  }

  /** From memory only. */
  known(digest: string): Modelfile | undefined {
    return this.#known.get(digest);
  }

  /** Undefined when it can't be fetched; the next call then retries. Rejects only with the signal's reason. */
  async of(model: Which, signal: AbortSignal): Promise<Modelfile | undefined> {
    const known = this.#known.get(model.digest);
    if (known !== undefined) return known;
    return await orAborted(this.#asked.get(model.digest) ?? this.#ask(model), signal);
  }

  /** The runner that a request for this model needs; `model` is undefined when it is not known to be installed. */
  async runner(request: UpstreamRequest, model: Which | undefined, signal: AbortSignal): Promise<RunnerSpec> {
    return runnerSpec(request, model, model === undefined ? undefined : await this.of(model, signal));
  }

  /** One fetch for all concurrent callers; a caller that leaves does not abort it. */
  #ask({ digest, name }: Which): Promise<Modelfile | undefined> {
    const asked = this.#upstream
      .modelfile(name, new AbortController().signal)
      .then((modelfile) => {
        this.#known.set(digest, modelfile);
        return modelfile;
      })
      .catch(() => undefined)
      .finally(() => this.#asked.delete(digest));
    this.#asked.set(digest, asked);
    return asked;
  }

  /**
   * The files that a runner of this model is loaded from: equal for all models that share a runner. Until the Modelfile
   * is known, or when it names no file, the model's own digest.
   */
  weights(digest: string): string {
    return this.#known.get(digest)?.weights ?? digest;
  }

  /** Fetches the missing Modelfiles of these models, unless there is only one digest, which shares with no other. */
  async learn(models: readonly Which[], signal: AbortSignal): Promise<void> {
    const byDigest = new Map(models.map((model) => [model.digest, model]));
    if (byDigest.size < 2) return;
    await Promise.all([...byDigest.values()].map((model) => this.of(model, signal)));
  }
}
