// Keeps models warm: the preload list, models in use before their keep_alive runs out, and what was loaded when Ollama
// restarted. It requests nothing while anybody waits or runs, evicts no model that is in use, and gives up quietly when
// Ollama is down.
import { LEAST_URGENT } from '../../../contract/chat/chat-request.ts';
import { asAppError, faultOf } from '../../../contract/errors.ts';
import { canonicalName } from '../../../contract/model-name.ts';
import { warm, type LoadParts } from './actions.ts';
import { keepAliveMs } from '../../models/keep-alive.ts';
import { meantModel } from '../../models/profiles.ts';
import { named } from '../../models/names.ts';
import type { LoadedModel, Log, PutNotice } from '../../ports.ts';
import { IDLE_MS } from '../../models/uses.ts';

/** A model is renewed when less than a third of its time is left, and no later than this. Milliseconds. */
const RENEW_BEFORE_MS = 45_000;
/** The pause after a preload that failed or did not last; it doubles each time. Milliseconds. */
const RETRY_MS = 60_000;
const LONGEST_RETRY_MS = 3_600_000;
/** A model that disappears at most this long before its time counts as expired. Milliseconds. */
const CLOCK_SLACK_MS = 5000;

export type WarmerParts = LoadParts & {
  readonly log: Log;
  readonly put: PutNotice;
  /** Whether this machine keeps a model warm. Absent when there is no other machine. */
  keeps?(model: string): boolean;
};

/** A name of the preload list, and the weights of its runner. Uses the name as weights when it is not installed. */
interface Wanted {
  readonly name: string;
  readonly weights: string;
}

interface Lost extends Wanted {
  /** When it would have expired, in milliseconds since 1970. */
  readonly until: number;
  /** It was reloaded once. If it leaves again, it is not brought back. */
  isBack: boolean;
}

export class Warmer {
  readonly #parts: WarmerParts;
  #busy = false;
  /** Weights that were loaded at some time since Ollama came up. */
  readonly #begun = new Set<string>();
  /** Weights that expired by themselves and were not unloaded. */
  readonly #expired = new Set<string>();
  /** The weights loaded at the last look, each with its expiry. */
  #seen: ReadonlyMap<string, number> = new Map();
  /** What was loaded when Ollama went away, by weights. It is reloaded unless somebody needs the memory first. */
  readonly #lost = new Map<string, Lost>();
  /** Pairs of weights that were loaded at the same time. */
  readonly #together = new Set<string>();
  /** The name under which each weights was last loaded; at most one for each model. */
  readonly #names = new Map<string, string>();
  readonly #tries = new Map<string, { readonly at: number; readonly times: number }>();
  /**
   * Pairs of weights where loading the first made Ollama unload the second. Few: one of each is on the preload list.
   */
  readonly #misfits: { readonly loaded: string; readonly left: string }[] = [];

  constructor(parts: WarmerParts) {
    this.#parts = parts;
  }

  /** Checks whether a model needs warming. Call it after each look at Ollama; `signal` aborts what it started. */
  check(signal: AbortSignal): void {
    const { watch, queue, uses, config } = this.#parts;
    // A replay needs no model.
    if (config().cache.mode === 'replay') return;
    // Ollama may have restarted between two probes; then a call broke off, and nothing else is known yet.
    if (watch.state.status !== 'up' || watch.state.away) {
      if (this.#seen.size > 0) this.#lose();
      this.#begun.clear();
      this.#expired.clear();
      uses.away();
      return;
    }
    this.#look();
    this.#tell();
    if (this.#busy || queue.waiting > 0 || queue.running > 0 || queue.paused) return;
    this.#busy = true;
    void this.#round(signal).finally(() => {
      this.#busy = false;
    });
  }

