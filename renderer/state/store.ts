// What the window shows, and when it is painted: pushes are taken in as they come, changes of state are shown at once,
// changes of figures wait for the next full second, and so does a line in which requests come and go without a pause: nobody can
// read it, and each paint costs. It draws nothing.
import type { LiveView, Push, View } from '../../backend/contract/window/desktop.ts';

/** The view after a push: every topic in it replaces the one before. */
export function reduce(view: View, push: Push): View {
  // What is absent stays; zod's partial types allow undefined, the wire never carries it.
  return { ...view, ...(push as Partial<View>) };
}

/**
 * What of the live figures is a state and not a figure, as text to compare. While it and the line stay the same, nothing
 * appears, goes or changes its place, so the new figures can wait for the second.
 */
function shapeOf(live: LiveView): string {
  if (live === null) return '';
  const { health, queue, models, pulls } = live;
  return JSON.stringify([
    health.status,
    health.upstream.state,
    health.upstream.model,
    health.upstream.model_available,
    health.notices,
    health.watching_until,
    queue.paused,
    models.map(({ name, loaded, loading_ms }) => [name, loaded, loading_ms !== null]),
    pulls.map(({ model, upstream, state, phase, error }) => [model, upstream, state, phase, error]),
  ]);
}

/** Who runs and who waits, in which order, as text to compare. */
function lineOf(live: LiveView): string {
  if (live === null) return '';
  const { running, waiting } = live.queue;
  return JSON.stringify([
    running.map(({ request_id, phase, late }) => [request_id, phase, late]),
    waiting.map(({ request_id, queue_position, late }) => [request_id, queue_position, late]),
  ]);
}

/** What is new in a push: something that is shown at once, the line alone, or figures, which can wait for the next second. */
export function newsOf(view: View, push: Push): 'state' | 'line' | 'figures' {
  const { live, ...rest } = push;
  if (Object.keys(rest).length > 0) return 'state';
  if (live === undefined) return 'figures';
  const [before, now] = [textsOf(view.live), textsOf(live)];
  if (before.shape !== now.shape) return 'state';
  return before.line === now.line ? 'figures' : 'line';
}

/** Made once for each: what comes is compared, and then it is what the next one is compared with. */
const texts = new WeakMap<object, { readonly shape: string; readonly line: string }>();

function textsOf(live: LiveView): { readonly shape: string; readonly line: string } {
  const known = live === null ? undefined : texts.get(live);
  if (known !== undefined) return known;
  const made = { shape: shapeOf(live), line: lineOf(live) };
  if (live !== null) texts.set(live, made);
  return made;
}

/** One picture of the window: what there is to show, and the moment it shows. */
export interface Picture {
  readonly view: View;
  readonly now: number;
}

export interface StoreOptions {
  readonly now: () => number;
  /** Calls back each second until the returned function is called. */
  readonly everySecond: (tick: () => void) => () => void;
}

/** So many changes of the line are shown as they come; then it is a stream, and is shown once a second until it has a pause of one. */
const AT_ONCE = 4;

/** Holds the newest view and tells its listener when to paint. */
export class Store {
  readonly #options: StoreOptions;
  readonly #paint: (picture: Picture) => void;
  #view: View | undefined;
  #stopTicking: (() => void) | undefined;
  /** Changes of the line that are still shown as they come, and whether there was one in this second. */
  #atOnce = AT_ONCE;
  #lineMoved = false;

  constructor(options: StoreOptions, paint: (picture: Picture) => void) {
    this.#options = options;
    this.#paint = paint;
  }

  /** The first view. Pushes before it are not kept: main reads it after it has sent them. */
  begin(view: View): void {
    this.#view = view;
    this.#show();
    this.#stopTicking ??= this.#options.everySecond(() => this.#tick());
  }

  push(push: Push): void {
    if (this.#view === undefined) return;
    const news = newsOf(this.#view, push);
    this.#view = reduce(this.#view, push);
    if (news === 'figures') return;
    if (news === 'line') {
      this.#lineMoved = true;
      if (this.#atOnce === 0) return;
      this.#atOnce--;
    }
    this.#show();
  }

  /** Somebody has acted, and what comes of it is shown as it comes, whatever else there is. */
  hurry(): void {
    this.#atOnce = AT_ONCE;
  }

  #tick(): void {
    if (!this.#lineMoved) this.#atOnce = AT_ONCE;
    this.#lineMoved = false;
    this.#show();
  }

  end(): void {
    this.#stopTicking?.();
    this.#stopTicking = undefined;
    this.#view = undefined;
  }

  #show(): void {
    if (this.#view !== undefined) this.#paint({ view: this.#view, now: this.#options.now() });
  }
}
