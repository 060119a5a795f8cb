// Which runners fit into Ollama's memory together. Its lists of loaded models (/api/ps) tell how much of the GPU's memory
// each one takes, but nothing tells how much there is, nor how many models may be loaded (OLLAMA_MAX_LOADED_MODELS). So it
// is learned: what was seen together fits together, and so does what needs no more than that. Pure state, no clock.
import { LRUCache } from 'lru-cache';

/** Runners whose size is remembered. */
const MOST_RUNNERS = 1000;

/** One that is in memory. */
export interface Loaded {
  readonly runner: string;
  /** What it was loaded from: another runner of the same takes its place. */
  readonly weights: string;
  /** Bytes of the GPU's memory; undefined where not all of it is there, since then nobody can say what it needs. */
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

  /** Reads a list of what is in memory, newer than those before it. */
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
    // Another program may have taken memory: what fitted once does not any more.
    const was = [...came, ...stayed].map(({ runner }) => runner);
    if (came.length > 0 && pushedOut && this.fits(was)) this.#most = seen ?? NOTHING;
    // A single one says nothing: Ollama leaves room free beside a second one (sched.go, load: 80 %).
    if (now.length < 2 || seen === undefined) return;
    this.#most = {
      bytes: Math.max(seen.bytes, this.#most.bytes),
      count: Math.max(seen.count, this.#most.count),
    };
  }

  /** Whether these are known to fit together. One alone always does: nobody has to leave for it. */
  fits(runners: readonly string[]): boolean {
    if (runners.length < 2) return true;
    const sum = this.#sum(runners);
    return sum !== undefined && sum.bytes <= this.#most.bytes && sum.count <= this.#most.count;
  }

  /**
   * Those who would leave memory if this runner was loaded: one by one, from the first of `beside`, until the others are
   * known to fit beside it. Where nothing is known of its size, that is all.
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
