// Which runners are ready in Ollama's memory, as far as is known, and the only place that loads them. The gateway owns
// a load: several requests share it, and a caller that leaves does not abort it while others wait for the same runner
// (Ollama drops the load with the request that caused it, llama_server.go:1298).
import type { KeepAlives } from './keep-alive.ts';
import type { Modelfiles } from './modelfiles.ts';
import type { Departure, LoadReasons } from './load-reasons.ts';
import { onAbort, OVER } from '../abort.ts';
import type { Clock, LoadedModel, Log, Meter, RunnerSpec, Upstream, Watch } from '../ports.ts';
import { runnerSpec } from './runner.ts';
import type { Uses } from './uses.ts';
import { Usual } from './usual.ts';

interface Load {
  readonly weights: string;
  readonly abort: AbortController;
  readonly done: Promise<void>;
  readonly startedAt: number;
  users: number;
}

/** A ready runner. Times are on the monotonic clock. */
interface Ready {
  readonly spec: RunnerSpec;
  /** Since when it is known to be ready. */
  readonly since: number;
  /** When it was last used or renewed. */
  readonly at: number;
  /** Its context by Ollama's list; undefined until a list is sure to be about this runner. */
  readonly context?: number | undefined;
}

/** How old a list of loaded models may be when it is read. */
const LIST_LAG_MS = 5000;

/** Whether any waiter still needs a runner; `unwanted` resolves when none does. */
export interface Demand {
  wants(runner: string): boolean;
  unwanted(runner: string, signal: AbortSignal): Promise<void>;
}

