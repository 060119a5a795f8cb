// What is known of Ollama's memory, as the queue needs it: which runners are loaded, which of them should stay, and
// which ones another load would evict.
import { Fit } from './fit.ts';
import type { KeepAlives } from './keep-alive.ts';
import type { Clock, LoadedModel } from '../ports.ts';
import type { Residency } from './residency.ts';
import { weightsOf } from './runner.ts';

export interface KnownMemoryOptions {
  readonly residency: Pick<Residency, 'inMemory' | 'runnerOf'>;
  readonly keepAlives: Pick<KeepAlives, 'inForce' | 'isKept'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** By the key of each loaded runner. */
export interface MemoryFacts {
  readonly runners: ReadonlySet<string>;
  readonly kept: ReadonlySet<string>;
  leavers(runner: string, beside: ReadonlySet<string>): readonly string[];
}

export class KnownMemory {
  readonly #options: KnownMemoryOptions;
  #fit = new Fit();

  constructor(options: KnownMemoryOptions) {
    this.#options = options;
  }

  /** Reads a list of loaded models. Call it after Residency.reconcile. */
  look(loaded: readonly LoadedModel[]): void {
    const { residency, clock } = this.#options;
    const now = clock.now();
    this.#fit.look(
      loaded.map((model) => {
        const runner = residency.runnerOf(model);
        const whole = model.size_vram > 0 && model.size_vram >= model.size;
        const bytes = whole ? model.size_vram : undefined;
        return { runner, weights: weightsOf(runner), bytes, expired: model.expires_at <= now };
      }),
    );
  }

  /** Ollama is away; when it returns, it may have other memory. */
  forget(): void {
    this.#fit = new Fit();
  }

  /** Undefined when nothing is known to be loaded. */
  get facts(): MemoryFacts | undefined {
    const { residency, keepAlives } = this.#options;
    const runners = residency.inMemory();
    if (runners.size === 0) return undefined;
    return {
      runners,
      kept: new Set([...runners].filter((runner) => keepAlives.isKept(weightsOf(runner)))),
      leavers: (runner, beside) => this.#leavers(runner, beside),
    };
  }

  /** Whether loading this runner, which is not loaded, would evict the other one. */
  evicts(runner: string, other: string): boolean {
    const runners = this.#options.residency.inMemory();
    if (runners.has(runner) || !runners.has(other)) return false;
    return this.#leavers(runner, runners).includes(other);
  }

  /** Another runner of the same weights is always evicted; others in Ollama's order (sched.go, findRunnerToUnload). */
  #leavers(runner: string, beside: ReadonlySet<string>): string[] {
    const { keepAlives } = this.#options;
    const others = [...beside].map((key) => ({ key, weights: weightsOf(key) }));
    const own = others.filter(({ weights }) => weights === weightsOf(runner));
    const rest = others
      .filter((other) => !own.includes(other))
      .toSorted(
        (a, b) => keepAlives.inForce(a.weights) - keepAlives.inForce(b.weights) || (a.weights < b.weights ? -1 : 1),
      );
    const leavers = this.#fit.leavers(runner, rest.map(({ key }) => key)); // prettier-ignore
    return [...own.map(({ key }) => key), ...leavers];
  }
}
