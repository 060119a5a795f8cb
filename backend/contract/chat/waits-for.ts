// What a request may wait for beside its turn in line, and why its turn may come sooner.

/**
 * What a request waits for beside its turn. `ollama`: it does not answer, so nobody's turn comes until it is back, and
 * estimates count from then. `settling`: background work lets a moment pass since its own caller was active. `people`:
 * background work gave way to a person, or would take the memory of the model that a person talks with. `waking`: its
 * machine sleeps and is being woken; the estimate says when it should be there.
 */
export const WAITS_FOR = ['ollama', 'settling', 'people', 'waking'] as const;
export type WaitsFor = (typeof WAITS_FOR)[number];

/** A place in the line of a Hearth behind this one: 1 for the next one to run there, and estimated milliseconds until then. */
export interface InnerPlace {
  readonly position: number;
  readonly eta_ms: number;
}

export interface WaitsWhy {
  /** What it waits for beside its turn; absent: for its turn alone. */
  readonly waits_for?: WaitsFor;
  /** It goes before one whose turn it would be, since its prompt goes on with what the model has read last. */
  readonly goes_on?: true;
  /** It has a slot here, and waits in the line of a Hearth that is asked as an Ollama is. */
  readonly inner?: InnerPlace;
}
