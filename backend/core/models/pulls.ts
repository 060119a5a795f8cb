// The line of downloads: Ollama fetches one model at a time, which is as fast as several, since it fetches each in pieces side
// by side. It outlasts a restart. Ollama keeps the pieces of what did not come to its end, so that the same download goes on
// from there (server/download.go); when it is started, it takes away those that are older than an hour (server/images.go).
import { AppError, asAppError, faultOf } from '../../contract/errors.ts';
import { canonicalName } from '../../contract/model-name.ts';
import type { PullFailure, PullView } from '../../contract/pull-view.ts';
import { OVER } from '../abort.ts';
import type { KeptPull, PullStore } from '../disk.ts';
import type { Clock, Log, Upstream } from '../ports.ts';
import { noSuchModel, isModelName } from './names.ts';
import { isLost, pullFailureOf, pullSentence } from './pull-failure.ts';
import { PullProgress } from './pull-progress.ts';

/** How many may stand in line, those that stopped included. */
const MOST = 50;
/** Before it goes on by itself, and twice as long each time that no byte came; milliseconds. And how often. */
const AGAIN_MS = 1000;
const TRIES = 5;

export interface PullsOptions {
  readonly upstream: Pick<Upstream, 'pull'>;
  readonly store: PullStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether Ollama is away: nothing is begun then. Call `feed` when it is back. */
  away(): boolean;
  /** A model is there, or a newer one under its name. */
  onInstalled(model: string): void;
  onChange(): void;
}

interface Pull {
  readonly model: string;
  /** When it was asked for, in milliseconds since 1970. */
  readonly since: number;
  state: PullView['state'];
  failure: PullFailure | undefined;
  progress: PullProgress;
  /** The most bytes that were ever here: a try that gets no further was in vain. */
  furthest: number;
  vain: number;
  /** Ends the try that is under way. */
  stop: AbortController | undefined;
  /** Ends the pause before the next try. */
  pause: (() => void) | undefined;
}

export class Pulls {
  readonly #options: PullsOptions;
  readonly #line = new Map<string, Pull>();
  #under: Promise<void> | undefined;
  #isOpen = false;

  constructor(options: PullsOptions) {
    this.#options = options;
  }

