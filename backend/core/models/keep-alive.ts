// How long models stay in memory: what the runners have been told, and what a request that says nothing may add.
// Ollama's rule is that a keep_alive overwrites the one before, and that a request without one leaves it (sched.go).
// So a request of ours without one could shorten what somebody else asked for; it never does.
import { keepAliveSeconds } from '../../contract/duration.ts';
import { named } from './names.ts';
import type { Clock, ReadConfig, RunnerSpec, Watch } from '../ports.ts';

/** As Ollama takes it: a number of seconds, -1 for ever. */
type Seconds = number;

/** A model with more time left than this is pinned: Ollama writes "for ever" as a date hundreds of years away. Milliseconds. */
const FOREVER_MS = 10 * 365 * 86_400_000;

/** A list of loaded models is trusted for this long. Milliseconds. */
const FRESH_MS = 1000;

interface Kept {
  /** Milliseconds that it stays after each use, at least. */
  readonly ms: number;
  /** When it was last used or renewed with it, by the monotonic clock. */
  readonly at: number;
}

export interface KeepAliveOptions {
  readonly config: ReadConfig;
  readonly clock: Clock;
  readonly watch: Pick<Watch, 'state' | 'refreshLoaded'>;
  /** What a model of /api/ps was loaded from. */
  weights(digest: string): string;
}

export class KeepAlives {
  readonly #options: KeepAliveOptions;
  /** By weights, the keep_alive that their runner was last given, as far as we know. */
  readonly #kept = new Map<string, Kept>();
  /** Ollama's own OLLAMA_KEEP_ALIVE lets a model go as soon as it was loaded. */
  #leavesAtOnce = false;

  constructor(options: KeepAliveOptions) {
    this.#options = options;
  }

  /** ollama.keep_alive in milliseconds: what a request without a keep_alive adds at least. */
  get #least(): number {
    return keepAliveMs(this.#options.config().ollama.keep_alive);
  }

  /**
   * The keep_alive to load a runner with. When the caller gives none, it is the one that the model was pinned with before
   * (a reload for other options must not end that), else none, so that Ollama uses its default, which can be read afterwards.
   */
  forLoad({ weights }: RunnerSpec, asked: Seconds | undefined): Seconds | undefined {
    if (asked !== undefined) return asked;
    const before = Math.max(this.#kept.get(weights)?.ms ?? 0, this.#left(weights) ?? 0);
    if (before > this.#least) return seconds(before);
    return this.#leavesAtOnce && this.#least > 0 ? seconds(this.#least) : undefined;
  }

  /**
   * Notes that a runner was loaded with this keep_alive, and looks what the load has pushed out. If it was none, Ollama's
   * default is read from its list of loaded models, the only place that shows it (OLLAMA_KEEP_ALIVE). Resolves with
   * whether that list could be had; throws only the signal's reason.
   */
  async loaded({ weights }: RunnerSpec, sent: Seconds | undefined, signal: AbortSignal): Promise<boolean> {
    if (sent === undefined) this.forget(weights);
    else this.told(weights, sent);
    const looked = await this.#look(signal);
    if (!looked || sent !== undefined) return looked;
    const left = this.#left(weights);
    this.#leavesAtOnce = left === undefined || left === 0;
    if (left !== undefined) this.told(weights, seconds(left));
    return true;
  }

  /**
   * What to send with a request, or an empty one that renews, for a runner that stands ready: the caller's own wish, or
   * ollama.keep_alive if that is longer than the one in force. Ollama's list is read first, unless it just was:
   * somebody may have pinned the model meanwhile. Throws only the signal's reason.
   */
  async toSend({ weights }: RunnerSpec, asked: Seconds | undefined, signal: AbortSignal): Promise<Seconds | undefined> {
    if (asked !== undefined) return asked;
    const least = this.#least;
    const kept = this.#kept.get(weights);
    if (kept !== undefined && kept.ms >= least) return undefined;
    const known = kept !== undefined && this.#options.clock.elapsed() - kept.at < FRESH_MS;
    if (!known) await this.#look(signal);
    const left = this.#left(weights);
    if (left !== undefined && left >= least) {
      this.told(weights, seconds(left));
      return undefined;
    }
    return least > 0 ? seconds(least) : undefined;
  }

  /** Whether the list of loaded models could be fetched again. */
  async #look(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#options.watch.refreshLoaded(signal);
      return true;
    } catch {
      signal.throwIfAborted();
      return false;
    }
  }

  /** Milliseconds until the model leaves memory by Ollama's list; undefined when it is not listed. */
  #left(weights: string): number | undefined {
    const { watch, clock, weights: weightsOf } = this.#options;
    const model = watch.state.loaded.find(({ digest }) => weightsOf(digest) === weights);
    return model === undefined ? undefined : Math.max(0, model.expires_at - clock.now());
  }

  /** Whether it is to stay: somebody pinned it, or Hearth keeps it warm. */
  isKept(weights: string): boolean {
    const { watch, config, weights: weightsOf } = this.#options;
    if ((this.#left(weights) ?? 0) > FOREVER_MS) return true;
    const { keep_warm, preload, model } = config().ollama;
    const names = keep_warm ? [...preload, model] : preload;
    return names.some((name) => {
      const known = named<{ readonly name: string; readonly digest: string }>(
        name,
        watch.state.installed,
        watch.state.loaded,
      );
      return known !== undefined && weightsOf(known.digest) === weights;
    });
  }

  /** Notes that a request ended, or that an empty one renewed the time: with its own keep_alive, or the one in force. */
  told(weights: string, sent: Seconds | undefined): void {
    const ms = sent === undefined ? this.inForce(weights) : keepAliveMs(sent);
    this.#kept.set(weights, { ms, at: this.#options.clock.elapsed() });
  }

  /** Milliseconds that this model stays after a use, at least; 0 when nothing is known. */
  inForce(weights: string): number {
    return this.#kept.get(weights)?.ms ?? 0;
  }

  /** Whether renewing with this keep_alive is worth a request: at least a tenth of it has run down. */
  wouldChange(weights: string, asked: Seconds): boolean {
    const kept = this.#kept.get(weights);
    const ms = keepAliveMs(asked);
    if (kept?.ms !== ms) return true;
    return this.#options.clock.elapsed() - kept.at > ms / 10;
  }

  /** The model left memory, and what its runner was told with it. */
  forget(weights: string): void {
    this.#kept.delete(weights);
  }
}

/** keep_alive as milliseconds; 0 when none is given, since Ollama then uses its own default (OLLAMA_KEEP_ALIVE). */
export function keepAliveMs(keepAlive: string | number | undefined): number {
  const asSeconds = keepAlive === undefined ? 0 : keepAliveSeconds(keepAlive);
  return asSeconds < 0 ? Number.MAX_SAFE_INTEGER : asSeconds * 1000;
}

function seconds(ms: number): Seconds {
  return ms > FOREVER_MS ? -1 : Math.ceil(ms / 1000);
}