export interface ResidencyOptions {
  readonly upstream: Pick<Upstream, 'load'>;
  readonly watch: Pick<Watch, 'state' | 'invalidate'>;
  readonly modelfiles: Pick<Modelfiles, 'known' | 'weights'>;
  readonly keepAlives: KeepAlives;
  readonly uses: Uses;
  readonly reasons: LoadReasons;
  /** Receives the duration of each load, in milliseconds. */
  readonly estimator: { observeLoad(model: string, ms: number): void };
  /** Counts loads, and models that leave memory. */
  readonly meter?: Pick<Meter, 'loaded' | 'left'> | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export class Residency {
  readonly #options: ResidencyOptions;
  /** By weights, the runner last seen running. */
  readonly #ready = new Map<string, Ready>();
  readonly #usual = new Usual();
  readonly #loads = new Map<string, Load>();

  constructor(options: ResidencyOptions) {
    this.#options = options;
  }

  /** Whether this runner is loaded, as far as is known. */
  isReady(spec: RunnerSpec): boolean {
    return this.inMemory().has(spec.key);
  }

  /** The keys of the loaded runners, as far as is known. */
  inMemory(): Set<string> {
    const { watch, clock, keepAlives, modelfiles } = this.#options;
    const now = clock.elapsed();
    const runners = new Set<string>();
    for (const [weights, { spec, at }] of this.#ready)
      if (now < at + keepAlives.inForce(weights)) runners.add(spec.key);
    for (const model of watch.state.loaded) {
      if (!this.#ready.has(modelfiles.weights(model.digest))) runners.add(this.runnerOf(model));
    }
    return runners;
  }

  /**
   * The key of a runner that Ollama lists. If it was not used through Hearth yet, the key of a request without options:
   * what was loaded for one such request fits all of them (Ollama's server/sched.go, needsReload).
   */
  runnerOf({ name, digest }: LoadedModel): string {
    const { modelfiles } = this.#options;
    const known = this.#ready.get(modelfiles.weights(digest));
    return known?.spec.key ?? runnerSpec({ model: name }, { name, digest }, modelfiles.known(digest)).key;
  }

  /** Notes that a request on this runner ended well, with the keep_alive that was sent. */
  used(spec: RunnerSpec, sent: number | undefined): void {
    this.#stands(spec, sent);
    this.#usual.used(spec);
    this.#options.uses.used(spec.weights);
  }

  /** Notes that an empty request of Hearth found it ready and renewed its time. */
  renewed(spec: RunnerSpec, sent: number | undefined): void {
    this.#stands(spec, sent);
    this.#options.uses.touched(spec.weights);
  }

  /** The keep_alive to send with a request for this ready runner. Throws only the signal's reason. */
  keepAlive(spec: RunnerSpec, asked: number | undefined, signal: AbortSignal): Promise<number | undefined> {
    return this.#options.keepAlives.toSend(spec, asked, signal);
  }

  #stands(spec: RunnerSpec, sent: number | undefined): void {
    const { clock, keepAlives } = this.#options;
    const now = clock.elapsed();
    const known = this.#ready.get(spec.weights);
    const before = known?.spec.key === spec.key ? known : { since: now };
    this.#ready.set(spec.weights, { ...before, spec, at: now });
    keepAlives.told(spec.weights, sent);
  }

  /** The spec with the runner options that this model's requests usually have, so that a warm-up fits them. */
  usual(spec: RunnerSpec): RunnerSpec {
    return this.#usual.of(spec);
  }

  /** The runner of these weights that was last loaded or used, and may still be loaded. */
  standing(weights: string): RunnerSpec | undefined {
    return this.#ready.get(weights)?.spec;
  }

  /** How long a runner of these weights has been loading, in milliseconds; null when none is. */
  loadingMs(weights: string): number | null {
    const starts = [...this.#loads.values()].filter((load) => load.weights === weights).map((load) => load.startedAt);
    return starts.length === 0 ? null : this.#options.clock.elapsed() - Math.min(...starts);
  }

  /** Whether Ollama lists a model with these weights. */
  isLoaded(weights: string): boolean {
    const { watch, modelfiles } = this.#options;
    return watch.state.loaded.some(({ digest }) => modelfiles.weights(digest) === weights);
  }

  /** Notes that the runner of these weights may have left memory, by default because somebody unloaded it. */
  forget(weights: string, how: Departure = { why: 'unloaded' }): void {
    const { reasons, keepAlives, meter } = this.#options;
    const known = this.#ready.get(weights);
    if (known !== undefined) {
      reasons.left(weights, how);
      meter?.left(known.spec.model, how.why);
    }
    this.#ready.delete(weights);
    keepAlives.forget(weights);
  }

  /** Notes that Ollama no longer lists a runner that nobody unloaded. */
  #missing(weights: string, { at, spec }: Ready): void {
    const { reasons, keepAlives, meter } = this.#options;
    meter?.left(spec.model, reasons.missing(weights, { at, keptMs: keepAlives.inForce(weights) }));
    this.#ready.delete(weights);
    keepAlives.forget(weights);
  }

  /** Ollama is away: when it returns, its memory is empty. */
  forgetAll(): void {
    for (const weights of this.#ready.keys()) this.forget(weights, { why: 'restarted' });
  }

  /** Whether Ollama lists the weights of this runner, and this is the runner that Hearth loaded from them. */
  isResident(runner: string): boolean {
    for (const [weights, known] of this.#ready) if (known.spec.key === runner) return this.isLoaded(weights);
    return false;
  }

  /**
   * Corrects what is believed to be loaded by Ollama's list: a missing model was unloaded by somebody, and one with
   * another context was reloaded by somebody. Returns the weights that a program used while bypassing Hearth.
   */
  reconcile(loaded: readonly LoadedModel[]): ReadonlySet<string> {
    const { modelfiles, clock, uses } = this.#options;
    const listed = new Map(loaded.map((model) => [modelfiles.weights(model.digest), model]));
    const settled = clock.elapsed() - LIST_LAG_MS;
    for (const [weights, known] of this.#ready) {
      const model = listed.get(weights);
      const isAnother = model !== undefined && (known.context ?? model.context_length) !== model.context_length;
      if (model === undefined && known.at < settled) this.#missing(weights, known);
      else if (isAnother) this.forget(weights, { why: 'elsewhere' });
      else if (known.since < settled) this.#ready.set(weights, { ...known, context: model?.context_length });
    }
    return uses.look(loaded);
  }

  /** After a load: what is no longer listed and was not used since the load began was evicted by it. */
  #pushedOut(since: number): void {
    const listed = new Set(this.#options.watch.state.loaded.map((model) => this.runnerOf(model)));
    for (const [weights, known] of this.#ready) {
      if (known.at < since && !listed.has(known.spec.key)) this.#missing(weights, known);
    }
  }

  /**
   * Resolves when the runner is ready, with the milliseconds that the caller waited (0 if it was ready). When the
   * signal aborts, it rejects with its reason: at once if others share the load, or if nobody needs it any more, which
   * aborts the load; else when the load has ended, since the slot is taken until then.
   */
  async ensure(spec: RunnerSpec, asked: number | undefined, demand: Demand, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    if (this.isReady(spec)) return 0;
    const cameAt = this.#options.clock.elapsed();
    const load = this.#loads.get(spec.key) ?? this.#start(spec, asked);
    load.users++;
    const settled = new AbortController();
    let left = false;
    const leave = (): void => {
      if (!left) load.users--;
      left = true;
    };
    try {
      await new Promise<void>((resolve, reject) => {
        const off = onAbort(signal, (reason) => {
          leave();
          if (load.users > 0) {
            reject(reason);
            return;
          }
          void demand.unwanted(spec.key, settled.signal).then(() => {
            if (load.users === 0) load.abort.abort(reason);
          });
        });
        load.done.then(resolve, reject).finally(off);
      });
      signal.throwIfAborted();
      return this.#options.clock.elapsed() - cameAt;
    } finally {
      leave();
      settled.abort(OVER);
    }
  }

  #start(spec: RunnerSpec, asked: number | undefined): Load {
    const { upstream, clock, estimator, log, watch, keepAlives, uses, reasons, meter } = this.#options;
    const abort = new AbortController();
    const startedAt = clock.elapsed();
    const over = (): void => {
      if (this.#loads.get(spec.key) === load) this.#loads.delete(spec.key);
    };
    // A request that comes while an aborted load is ending needs a new load.
    onAbort(abort.signal, over);
    const standing = this.#ready.get(spec.weights);
    const kept = standing && { ...standing, keptMs: keepAlives.inForce(spec.weights) };
    const why = reasons.begins(spec, kept, this.isLoaded(spec.weights));
    // Loading another runner of this model replaces the one that was ready.
    if (standing !== undefined) meter?.left(standing.spec.model, why === 'options' ? why : 'expired');
    this.#ready.delete(spec.weights);
    const keepAlive = keepAlives.forLoad(spec, asked);
    const run = async (): Promise<void> => {
      try {
        await upstream.load(spec, keepAlive, abort.signal);
        const ms = clock.elapsed() - startedAt;
        estimator.observeLoad(spec.model, ms);
        meter?.loaded(spec.model, ms, why);
        uses.touched(spec.weights);
        const readyAt = clock.elapsed();
        this.#ready.set(spec.weights, { spec, since: readyAt, at: readyAt });
        if (await keepAlives.loaded(spec, keepAlive, abort.signal)) this.#pushedOut(startedAt);
        watch.invalidate();
        log.info({ model: spec.model, load_ms: ms }, 'model loaded');
      } finally {
        over();
      }
    };
    const load: Load = { weights: spec.weights, abort, done: run(), startedAt, users: 0 };
    this.#loads.set(spec.key, load);
    return load;
  }
}
