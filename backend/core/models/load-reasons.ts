// Why models are loaded: why each left memory last, who asked for what, and which load evicted which model.
// residency.ts reports events to it, and it gives the reason when a load begins; it loads nothing.
import { LRUCache } from 'lru-cache';
import type { LoadReason } from '../explain/slow-facts.ts';
import { sees } from '../ownership.ts';
import type { Elapsed, RunnerSpec, WhyLeft, WhyLoaded } from '../ports.ts';
import { differences } from './runner.ts';

/** How many models and runners are remembered, and how many loads. */
const MOST = 200;
const MOST_LOADS = 50;
/** After this time, models no longer count as evicting each other. Milliseconds. */
const LATELY_MS = 600_000;

/** A caller by its display name, and its owner. */
export interface Who {
  readonly caller: string;
  readonly owner: string;
}

/** How a runner left memory. */
export type Departure =
  | { readonly why: 'expired'; readonly keptMs: number }
  // By somebody's action.
  | { readonly why: 'unloaded' | 'restarted' | 'elsewhere' };

/** Why a load began. The names of others are reported only to those who may see them. */
type Began =
  | Exclude<LoadReason, { readonly why: 'pushed_out' | 'options' }>
  | { readonly why: 'pushed_out'; readonly by: RunnerSpec; readonly who: Who | undefined; readonly times: number }
  | { readonly why: 'options'; readonly before: RunnerSpec; readonly who: Who | undefined };

/** A load that evicted another model. */
interface Push {
  readonly out: string;
  readonly by: string;
  readonly at: number;
}

/** A ready runner, as residency.ts knows it. */
export interface Standing {
  readonly spec: RunnerSpec;
  /** When it was last used. */
  readonly at: number;
  /** How long it stays after that, in milliseconds; 0 when unknown. */
  readonly keptMs: number;
}

export class LoadReasons {
  readonly #elapsed: Elapsed;
  /** By runner, who asked for it last. */
  readonly #asked = new LRUCache<string, Who>({ max: MOST });
  /** By weights, how they left memory. */
  readonly #left = new LRUCache<string, Departure | { readonly why: 'pushed_out'; readonly by: RunnerSpec }>({
    max: MOST,
  });
  /** By runner, why its last load began. */
  readonly #began = new LRUCache<string, Began>({ max: MOST });
  readonly #loads: { readonly spec: RunnerSpec; readonly at: number }[] = [];
  readonly #pushes: Push[] = [];

  constructor(elapsed: Elapsed) {
    this.#elapsed = elapsed;
  }

  /** Notes that somebody is about to need this runner. */
  asks({ key }: RunnerSpec, who: Who): void {
    this.#asked.set(key, who);
  }

  /**
   * Notes that a load begins, and returns its reason. `standing`: the runner of the same weights that is known to have
   * been loaded. `listed`: Ollama has some runner of these weights in memory.
   */
  begins(spec: RunnerSpec, standing: Standing | undefined, listed: boolean): WhyLoaded {
    const reason = this.#reason(spec, standing, listed);
    this.#began.set(spec.key, reason);
    this.#left.delete(spec.weights);
    this.#loads.push({ spec, at: this.#elapsed() });
    if (this.#loads.length > MOST_LOADS) this.#loads.shift();
    return reason.why;
  }

  #reason(spec: RunnerSpec, standing: Standing | undefined, listed: boolean): Began {
    if (standing !== undefined) {
      const { spec: before, at, keptMs } = standing;
      const isOver = before.key === spec.key || this.#elapsed() >= at + keptMs;
      return isOver ? { why: 'expired', keptMs } : { why: 'options', before, who: this.#asked.get(before.key) };
    }
    const left = this.#left.get(spec.weights);
    if (left === undefined) return { why: listed ? 'elsewhere' : 'first' };
    if (left.why !== 'pushed_out') return left;
    return { ...left, who: this.#asked.get(left.by.key), times: this.#pushesOf(spec.weights, left.by.weights) };
  }

  /** How often these two evicted each other lately; 1 when only one of them evicted the other. */
  #pushesOf(out: string, by: string): number {
    const since = this.#elapsed() - LATELY_MS;
    const lately = this.#pushes.filter((push) => push.at >= since);
    const same = lately.filter((push) => push.out === out && push.by === by);
    const turned = lately.filter((push) => push.out === by && push.by === out);
    return turned.length === 0 ? 1 : same.length + turned.length;
  }

  /** Notes that the weights left memory. */
  left(weights: string, how: Departure): WhyLeft {
    this.#left.set(weights, how);
    return how.why;
  }

  /**
   * Notes that weights left memory without a request to do so, and returns why: their time was over, a load since their
   * last use evicted them, or a program that bypasses Hearth unloaded them.
   */
  missing(weights: string, { at, keptMs }: Omit<Standing, 'spec'>): WhyLeft {
    const now = this.#elapsed();
    const load = this.#loads.findLast((each) => each.spec.weights !== weights && each.at >= at);
    if (now >= at + keptMs) return this.left(weights, { why: 'expired', keptMs });
    if (load === undefined) return this.left(weights, { why: 'elsewhere' });
    this.#left.set(weights, { why: 'pushed_out', by: load.spec });
    this.#pushes.push({ out: weights, by: load.spec.weights, at: now });
    if (this.#pushes.length > MOST_LOADS) this.#pushes.shift();
    return 'pushed_out';
  }

  /**
   * Why the last load of this runner began, for a caller that asked for it. `chosen`: Hearth chose its num_ctx.
   * Undefined when it was not loaded since Hearth started.
   */
  of(spec: RunnerSpec, who: Who, chosen: boolean): LoadReason | undefined {
    const began = this.#began.get(spec.key);
    const name = (other: Who | undefined): string | undefined =>
      other !== undefined && sees(who.owner, other.owner) ? other.caller : undefined;
    switch (began?.why) {
      case 'pushed_out':
        return { why: 'pushed_out', by: began.by.model, who: name(began.who), times: began.times };
      case 'options': {
        const { before } = began;
        const valueOf = ({ options, shift }: RunnerSpec, option: string): unknown =>
          option === 'shift' ? shift : options[option];
        const differs = differences(before, spec).map((option) => ({
          name: option,
          now: valueOf(spec, option),
          before: valueOf(before, option),
        }));
        return { why: 'options', differs, who: name(began.who), chosen };
      }
      default:
        return began;
    }
  }
}
