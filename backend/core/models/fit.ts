// Which runners fit into Ollama's memory together. Its list of loaded models (/api/ps) shows the graphics memory of
// each, but neither the total nor how many models may be loaded (OLLAMA_MAX_LOADED_MODELS). So this learns: what was
// seen together fits together, and so does anything that needs no more. Pure state, no clock.
import { LRUCache } from 'lru-cache';

/** How many runners' sizes are remembered. */
const MOST_RUNNERS = 1000;

/** A loaded runner. */
export interface Loaded {
  readonly runner: string;
  /** Its weights; loading another runner of the same weights replaces it. */
  readonly weights: string;
  /** Bytes of graphics memory. Undefined when part of it is elsewhere, since its need is then unknown. */
  readonly bytes: number | undefined;
  /** Whether its time in memory is over anyway. */
  readonly expired: boolean;
}

/** The most that was seen together. */
interface Most {
  readonly bytes: number;
  readonly count: number;
}

const NOTHING: Most = { bytes: 0, count: 0 };

export class Fit {
  readonly #bytes = new LRUCache<string, number>({ max: MOST_RUNNERS });
  #most = NOTHING;
  #before: readonly Loaded[] = [];

  /** Reads a list of loaded runners, newer than those before it. */
  look(now: readonly Loaded[]): void {
    const before = this.#before;
    this.#before = now;
    for (const { runner, bytes } of now) if (bytes !== undefined) this.#bytes.set(runner, bytes);
    const came = now.filter(({ runner }) => !before.some((old) => old.runner === runner));
    const stayed = before.filter(
      ({ expired, weights }) => !expired && !came.some((other) => other.weights === weights),
    );
    const pushedOut = stayed.some(({ runner }) => !now.some((other) => other.runner === runner));
    const seen = this.#sum(now.map(({ runner }) => runner));
    // Another program may have taken memory, so what fitted before no longer does.
    const was = [...came, ...stayed].map(({ runner }) => runner);
    if (came.length > 0 && pushedOut && this.fits(was)) this.#most = seen ?? NOTHING;
    // A single runner shows nothing: Ollama leaves room free beside a second one (sched.go, load: 80 %).
    if (now.length < 2 || seen === undefined) return;
    this.#most = {
      bytes: Math.max(seen.bytes, this.#most.bytes),
      count: Math.max(seen.count, this.#most.count),
    };
  }

  /** Whether these runners are known to fit together. A single one always does, since nothing has to leave for it. */
  fits(runners: readonly string[]): boolean {
    if (runners.length < 2) return true;
    const sum = this.#sum(runners);
    return sum !== undefined && sum.bytes <= this.#most.bytes && sum.count <= this.#most.count;
  }

  /**
   * The runners that loading this one would evict: one by one from the start of `beside`, until the rest is known to
   * fit. All of them when its size is unknown.
   */
  leavers(runner: string, beside: readonly string[]): string[] {
    const first = beside.findIndex((_one, i) => this.fits([runner, ...beside.slice(i)]));
    return beside.slice(0, first === -1 ? beside.length : first);
  }

  #sum(runners: readonly string[]): Most | undefined {
    const bytes = runners.map((runner) => this.#bytes.get(runner) ?? Number.NaN);
    const sum = bytes.reduce((a, b) => a + b, 0);
    return Number.isNaN(sum) ? undefined : { bytes: sum, count: runners.length };
  }
}