  /** Remembers what was loaded when Ollama went away, except for what had expired. */
  #lose(): void {
    const now = this.#parts.clock.now();
    this.#lost.clear();
    for (const [weights, until] of this.#seen) {
      const name = this.#names.get(weights);
      if (name !== undefined && until > now) this.#lost.set(weights, { name, weights, until, isBack: false });
    }
    this.#seen = new Map();
  }

  /** The next lost model to reload. All lost models were loaded together, so none evicts another. */
  #nextLost(): Wanted | undefined {
    const now = this.#parts.clock.now();
    if ([...this.#seen.keys()].some((weights) => !this.#lost.has(weights))) this.#lost.clear();
    for (const lost of this.#lost.values()) lost.isBack ||= this.#seen.has(lost.weights);
    return [...this.#lost.values()].find((lost) => !lost.isBack && lost.until > now && this.#mayTry(lost));
  }

  /** Notes which models were loaded and which left since the last look. */
  #look(): void {
    const { watch, modelfiles, clock } = this.#parts;
    const seen = new Map(watch.state.loaded.map(({ digest, expires_at }) => [modelfiles.weights(digest), expires_at]));
    for (const { digest, name } of watch.state.loaded) this.#names.set(modelfiles.weights(digest), name);
    const now = clock.now();
    for (const [weights, until] of this.#seen) {
      if (!seen.has(weights) && until <= now + CLOCK_SLACK_MS) this.#expired.add(weights);
    }
    for (const weights of seen.keys()) {
      this.#begun.add(weights);
      this.#expired.delete(weights);
      for (const other of seen.keys()) this.#together.add(pairOf(weights, other));
    }
    this.#seen = seen;
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { modelfiles, watch } = this.#parts;
    try {
      await modelfiles.learn([...this.#installed(), ...watch.state.loaded], signal);
      for (const wanted of this.#renewals()) await this.#try(wanted, signal);
      for (let next = this.#next(); next !== undefined; next = this.#next()) await this.#preload(next, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #installed(): { readonly name: string; readonly digest: string }[] {
    const { config, watch } = this.#parts;
    const names = new Set(config().ollama.preload.map(canonicalName));
    return (watch.state.installed ?? []).filter(({ name }) => names.has(canonicalName(name)));
  }

  /** The preload list, with equal weights only once. */
  #wanted(names: readonly string[] = this.#parts.config().ollama.preload): Wanted[] {
    const { modelfiles, watch } = this.#parts;
    const { installed, loaded } = watch.state;
    const wanted = new Map<string, Wanted>();
    const { models } = this.#parts.config();
    for (const said of names) {
      const name = meantModel(models, said);
      if (this.#parts.keeps?.(name) === false) continue;
      const model = named<{ readonly name: string; readonly digest: string }>(name, installed, loaded);
      const weights = model === undefined ? name : modelfiles.weights(model.digest);
      if (!wanted.has(weights)) wanted.set(weights, { name, weights });
    }
    return [...wanted.values()];
  }

  /** Loaded models that are about to expire. */
  #renewals(): Wanted[] {
    const { config, clock } = this.#parts;
    const { keep_warm, keep_alive, preload, model } = config().ollama;
    if (!keep_warm) return [];
    const soon = Math.max(RENEW_BEFORE_MS, keepAliveMs(keep_alive) / 3);
    return this.#wanted([...preload, model])
      .filter(({ weights }) => (this.#seen.get(weights) ?? Infinity) - clock.now() < soon)
      .filter((wanted) => this.#mayTry(wanted));
  }

  /** The model of the preload list to load now. */
  #next(): Wanted | undefined {
    const { uses, queue } = this.#parts;
    if (queue.waiting > 0 || queue.running > 0 || queue.paused) return undefined;
    const lost = this.#nextLost();
    if (lost !== undefined) return lost;
    return this.#wanted().find((wanted) => {
      const { weights } = wanted;
      if (this.#seen.has(weights) || !this.#mayTry(wanted)) return false;
      const rests = this.#expired.has(weights) || uses.isPutAway(weights);
      const free = uses.othersIdleMs(weights) >= IDLE_MS && !rests;
      return free && !this.#standsInTheWay(weights);
    });
  }

  /**
   * Whether loading these weights would evict something of equal rank: a listed model that is known not to fit beside
   * it, or a pinned model, unless both were loaded together before or this one never was.
   */
  #standsInTheWay(weights: string): boolean {
    const { watch, modelfiles, clock } = this.#parts;
    const listed = new Set(this.#wanted().map((wanted) => wanted.weights));
    return watch.state.loaded.some(({ digest, expires_at }) => {
      const other = modelfiles.weights(digest);
      const pinned = expires_at - clock.now() > PINNED_MS;
      const apart = this.#misfits.some(({ loaded, left }) => pairOf(loaded, left) === pairOf(weights, other));
      if (apart) return pinned || listed.has(other);
      return pinned && this.#begun.has(weights) && !this.#together.has(pairOf(weights, other));
    });
  }

  async #preload(wanted: Wanted, signal: AbortSignal): Promise<void> {
    const { watch, modelfiles, clock } = this.#parts;
    const before: readonly LoadedModel[] = watch.state.loaded;
    this.#begun.add(wanted.weights);
    await this.#try(wanted, signal);
    for (const { digest, expires_at } of before) {
      const other = modelfiles.weights(digest);
      const gone = other !== wanted.weights && !this.#seen.has(other);
      if (gone && expires_at > clock.now() + CLOCK_SLACK_MS) this.#misfit(wanted.weights, other);
    }
  }

  #misfit(loaded: string, left: string): void {
    if (this.#misfits.some((pair) => pair.loaded === loaded && pair.left === left)) return;
    this.#misfits.push({ loaded, left });
    this.#tell();
  }

  /** Reports the models of the preload list that do not fit together. */
  #tell(): void {
    if (this.#misfits.length === 0) return;
    const names = new Map(this.#wanted().map(({ name, weights }) => [weights, name]));
    for (const { loaded, left } of this.#misfits) {
      const [came, went] = [names.get(loaded), names.get(left)];
      const isBoth = came !== undefined && went !== undefined;
      this.#parts.put(
        `misfit ${left} ${loaded}`,
        isBoth
          ? {
              text: `${went} and ${came} do not fit into memory together: when ${came} was loaded, Ollama unloaded ${went}.`,
              todo: 'Hearth does not load both by itself; take one of them off ollama.preload.',
            }
          : undefined,
      );
    }
  }

  /** False during the pause after a try that failed or did not last. */
  #mayTry({ weights }: Wanted): boolean {
    const tried = this.#tries.get(weights);
    if (tried === undefined) return true;
    const pause = Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** (tried.times - 1));
    return this.#parts.clock.elapsed() - tried.at >= pause;
  }

  /** Loads or renews a model. Rejects only with the signal's reason. */
  async #try({ name, weights }: Wanted, signal: AbortSignal): Promise<void> {
    const { clock, log, watch } = this.#parts;
    this.#tries.set(weights, { at: clock.elapsed(), times: (this.#tries.get(weights)?.times ?? 0) + 1 });
    try {
      await warm(this.#parts, { model: name, urgency: LEAST_URGENT }, signal);
      await watch.refreshLoaded(signal);
      this.#look();
      if (this.#seen.has(weights)) this.#tries.delete(weights);
    } catch (error) {
      if (signal.aborted) throw error;
      log.warn({ model: name, ...faultOf(error) }, `The model is not kept warm: ${asAppError(error).logged}`);
    }
  }
}

/** The key of a pair, the same in both orders. */
function pairOf(...weights: readonly [string, string]): string {
  return weights.toSorted().join('\n');
}

/** A model with more time left than this was pinned by somebody. Milliseconds. */
const PINNED_MS = 365 * 86_400_000;
