// What a request may wait for beside its turn in the queue, and why its turn may come sooner.

/**
 * What a request waits for beside its turn. `ollama`: Ollama does not answer, so nobody's turn comes until it is back,
 * and estimates count from then. `settling`: background work waits a moment after its own caller was active. `people`:
 * background work gave way to a person, or would evict the model that a person talks with. `waking`: its machine sleeps
 * and is being woken; the estimate says when it should be up.
 */
export const WAITS_FOR = ['ollama', 'settling', 'people', 'waking'] as const;
export type WaitsFor = (typeof WAITS_FOR)[number];

/** A place in the queue of a Hearth behind this one: 1 runs next there, and estimated milliseconds until then. */
export interface InnerPlace {
  readonly position: number;
  readonly eta_ms: number;
}

export interface WaitsWhy {
  /** What it waits for beside its turn; absent: only for its turn. */
  readonly waits_for?: WaitsFor;
  /** It overtakes another waiter, since its prompt continues what the model has just read. */
  readonly goes_on?: true;
  /** It has a slot here, and waits in the queue of a Hearth that is used as an Ollama. */
  readonly inner?: InnerPlace;
}
