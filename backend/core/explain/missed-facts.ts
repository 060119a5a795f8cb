// What is known of a request that had no kept answer, as plain values: what it might have of the cache, what became of the
// answer to the same question, and how the nearest kept question differs. Types alone. Durations in milliseconds.

/** Why there is no kept answer to a question that was asked before. */
export type Loss =
  /** It made room for others. */
  | 'room'
  /** Somebody removed it. */
  | 'cleared'
  /** It was larger than cache.max_entry_mb, or than all room. */
  | 'too_large'
  /** The run ended in a way that makes no answer to keep: cut, empty, with another reason than `stop` or `length`. */
  | 'unusable'
  /** The run failed, or was given up. */
  | 'failed'
  | 'cancelled'
  /** It was not to be kept. */
  | 'unwanted';

/** What makes its answer come out the same again, or not. */
export interface SamplingFacts {
  readonly temperature: number;
  /** Who says so. */
  readonly by: 'app' | 'Modelfile' | 'Ollama';
}

/** What became of the answer to the same question; times are before the request came. */
export interface FateFacts {
  readonly loss: Loss | undefined;
  /** Since it became so. */
  readonly agoMs: number;
  /** Of one that was kept: its age, how long it was to be kept, and since when it has expired; undefined while it has not. */
  readonly kept: { readonly agoMs: number; readonly forMs: number; readonly expiredMs: number | undefined } | undefined;
  /** The answer was kept after this request had come. */
  readonly isLater: boolean;
  /** Whether answers are kept on the disk too, and whether it has as many of them as it may. */
  readonly disk: 'unused' | 'roomy' | 'full';
}

/** The nearest question whose answer is kept. */
export interface NearestFacts {
  /** Most of its prompt is the same. */
  readonly isLike: boolean;
  /** All that it asks is the same, so that only of whom it was asked differs. */
  readonly isSame: boolean;
  /** What differs, as a piece of a sentence; '' where nothing does. */
  readonly differences: string;
  /** The option num_ctx alone differs. */
  readonly isOtherContext: boolean;
  /** Of whom it was asked: what differs. */
  readonly model: boolean;
  readonly address: boolean;
  readonly namespace: boolean;
  /** Ollama's version then and now, where that differs. */
  readonly versions: readonly [then: string, now: string] | undefined;
}

/** Of a request for vectors: its texts, and those that no vector is kept of. */
export interface TextFacts {
  readonly all: number;
  readonly missing: number;
}

export interface MissedFacts {
  /** How it got its answer: `shared`, from a run that was under way; `handed_on`, in Ollama's own words. */
  readonly way: 'run' | 'shared' | 'handed_on';
  readonly model: string;
  readonly isCloud: boolean;
  /** Why the cache was not asked (core/cache/policy.ts); undefined when it was. */
  readonly bypass: 'disabled' | 'requested' | 'refresh' | 'unknown_model' | undefined;
  /** Hearth asked it once more for somebody. */
  readonly isAgain: boolean;
  /** What its app says: nothing, no kept answer, or none older than so many seconds. */
  readonly isAsked: boolean;
  readonly maxAgeS: number | undefined;
  /** cache.drop_in keeps nothing of its route. */
  readonly isNeverKept: boolean;
  /** Where what is not repeatable is not kept. */
  readonly sampling: SamplingFacts | undefined;
  /** cache.fresh_when. */
  readonly freshWhen: readonly string[];
  readonly largestMb: number;
  /** batch.enable_deduplication */
  readonly isShared: boolean;
  readonly fate: FateFacts | undefined;
  /** Undefined where none is kept by now. */
  readonly nearest: NearestFacts | undefined;
  /** An answer of its model was kept for the same owner since Hearth started. */
  readonly wasKept: boolean;
  readonly texts: TextFacts | undefined;
  /** How long Hearth runs. */
  readonly upMs: number;
}
