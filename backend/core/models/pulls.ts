// The queue of downloads. Ollama fetches one model at a time, which is as fast as several, since it fetches the pieces
// of each in parallel. The queue survives a restart. Ollama keeps the pieces of an unfinished download, so that it can
// resume (server/download.go), and on its start deletes those older than an hour (server/images.go). With several
// machines there is one queue, and each machine takes the next download for it.
import { AppError, asAppError, faultOf } from '../../contract/errors.ts';
import { canonicalName } from '../../contract/model-name.ts';
import type { PullFailure, PullView } from '../../contract/views/pull-view.ts';
import { OVER } from '../abort.ts';
import type { KeptPull, PullStore } from '../disk.ts';
import type { Clock, Log, Upstream } from '../ports.ts';
import { noSuchModel, isModelName } from './names.ts';
import { isLost, pullFailureOf, pullSentence } from './pull-failure.ts';
import { PullProgress } from './pull-progress.ts';

/** How many downloads the queue holds, including stopped ones. */
const MOST = 50;
/** The pause before an automatic retry, doubled each time that no byte came, in milliseconds. And how many retries. */
const AGAIN_MS = 1000;
const TRIES = 5;

/** The machines that models are downloaded to, by name; '' for a single machine without a name. */
export interface PullPlaces {
  /**
   * The machine of this name; for undefined, the one that a download goes to by default. Throws invalid_request for an
   * unknown name, and when that machine may not be asked for the model.
   */
  of(model: string, wished: string | undefined): string;
  /** Whether its Ollama is away, so that nothing starts there. Call `feed` when it is back. */
  away(place: string): boolean;
  pull(place: string, ...asked: Parameters<Upstream['pull']>): ReturnType<Upstream['pull']>;
}

export interface PullsOptions {
  readonly places: PullPlaces;
  readonly store: PullStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when a model, or a newer version of it, was installed. */
  onInstalled(model: string): void;
  onChange(): void;
}

/** Identifies a download; without `upstream`, on any machine. */
export interface WhichPull {
  readonly model: string;
  readonly upstream?: string | undefined;
}

interface Pull {
  readonly model: string;
  /** The machine that downloads it. */
  readonly place: string;
  /** When it was requested, in milliseconds since 1970. */
  readonly since: number;
  state: PullView['state'];
  failure: PullFailure | undefined;
  progress: PullProgress;
  /** The most bytes that were ever here: an attempt that gets no further was in vain. */
  furthest: number;
  vain: number;
  /** Aborts the running attempt. */
  stop: AbortController | undefined;
  /** Cancels the pause before the next attempt. */
  pause: (() => void) | undefined;
}

export class Pulls {
  readonly #options: PullsOptions;
  #line: readonly Pull[] = [];
  /** The running downloads by machine. */
  readonly #under = new Map<string, Promise<void>>();
  #isOpen = false;

  constructor(options: PullsOptions) {
    this.#options = options;
  }

