// How long models stay in memory: what runners were told, and what a request without a keep_alive may add. In Ollama a
// keep_alive overwrites the one before, and a request without one keeps it (sched.go). So a keep_alive that Hearth adds
// must never shorten what somebody else asked for.
import { keepAliveSeconds } from '../../contract/duration.ts';
import { named } from './names.ts';
import type { Clock, ReadConfig, RunnerSpec, Watch } from '../ports.ts';

/** As Ollama takes it: a number of seconds, or -1 for ever. */
type Seconds = number;

/**
 * A model with more time left than this is pinned: Ollama reports "for ever" as a date hundreds of years away.
 * Milliseconds.
 */
const FOREVER_MS = 10 * 365 * 86_400_000;

/** How long a list of loaded models is trusted. Milliseconds. */
const FRESH_MS = 1000;

interface Kept {
  /** The least time in milliseconds that it stays after each use. */
  readonly ms: number;
  /** When it was last used or renewed with it, on the monotonic clock. */
  readonly at: number;
}

export interface KeepAliveOptions {
  readonly config: ReadConfig;
  readonly clock: Clock;
  readonly watch: Pick<Watch, 'state' | 'refreshLoaded'>;
  /** The weights of a model in /api/ps. */
  weights(digest: string): string;
}

export class KeepAlives {
  readonly #options: KeepAliveOptions;
  /** By weights, the keep_alive that their runner was last given, as far as is known. */
  readonly #kept = new Map<string, Kept>();
  /** OLLAMA_KEEP_ALIVE makes Ollama unload a model as soon as it is loaded. */
  #leavesAtOnce = false;

  constructor(options: KeepAliveOptions) {
    this.#options = options;
  }

  /** ollama.keep_alive in milliseconds: the least that Hearth adds to a request without a keep_alive. */
  get #least(): number {
    return keepAliveMs(this.#options.config().ollama.keep_alive);
  }

  /**
   * The keep_alive to load a runner with. When the caller gives none, a model that was pinned before stays pinned, even
   * through a reload for other options. Otherwise undefined, so that Ollama uses its default, which can be read
   * afterwards.
   */
  forLoad({ weights }: RunnerSpec, asked: Seconds | undefined): Seconds | undefined {
    if (asked !== undefined) return asked;
    const before = Math.max(this.#kept.get(weights)?.ms ?? 0, this.#left(weights) ?? 0);
    if (before > this.#least) return seconds(before);
    return this.#leavesAtOnce && this.#least > 0 ? seconds(this.#least) : undefined;
  }

  /**
   * Notes that a runner was loaded with this keep_alive, and refreshes the list of loaded models. Without a keep_alive,
   * Ollama's default (OLLAMA_KEEP_ALIVE) is read from that list, the only place that shows it. Resolves with whether
   * the list could be fetched; throws only the signal's reason.
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
   * The keep_alive to send with a request, or with an empty one that renews, for a ready runner: the caller's own, or
   * ollama.keep_alive if that is longer than the current one. Fetches Ollama's list first unless it is fresh, since
   * somebody may have pinned the model. Throws only the signal's reason.
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

  /** Fetches the list of loaded models. Returns whether that worked. */
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

  /** Whether the model should stay: somebody pinned it, or Hearth keeps it warm. */
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

  /** Notes that a request ended, or that an empty one renewed the time, with its own keep_alive or the current one. */
  told(weights: string, sent: Seconds | undefined): void {
    const ms = sent === undefined ? this.inForce(weights) : keepAliveMs(sent);
    this.#kept.set(weights, { ms, at: this.#options.clock.elapsed() });
  }

  /** The least time in milliseconds that this model stays after a use; 0 when unknown. */
  inForce(weights: string): number {
    return this.#kept.get(weights)?.ms ?? 0;
  }

  /** Whether renewing with this keep_alive is worth a request: at least a tenth of it has passed. */
  wouldChange(weights: string, asked: Seconds): boolean {
    const kept = this.#kept.get(weights);
    const ms = keepAliveMs(asked);
    if (kept?.ms !== ms) return true;
    return this.#options.clock.elapsed() - kept.at > ms / 10;
  }

  /** Notes that the model left memory, so its keep_alive is gone. */
  forget(weights: string): void {
    this.#kept.delete(weights);
  }
}

/** keep_alive in milliseconds; 0 when there is none, since Ollama then uses its own default (OLLAMA_KEEP_ALIVE). */
export function keepAliveMs(keepAlive: string | number | undefined): number {
  const asSeconds = keepAlive === undefined ? 0 : keepAliveSeconds(keepAlive);
  return asSeconds < 0 ? Number.MAX_SAFE_INTEGER : asSeconds * 1000;
}

function seconds(ms: number): Seconds {
  return ms > FOREVER_MS ? -1 : Math.ceil(ms / 1000);
}
