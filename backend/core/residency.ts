// Which runners stand ready in Ollama's memory, as far as we know, and the one place that has them loaded.
// The gateway owns a load: several requests share one, and a caller who leaves does not abort it while others wait for
// the same runner (Ollama throws the load away with the request that caused it, llama_server.go:1298).
import { keepAliveSeconds } from '../contract/duration.ts';
import type { Estimator } from './estimate.ts';
import type { Clock, LoadedModel, Log, RunnerSpec, Upstream, Watch } from './ports.ts';

interface Load {
  readonly digest: string;
  readonly abort: AbortController;
  readonly done: Promise<void>;
  users: number;
}

/** A list of loaded models may have been taken this long before it is looked at. */
const LIST_LAG_MS = 5000;

type KeepAlive = string | number | undefined;

/** Whether anybody in line still needs a runner; `until` resolves when nobody does. */
export interface Demand {
  wants(runner: string): boolean;
  unwanted(runner: string, signal: AbortSignal): Promise<void>;
}

export interface ResidencyOptions {
  readonly upstream: Pick<Upstream, 'load'>;
  readonly watch: Watch;
  readonly estimator: Estimator;
  readonly clock: Clock;
  readonly log: Log;
}

export class Residency {
  readonly #options: ResidencyOptions;
  /** Digest to the runner we saw running last, and until when its keep_alive lasts at least. */
  readonly #ready = new Map<string, { readonly runner: string; readonly at: number; readonly until: number }>();
  /** Digest to the spec of its last request. One entry per installed model, so bounded by the disk. */
  readonly #usual = new Map<string, RunnerSpec>();
  readonly #loads = new Map<string, Load>();

  constructor(options: ResidencyOptions) {
    this.#options = options;
  }

  /** Whether this runner is in memory, to the best of our knowledge. */
  isReady(spec: RunnerSpec): boolean {
    const known = this.#ready.get(spec.digest);
    const { loaded } = this.#options.watch.state;
    if (known !== undefined) return known.runner === spec.key && this.#options.clock.elapsed() < known.until;
    // Not used through us yet: an automatically chosen context fits any automatic request (ollama.md section 2).
    const automatic = Object.keys(spec.options).length === 0 && spec.shift === undefined;
    return automatic && loaded.some(({ digest }) => digest === spec.digest);
  }

  /** Notes that a request of this runner ended well: it stays for `keepAliveMs` at least. */
  used(spec: RunnerSpec, keepAliveMs: number): void {
    const at = this.#options.clock.elapsed();
    this.#ready.set(spec.digest, { runner: spec.key, at, until: at + keepAliveMs });
    this.#usual.set(spec.digest, spec);
  }

  /** The spec with the runner options that real requests of this model had last, so that a warm-up fits them. */
  usual(spec: RunnerSpec): RunnerSpec {
    return this.#usual.get(spec.digest) ?? spec;
  }

  /** How long the model with this digest has been loading for somebody, in milliseconds; null while it is not. */
  loadingMs(digest: string): number | null {
    const starts = [...this.#loads.values()].filter((load) => load.digest === digest).map((load) => load.startedAt);
    return starts.length === 0 ? null : this.#options.clock.elapsed() - Math.min(...starts);
  }

  /** Notes that this model may have left memory. */
  forget(digest: string): void {
    this.#ready.delete(digest);
  }

  /** Whether Ollama lists the model of this runner as loaded, and it is this runner that we had loaded. */
  isResident(runner: string): boolean {
    for (const [digest, known] of this.#ready) {
      if (known.runner === runner) return this.#options.watch.state.loaded.some((model) => model.digest === digest);
    }
    return false;
  }

  /** Corrects what we believe by what Ollama lists: a model that is not there has been unloaded by somebody. */
  reconcile(loaded: readonly LoadedModel[]): void {
    const digests = new Set(loaded.map(({ digest }) => digest));
    const settled = this.#options.clock.elapsed() - LIST_LAG_MS;
    for (const [digest, known] of this.#ready) {
      if (known.at < settled && !digests.has(digest)) this.#ready.delete(digest);
    }
  }

  /**
   * Resolves when the runner stands ready, with the milliseconds that the caller waited for it (0 when it stood ready).
   * When the signal aborts it rejects with its reason: at once where others share the load or nobody needs it any more
   * (then it is aborted), else when the load has ended, since the slot is taken until then.
   */
  async ensure(spec: RunnerSpec, keepAlive: KeepAlive, demand: Demand, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    if (this.isReady(spec)) return 0;
    const cameAt = this.#options.clock.elapsed();
    const load = this.#loads.get(spec.key) ?? this.#start(spec, keepAlive);
    load.users++;
    const settled = new AbortController();
    let left = false;
    const leave = (): void => {
      if (!left) load.users--;
      left = true;
    };
    try {
      await new Promise<void>((resolve, reject) => {
        const onAbort = (): void => {
          leave();
          if (load.users > 0) {
            reject(signal.reason);
            return;
          }
          void demand.unwanted(spec.key, settled.signal).then(() => {
            if (load.users === 0) load.abort.abort(signal.reason);
          });
        };
        signal.addEventListener('abort', onAbort, { once: true });
        load.done.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
      });
      signal.throwIfAborted();
      return this.#options.clock.elapsed() - cameAt;
    } finally {
      leave();
      settled.abort();
    }
  }

  #start(spec: RunnerSpec, keepAlive: KeepAlive): Load {
    const { upstream, clock, estimator, log, watch } = this.#options;
    const abort = new AbortController();
    const startedAt = clock.elapsed();
    const over = (): void => {
      if (this.#loads.get(spec.key) === load) this.#loads.delete(spec.key);
    };
    // Whoever comes while an aborted load is winding up needs a new one.
    abort.signal.addEventListener('abort', over, { once: true });
    // Whatever of this model was ready before, is not while another form of it loads.
    this.#ready.delete(spec.digest);
    const run = async (): Promise<void> => {
      try {
        await upstream.load(spec, keepAlive, abort.signal);
        const ms = clock.elapsed() - startedAt;
        estimator.observeLoad(spec.model, ms);
        this.used(spec, 60_000);
        watch.invalidate();
        log.info({ model: spec.model, load_ms: ms }, 'model loaded');
      } finally {
        over();
      }
    };
    const load: Load = { digest: spec.digest, abort, done: run(), users: 0 };
    this.#loads.set(spec.key, load);
    return load;
  }
}

/** keep_alive as milliseconds; what Ollama does when none is given is its own affair (OLLAMA_KEEP_ALIVE), so 0. */
export function keepAliveMs(keepAlive: KeepAlive): number {
  const seconds = keepAlive === undefined ? 0 : keepAliveSeconds(keepAlive);
  return seconds < 0 ? Number.MAX_SAFE_INTEGER : seconds * 1000;
}