  /** Takes up what was left undone. */
  open(): void {
    for (const kept of this.#options.store.kept()) {
      const key = canonicalName(kept.model);
      if (!this.#line.has(key)) this.#line.set(key, this.#made(kept));
    }
    this.#isOpen = true;
    this.feed();
  }

  /** In the order of the line. */
  get list(): PullView[] {
    return Array.from(this.#line.values(), viewOf);
  }

  /**
   * Puts a model in line, or has one go on that stopped; one that is under way goes on as it is. It is on the disk when this
   * returns. Throws invalid_request for what is no name, and pulls_full.
   */
  add(model: string): PullView {
    const name = model.trim();
    if (!isModelName(name)) throw noSuchModel(name, [], 'write');
    const key = canonicalName(name);
    const known = this.#line.get(key);
    if (known === undefined && this.#line.size >= MOST) {
      const sentence = `The line of downloads is full: there are ${MOST}. Cancel one, or wait until one has ended.`;
      throw new AppError('pulls_full', sentence);
    }
    const pull = known ?? this.#made({ model: name, since: this.#options.clock.now(), state: 'waiting' });
    this.#line.set(key, pull);
    pull.pause?.();
    pull.pause = undefined;
    if (pull.state !== 'running') Object.assign(pull, { state: 'waiting', failure: undefined, vain: 0 });
    this.#changed();
    this.feed();
    return viewOf(pull);
  }

  /** Stops one until it is added again; what came of it stays. Throws pull_not_found. */
  pause(model: string): PullView {
    const pull = this.#find(model);
    Object.assign(pull, { state: 'paused', failure: undefined });
    this.#end(pull);
    return viewOf(pull);
  }

  /** Takes one out of the line. Throws pull_not_found. */
  cancel(model: string): void {
    const pull = this.#find(model);
    this.#line.delete(canonicalName(pull.model));
    this.#end(pull);
  }

  /** Begins the next one where none is under way. Call it also when Ollama is back. */
  feed(): void {
    if (!this.#isOpen || this.#under !== undefined || this.#options.away()) return;
    const next = [...this.#line.values()].find(({ state, pause }) => state === 'waiting' && pause === undefined);
    if (next === undefined) return;
    this.#under = this.#run(next).finally(() => {
      this.#under = undefined;
      this.feed();
    });
  }

  /** Ends what is under way; the line goes on after the next `open`. */
  async stop(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#keep();
    for (const pull of this.#line.values()) {
      pull.pause?.();
      pull.stop?.abort(OVER);
    }
    await this.#under;
  }

  async #run(pull: Pull): Promise<void> {
    const { upstream, clock, log, onChange, onInstalled } = this.#options;
    const { model, furthest: before } = pull;
    const stop = new AbortController();
    const progress = new PullProgress(clock.elapsed, pull.progress.bytes);
    Object.assign(pull, { state: 'running', failure: undefined, progress, stop });
    onChange();
    try {
      await upstream.pull(model, stop.signal, (step) => {
        progress.take(step);
        pull.furthest = Math.max(pull.furthest, progress.bytes?.completed ?? 0);
        onChange();
      });
      log.info({ model }, 'model downloaded');
      if (this.#line.get(canonicalName(model)) === pull) this.#line.delete(canonicalName(model));
      onInstalled(model);
    } catch (error) {
      if (!stop.signal.aborted) this.#broke(pull, asAppError(error), pull.furthest > before);
    } finally {
      pull.stop = undefined;
      if (this.#isOpen) this.#changed();
    }
  }

  /**
   * Goes on by itself where it got further than ever, or where nothing is wrong but a connection, to Ollama or from it to the
   * internet; that some times in a row. What Ollama refuses is the same the next time.
   */
  #broke(pull: Pull, error: AppError, gotFurther: boolean): void {
    const { clock, log } = this.#options;
    log.warn({ model: pull.model, ...faultOf(error) }, `A download broke off: ${error.logged}`);
    pull.vain = gotFurther ? 0 : pull.vain + 1;
    const failure = pullFailureOf(error);
    pull.failure = failure;
    const goesOn = failure.kind !== 'disk_full' && pull.vain < TRIES && (gotFurther || isLost(failure));
    pull.state = goesOn ? 'waiting' : 'failed';
    if (!goesOn) return;
    pull.pause = clock.after(AGAIN_MS * 2 ** pull.vain, () => {
      pull.pause = undefined;
      this.feed();
    });
  }

  #made({ model, since, state, failure, completed, total }: KeptPull): Pull {
    const before = completed === undefined || total === undefined ? undefined : { completed, total };
    const progress = new PullProgress(this.#options.clock.elapsed, before);
    // Ollama may have been started anew meanwhile, and has nothing of it then: what was here before counts for nothing.
    return { model, since, state, failure, progress, furthest: 0, vain: 0, stop: undefined, pause: undefined };
  }

  #find(model: string): Pull {
    const pull = this.#line.get(canonicalName(model));
    if (pull !== undefined) return pull;
    throw new AppError('pull_not_found', `No download of ${model} is in line. GET /api/pulls lists them.`);
  }

  #end(pull: Pull): void {
    pull.pause?.();
    pull.pause = undefined;
    pull.stop?.abort(OVER);
    this.#changed();
    this.feed();
  }

  #changed(): void {
    this.#keep();
    this.#options.onChange();
  }

  #keep(): void {
    this.#options.store.keep(
      Array.from(this.#line.values(), ({ model, since, state, failure, progress }) => ({
        model,
        since,
        // It goes on after a restart.
        state: state === 'running' ? ('waiting' as const) : state,
        failure,
        ...progress.bytes,
      })),
    );
  }
}

function viewOf({ model, since, state, failure, progress }: Pull): PullView {
  const runs = state === 'running';
  const { bytes } = progress;
  const speed = runs ? progress.speed : undefined;
  const isMeasured = speed !== undefined && speed > 0 && bytes !== undefined;
  return {
    model,
    state,
    phase: runs ? progress.phase : null,
    completed: bytes?.completed ?? null,
    total: bytes?.total ?? null,
    bytes_per_s: speed === undefined ? null : Math.round(speed),
    left_ms: isMeasured ? Math.round(((bytes.total - bytes.completed) * 1000) / speed) : null,
    silent_ms: runs ? Math.round(progress.silentMs ?? 0) : null,
    error: failure === undefined ? null : pullSentence(failure),
    failure: failure ?? null,
    since: new Date(since).toISOString(),
  };
}