  /** Resumes what was unfinished. */
  open(): void {
    for (const kept of this.#options.store.kept()) {
      const place = this.#placeNow(kept);
      if (this.#at(kept.model, place) === undefined) this.#line = [...this.#line, this.#made(kept, place)];
    }
    this.#isOpen = true;
    this.feed();
  }

  /** In the order of the queue. */
  get list(): PullView[] {
    return Array.from(this.#line, viewOf);
  }

  /**
   * Queues a model, or resumes a stopped download; a running one is left alone. On disk when this returns. Throws
   * invalid_request for an invalid model or machine name, and pulls_full.
   */
  add({ model, upstream }: WhichPull): PullView {
    const name = model.trim();
    if (!isModelName(name)) throw noSuchModel(name, [], 'write');
    const known = this.#those(name, upstream);
    const place = known.length === 1 ? undefined : this.#options.places.of(name, upstream);
    const there = place === undefined ? known[0] : known.find((each) => each.place === place);
    if (there === undefined && this.#line.length >= MOST) {
      const sentence = `The line of downloads is full: there are ${MOST}. Cancel one, or wait until one has ended.`;
      throw new AppError('pulls_full', sentence);
    }
    const begins = { model: name, since: this.#options.clock.now(), state: 'waiting' as const };
    const pull = there ?? this.#made(begins, place ?? '');
    if (there === undefined) this.#line = [...this.#line, pull];
    pull.pause?.();
    pull.pause = undefined;
    if (pull.state !== 'running') Object.assign(pull, { state: 'waiting', failure: undefined, vain: 0 });
    this.#changed();
    this.feed();
    return viewOf(pull);
  }

  /**
   * Stops a download until it is added again; its pieces stay. Throws pull_not_found, and invalid_request for several.
   */
  pause(which: WhichPull): PullView {
    const pull = this.#find(which);
    Object.assign(pull, { state: 'paused', failure: undefined });
    this.#end(pull);
    return viewOf(pull);
  }

  /** Removes a download from the queue. Throws as `pause` does. */
  cancel(which: WhichPull): void {
    const pull = this.#find(which);
    this.#line = this.#line.filter((each) => each !== pull);
    this.#end(pull);
  }

  /** Starts the next download on each idle machine. Call it also when an Ollama is back. */
  feed(): void {
    if (!this.#isOpen) return;
    for (const pull of this.#line) {
      const { place, state, pause } = pull;
      if (state !== 'waiting' || pause !== undefined) continue;
      if (this.#under.has(place) || this.#options.places.away(place)) continue;
      const run = this.#run(pull).finally(() => {
        this.#under.delete(place);
        this.feed();
      });
      this.#under.set(place, run);
    }
  }

  /** Aborts running downloads; the queue resumes at the next `open`. */
  async stop(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#keep();
    for (const pull of this.#line) {
      pull.pause?.();
      pull.stop?.abort(OVER);
    }
    await Promise.all(this.#under.values());
  }

  async #run(pull: Pull): Promise<void> {
    const { places, clock, log, onChange, onInstalled } = this.#options;
    const { model, place, furthest: before } = pull;
    const stop = new AbortController();
    const progress = new PullProgress(clock.elapsed, pull.progress.bytes);
    Object.assign(pull, { state: 'running', failure: undefined, progress, stop });
    onChange();
    try {
      await places.pull(place, model, stop.signal, (step) => {
        progress.take(step);
        pull.furthest = Math.max(pull.furthest, progress.bytes?.completed ?? 0);
        onChange();
      });
      log.info(named(pull), 'model downloaded');
      this.#line = this.#line.filter((each) => each !== pull);
      onInstalled(model);
    } catch (error) {
      if (!stop.signal.aborted) this.#broke(pull, asAppError(error), pull.furthest > before);
    } finally {
      pull.stop = undefined;
      if (this.#isOpen) this.#changed();
    }
  }

  /**
   * Retries if the attempt got further than ever, or if only a connection failed, to Ollama or from it to the internet;
   * a limited number of times in a row. What Ollama refuses would be refused again.
   */
  #broke(pull: Pull, error: AppError, gotFurther: boolean): void {
    const { clock, log } = this.#options;
    log.warn({ ...named(pull), ...faultOf(error) }, `A download broke off: ${error.logged}`);
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

  #made({ model, since, state, failure, completed, total }: KeptPull, place: string): Pull {
    const before = completed === undefined || total === undefined ? undefined : { completed, total };
    const progress = new PullProgress(this.#options.clock.elapsed, before);
    // Ollama may have restarted and lost the pieces, so earlier progress does not count.
    return { model, place, since, state, failure, progress, furthest: 0, vain: 0, stop: undefined, pause: undefined };
  }

  /** The machine of a stored download; another one if that name no longer exists or may not be asked. */
  #placeNow({ model, upstream }: KeptPull): string {
    const { places } = this.#options;
    for (const wished of [upstream, undefined]) {
      try {
        return places.of(model, wished);
      } catch {
        // Try the next one.
      }
    }
    return upstream ?? '';
  }

  #at(model: string, place: string): Pull | undefined {
    return this.#those(model, place)[0];
  }

  #those(model: string, place: string | undefined): readonly Pull[] {
    const key = canonicalName(model);
    return this.#line.filter((pull) => canonicalName(pull.model) === key && (place ?? pull.place) === pull.place);
  }

  #find({ model, upstream }: WhichPull): Pull {
    const [pull, ...others] = this.#those(model, upstream);
    if (pull === undefined) {
      const where = upstream === undefined ? '' : ` on ${upstream}`;
      throw new AppError('pull_not_found', `No download of ${model}${where} is in line. GET /api/pulls lists them.`);
    }
    if (others.length === 0) return pull;
    const places = [pull, ...others].map(({ place }) => place).join(', ');
    throw new AppError('invalid_request', `${model} is downloaded to ${places}. Name one of them as upstream.`);
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
      Array.from(this.#line, ({ model, place, since, state, failure, progress }) => ({
        model,
        upstream: place === '' ? undefined : place,
        since,
        // It resumes after a restart.
        state: state === 'running' ? ('waiting' as const) : state,
        failure,
        ...progress.bytes,
      })),
    );
  }
}

/** For the log. */
function named({ model, place }: Pull): { readonly model: string; readonly upstream?: string } {
  return place === '' ? { model } : { model, upstream: place };
}

function viewOf(pull: Pull): PullView {
  const { since, state, failure, progress } = pull;
  const runs = state === 'running';
  const { bytes } = progress;
  const speed = runs ? progress.speed : undefined;
  const isMeasured = speed !== undefined && speed > 0 && bytes !== undefined;
  return {
    ...named(pull),
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
