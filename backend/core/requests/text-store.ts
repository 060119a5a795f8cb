// The texts of requests and answers, for as long as they may be kept. A port that storage implements.

/** A text of a request as it is stored. */
export interface KeptText {
  readonly id: string;
  readonly owner: string;
  readonly what: 'request' | 'answer';
  /** In JSON, without secrets. */
  readonly text: string;
}

/** A span of time on the wall clock, in milliseconds. */
export interface WatchSpan {
  readonly from: number;
  readonly until: number;
}

export interface TextStore {
  /** Takes a text, which is written soon. Never throws. */
  keep(text: KeptText): void;
  /** The newest texts under an id that a watcher may see. */
  find(id: string, watcher: string): Partial<Record<KeptText['what'], string>>;
  /**
   * Removes all that a watcher may see. When this returns they are in no file; if the disk can't be used, that is done
   * as soon as it can. Returns how many requests had texts.
   */
  clear(watcher: string): number;
  /** Until when texts are kept; survives the process if anything does. */
  watch(): WatchSpan | undefined;
  setWatch(span: WatchSpan | undefined): void;
}
