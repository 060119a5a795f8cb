// What the window shows, and when it is painted: pushes are taken in as they come, changes of state are shown at once,
// changes of figures wait for the next full second. It draws nothing.
import type { LiveView, Push, View } from '../../backend/contract/desktop.ts';

/** The view after a push: every topic in it replaces the one before. */
export function reduce(view: View, push: Push): View {
  // What is absent stays; zod's partial types allow undefined, the wire never carries it.
  return { ...view, ...(push as Partial<View>) };
}

/**
 * What of the live figures is a state and not a figure, as text to compare. While it stays the same, nothing appears,
 * goes or changes its place, so the new figures can wait for the second.
 */
export function shapeOf(live: LiveView): string {
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
    queue.running.map(({ request_id, phase, late }) => [request_id, phase, late]),
    queue.waiting.map(({ request_id, queue_position, late }) => [request_id, queue_position, late]),
    models.map(({ name, loaded, loading_ms }) => [name, loaded, loading_ms !== null]),
    pulls.map(({ model, upstream, state, phase, error }) => [model, upstream, state, phase, error]),
  ]);
}

/** Whether a push may wait for the next second. */
export function canWait(view: View, push: Push): boolean {
  const { live, ...rest } = push;
  return Object.keys(rest).length === 0 && (live === undefined || shapeOf(view.live) === shapeOf(live));
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

/** Holds the newest view and tells its listener when to paint. */
export class Store {
  readonly #options: StoreOptions;
  readonly #paint: (picture: Picture) => void;
  #view: View | undefined;
  #stopTicking: (() => void) | undefined;

  constructor(options: StoreOptions, paint: (picture: Picture) => void) {
    this.#options = options;
    this.#paint = paint;
  }

  /** The first view. Pushes before it are not kept: main reads it after it has sent them. */
  begin(view: View): void {
    this.#view = view;
    this.#show();
    this.#stopTicking ??= this.#options.everySecond(() => this.#show());
  }

  push(push: Push): void {
    if (this.#view === undefined) return;
    const waits = canWait(this.#view, push);
    this.#view = reduce(this.#view, push);
    if (!waits) this.#show();
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
