// What was asked and answered, word for word, for as long as it may be kept. The port that storage fills.

/** A text of a request as it is kept. */
export interface KeptText {
  readonly id: string;
  readonly owner: string;
  readonly what: 'request' | 'answer';
  /** In JSON, without secrets. */
  readonly text: string;
}

/** A span of time by the clock on the wall, in milliseconds. */
export interface WatchSpan {
  readonly from: number;
  readonly until: number;
}

export interface TextStore {
  /** Takes it in, and it is written soon. Never throws. */
  keep(text: KeptText): void;
  /** The newest texts under an id that a watcher may see. */
  find(id: string, watcher: string): Partial<Record<KeptText['what'], string>>;
  /**
   * Takes away all that a watcher may see. When this returns they are in no file any more; where the disk can't be used that
   * is done as soon as it can. Of how many requests.
   */
  clear(watcher: string): number;
  /** Until when texts are kept; it outlives the process, where anything does. */
  watch(): WatchSpan | undefined;
  setWatch(span: WatchSpan | undefined): void;
}
