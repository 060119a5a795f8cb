// A kept or shared answer needs no run, but the keep_alive of its request still counts. It is passed on by an empty
// request, behind all other waiters, and only when it changes something.
import { LEAST_URGENT } from '../../../contract/chat/chat-request.ts';
import { asAppError, faultOf } from '../../../contract/errors.ts';
import type { KeepAlives } from '../../models/keep-alive.ts';
import type { Modelfiles } from '../../models/modelfiles.ts';
import { isCloudName } from '../../models/names.ts';
import type { InstalledModel, Log, RunnerSpec, Upstream, UpstreamRequest, Watch } from '../../ports.ts';
import type { LeaseQueue } from '../../queue/queue.ts';
import type { Residency } from '../../models/residency.ts';
import { settle, type SettleParts } from './settle.ts';
import { keepAliveOf } from './shape.ts';
import { IDLE_MS, type Uses } from '../../models/uses.ts';

export interface PassedOnParts extends SettleParts {
  readonly upstream: Pick<Upstream, 'load' | 'unload'>;
  readonly watch: Pick<Watch, 'find' | 'invalidate' | 'refreshLoaded'>;
  readonly queue: LeaseQueue;
  readonly residency: Residency;
  readonly keepAlives: KeepAlives;
  readonly modelfiles: Modelfiles;
  readonly uses: Uses;
  readonly log: Log;
  /** Aborts what is in progress. */
  readonly life: AbortSignal;
}

interface Wish {
  readonly request: UpstreamRequest;
  readonly model: InstalledModel;
  /** 0 unloads the model; a negative number keeps it loaded for ever. */
  readonly seconds: number;
}

export class PassedOn {
  readonly #parts: PassedOnParts;
  /** From a digest to the last wish that is not fulfilled yet; at most one for each installed model. */
  readonly #wishes = new Map<string, Wish>();
  #running = false;

  constructor(parts: PassedOnParts) {
    this.#parts = parts;
  }

  /** Takes a request that was answered without a run. Cheap when its keep_alive changes nothing. */
  take(request: UpstreamRequest, model: InstalledModel | undefined): void {
    const seconds = keepAliveOf(request);
    if (seconds === undefined || model === undefined || !this.wouldChange(seconds, model)) return;
    this.#wishes.set(model.digest, { request, model, seconds });
    if (!this.#running) void this.#fulfilAll();
  }

  /** Whether a request with this keep_alive, in seconds, has to be passed on. */
  wouldChange(seconds: number, model: InstalledModel): boolean {
    if (model.remote || isCloudName(model.name)) return false;
    const { residency, modelfiles } = this.#parts;
    const weights = modelfiles.weights(model.digest);
    const held = residency.standing(weights) !== undefined || residency.isLoaded(weights);
    return this.#matters(weights, seconds, held);
  }

  /**
   * A model that is not in memory is not loaded while another is in use. The caller has its answer already, and loading
   * could evict the other model.
   */
  #matters(weights: string, seconds: number, held: boolean): boolean {
    const { keepAlives, uses } = this.#parts;
    if (seconds === 0) return held;
    return held ? keepAlives.wouldChange(weights, seconds) : uses.othersIdleMs(weights) >= IDLE_MS;
  }

  async #fulfilAll(): Promise<void> {
    const { log, life } = this.#parts;
    this.#running = true;
    for (const [digest, wish] of this.#wishes) {
      this.#wishes.delete(digest);
      try {
        await this.#fulfil(wish);
      } catch (error) {
        if (life.aborted) break;
        log.debug(
          { model: wish.model.name, ...faultOf(error) },
          `A keep_alive could not be passed on: ${asAppError(error).logged}`,
        );
      }
    }
    this.#running = false;
  }

  async #fulfil({ request, model, seconds }: Wish): Promise<void> {
    const { queue, residency, watch, life } = this.#parts;
    const { spec: asked } = await settle(this.#parts, { request, model, least: 0 }, life);
    await watch.find(life);
    // Do not reload a ready runner for the options of a request that needs no run.
    const spec = residency.standing(asked.weights) ?? residency.usual(asked);
    const place = queue.enter(
      {
        lane: 'chat',
        runner: spec.key,
        model: spec.model,
        caller: 'hearth',
        urgency: () => LEAST_URGENT,
        expectedMs: () => 0,
        onWaiting: () => undefined,
      },
      life,
    );
    const lease = await place.lease;
    try {
      // A run in between may have set the same keep_alive, or evicted the model.
      await watch.refreshLoaded(life);
      const held = residency.isLoaded(spec.weights);
      if (this.#matters(spec.weights, seconds, held)) await this.#say(spec, seconds);
    } finally {
      lease.release();
    }
  }

  async #say(spec: RunnerSpec, seconds: number): Promise<void> {
    const { upstream, watch, queue, residency, life } = this.#parts;
    if (seconds === 0) {
      await upstream.unload(spec.model, life);
      residency.forget(spec.weights);
      watch.invalidate();
      return;
    }
    if ((await residency.ensure(spec, seconds, queue, life)) === 0) await upstream.load(spec, seconds, life);
    residency.renewed(spec, seconds);
  }
}
