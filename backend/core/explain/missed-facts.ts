// What is known of a request without a kept answer, as plain values: what it might use of the cache, what became of the
// answer to the same question, and how the nearest kept question differs. Types only. Durations in milliseconds.

/** Why there is no kept answer to a question that was asked before. */
export type Loss =
  /** It was evicted. */
  | 'room'
  /** Somebody removed it. */
  | 'cleared'
  /** It was larger than cache.max_entry_mb, or than all available room. */
  | 'too_large'
  /** The run ended without an answer to keep: cut, empty, or with a reason other than `stop` or `length`. */
  | 'unusable'
  /** The run failed, or was given up. */
  | 'failed'
  | 'cancelled'
  /** It was not to be kept. */
  | 'unwanted';

/** What makes its answer repeatable, or not. */
export interface SamplingFacts {
  readonly temperature: number;
  /** Where the temperature comes from. */
  readonly by: 'app' | 'Modelfile' | 'Ollama';
}

/** What became of the answer to the same question; times are before the request came. */
export interface FateFacts {
  readonly loss: Loss | undefined;
  /** How long ago that happened. */
  readonly agoMs: number;
  /** For an answer that was kept: its age, its lifetime, and how long ago it expired; undefined while it has not. */
  readonly kept: { readonly agoMs: number; readonly forMs: number; readonly expiredMs: number | undefined } | undefined;
  /** The answer was kept after this request had come. */
  readonly isLater: boolean;
  /** Whether answers are kept on disk too, and whether the disk store is full. */
  readonly disk: 'unused' | 'roomy' | 'full';
}

/** The nearest question whose answer is kept. */
export interface NearestFacts {
  /** Most of its prompt is the same. */
  readonly isLike: boolean;
  /** It asks exactly the same, so only the model, address or namespace differs. */
  readonly isSame: boolean;
  /** The differences, as part of a sentence; '' when there are none. */
  readonly differences: string;
  /** Only the option num_ctx differs. */
  readonly isOtherContext: boolean;
  /** What differs about where it was asked. */
  readonly model: boolean;
  readonly address: boolean;
  readonly namespace: boolean;
  /** Ollama's version then and now, if they differ. */
  readonly versions: readonly [then: string, now: string] | undefined;
}

/** For a request for vectors: the number of its texts, and of those without a kept vector. */
export interface TextFacts {
  readonly all: number;
  readonly missing: number;
}

export interface MissedFacts {
  /**
   * How it got its answer. `shared`: from a run that was under way. `handed_on`: its request was passed on unchanged.
   */
  readonly way: 'run' | 'shared' | 'handed_on';
  readonly model: string;
  readonly isCloud: boolean;
  /** Why the cache was not read (core/cache/policy.ts); undefined when it was. */
  readonly bypass: 'disabled' | 'requested' | 'refresh' | 'unknown_model' | undefined;
  /** Hearth repeated it on somebody's behalf. */
  readonly isAgain: boolean;
  /** What its app asked for: no kept answer, or none older than this many seconds. */
  readonly isAsked: boolean;
  readonly maxAgeS: number | undefined;
  /** cache.drop_in keeps nothing on its route. */
  readonly isNeverKept: boolean;
  /** Set when only repeatable answers are kept. */
  readonly sampling: SamplingFacts | undefined;
  /** cache.fresh_when. */
  readonly freshWhen: readonly string[];
  readonly largestMb: number;
  /** batch.enable_deduplication */
  readonly isShared: boolean;
  readonly fate: FateFacts | undefined;
  /** Undefined when no answer is kept now. */
  readonly nearest: NearestFacts | undefined;
  /** An answer of its model was kept for the same owner since Hearth started. */
  readonly wasKept: boolean;
  readonly texts: TextFacts | undefined;
  /** How long Hearth has been running. */
  readonly upMs: number;
}
