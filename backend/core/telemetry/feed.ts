// The live events of /api/events and of the window: what changed since the last delivery, at most four times a second.
// Holds only the latest state of each topic, so a slow reader misses steps, but never the current state.
import type { EventData, EventName, RequestFact } from '../../contract/views/control.ts';
import { orAborted } from '../abort.ts';
import { LOCAL, sees } from '../ownership.ts';
import type { Clock } from '../ports.ts';

/** Milliseconds between two deliveries to one reader. */
const STEP_MS = 250;
/** How many new and how many ended requests wait for a reader's next delivery; older ones are dropped. */
const MAX_TOLD = 200;

export type FeedEvent = { readonly [N in EventName]: { readonly name: N; readonly data: EventData<N> } }[EventName];

/** A reader of the feed. */
export interface Viewer {
  /** Whose requests it may see: those of one owner, or with LOCAL those of all. */
  readonly watcher: string;
  /** Whether it may see the figures of the cache. */
  readonly figures: boolean;
}

/** What a reader wants; absent means everything. */
export interface FeedWish {
  readonly viewer?: Viewer;
  /** Sent at once. */
  readonly first?: Topic;
  /** Sent when they change. */
  readonly topics?: readonly Topic[];
}

/** Sees everything. */
export const SEES_ALL: Viewer = { watcher: LOCAL, figures: true };

/** Reads the current state of each topic that is sent as a whole, as far as the viewer may see it. */
export type FeedSources = {
  readonly [N in 'snapshot' | 'state' | 'queue' | 'model' | 'pulls']: (viewer: Viewer) => EventData<N>;
};

/** The topics that are sent as a whole. */
export type Topic = keyof FeedSources;

interface Reader {
  readonly viewer: Viewer;
  readonly topics: ReadonlySet<Topic>;
  readonly dirty: Set<Topic>;
  /** By id, with a function for the current state. */
  arrived: Map<string, () => RequestFact>;
  ended: RequestFact[];
  /** How many of both were dropped. */
  leftOut: number;
  notices: EventData<'notice'>[];
  wake: () => void;
}

const ALL_TOPICS: readonly Topic[] = ['snapshot', 'state', 'queue', 'model', 'pulls'];

export class Feed {
  readonly #sources: FeedSources;
  readonly #clock: Clock;
  readonly #readers = new Set<Reader>();
  readonly #listeners = new Set<() => void>();

  constructor(sources: FeedSources, clock: Clock) {
    this.#sources = sources;
    this.#clock = clock;
  }

  /** The number of readers. */
  get size(): number {
    return this.#readers.size;
  }

  /** Calls `listener` at every change, until the returned function is called. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Marks topics as changed. Cheap while there are no readers. */
  touch(...topics: readonly Topic[]): void {
    for (const listener of this.#listeners) listener();
    for (const reader of this.#readers) {
      for (const topic of topics) if (reader.topics.has(topic)) reader.dirty.add(topic);
      reader.wake();
    }
  }

  /** Adds a new request of `owner`. `fact` is called at the delivery, unless the request has ended by then. */
  arrived(id: string, owner: string, fact: () => RequestFact): void {
    for (const reader of this.#readers) {
      if (!sees(reader.viewer.watcher, owner)) continue;
      reader.arrived.set(id, fact);
      const oldest = reader.arrived.keys().next();
      if (reader.arrived.size > MAX_TOLD && oldest.done !== true) {
        reader.arrived.delete(oldest.value);
        reader.leftOut++;
      }
      reader.wake();
    }
  }

  /** Adds an ended request of `owner`. `fact` is called only when there are readers. */
  ended(fact: () => RequestFact, owner: string): void {
    if (this.#readers.size === 0) return;
    const told = fact();
    for (const reader of this.#readers) {
      if (!sees(reader.viewer.watcher, owner)) continue;
      reader.arrived.delete(told.request_id);
      reader.ended.push(told);
      if (reader.ended.length > MAX_TOLD) {
        reader.ended.shift();
        reader.leftOut++;
      }
      reader.wake();
    }
  }

  /** Sends a notice. It names pages and callers, so only viewers that may see all of them get it. */
  notice(notice: EventData<'notice'>): void {
    for (const reader of this.#readers) {
      if (!sees(reader.viewer.watcher, LOCAL)) continue;
      reader.notices.push(notice);
      if (reader.notices.length > MAX_TOLD) reader.notices.shift();
      reader.wake();
    }
  }

  /**
   * Sends `first` at once, then changes of `topics` and events (new and ended requests, notices): each kind at most
   * four times a second, and only what the viewer may see. Ends when the signal aborts.
   */
  async *read(
    signal: AbortSignal,
    { viewer = SEES_ALL, first = 'snapshot', topics = ALL_TOPICS }: FeedWish = {},
  ): AsyncGenerator<FeedEvent, void, undefined> {
    const reader: Reader = {
      viewer,
      topics: new Set(topics),
      dirty: new Set([first]),
      ...nothingTold(),
      wake: () => undefined,
    };
    this.#readers.add(reader);
    try {
      while (!signal.aborted) {
        for (const topic of reader.dirty) {
          reader.dirty.delete(topic);
          yield this.#present(topic, viewer);
        }
        const { arrived, ended, leftOut, notices } = reader;
        Object.assign(reader, nothingTold());
        if (arrived.size + ended.length > 0) yield { name: 'request', data: requestsOf({ arrived, ended, leftOut }) };
        for (const data of notices) yield { name: 'notice', data };
        await this.#clock.sleep(STEP_MS, signal).catch(() => undefined);
        if (isIdle(reader)) await changed(reader, signal);
      }
    } finally {
      this.#readers.delete(reader);
    }
  }

  #present(topic: Topic, viewer: Viewer): FeedEvent {
    switch (topic) {
      case 'snapshot':
        return { name: topic, data: this.#sources.snapshot(viewer) };
      case 'state':
        return { name: topic, data: this.#sources.state(viewer) };
      case 'queue':
        return { name: topic, data: this.#sources.queue(viewer) };
      case 'model':
        return { name: topic, data: this.#sources.model(viewer) };
      case 'pulls':
        return { name: topic, data: this.#sources.pulls(viewer) };
    }
  }
}

/** What a reader gets only once. */
type ToldOnce = Pick<Reader, 'arrived' | 'ended' | 'leftOut' | 'notices'>;

function nothingTold(): ToldOnce {
  return { arrived: new Map(), ended: [], leftOut: 0, notices: [] };
}

function requestsOf({ arrived, ended, leftOut }: Omit<ToldOnce, 'notices'>): EventData<'request'> {
  const living = Array.from(arrived.values(), (fact) => fact());
  return { arrived: living, ended, ...(leftOut === 0 ? {} : { left_out: leftOut }) };
}

function isIdle({ dirty, arrived, ended, notices }: Reader): boolean {
  return dirty.size === 0 && arrived.size === 0 && ended.length === 0 && notices.length === 0;
}

/** Resolves at the next change, or when the signal aborts. */
function changed(reader: Reader, signal: AbortSignal): Promise<void> {
  const change = new Promise<void>((resolve) => {
    reader.wake = resolve;
  });
  return orAborted(change, signal).catch(() => undefined);
}
