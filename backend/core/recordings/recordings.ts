// Recordings: questions with their answers, kept until somebody removes them. Types only; backend/storage/ keeps them.
import type { RecordedRoute } from './recorded-question.ts';

/** What a model was seen to do, in Ollama's words. */
export type Ability = 'completion' | 'tools' | 'thinking' | 'vision' | 'embedding';

/** One question and its answer. */
export interface Recording {
  /** See recordingKey. */
  readonly key: string;
  readonly route: RecordedRoute;
  /** The canonical name. */
  readonly model: string;
  readonly namespace: string;
  /** RecordedQuestion.asks as JSON. */
  readonly question: string;
  /** A record (cache/record.ts), or a vector (cache/vector-record.ts). */
  readonly answer: Buffer;
  readonly abilities: readonly Ability[];
}

/** A recorded question without its answer. */
export type QuestionText = Pick<Recording, 'model' | 'namespace' | 'question'>;

/** A model as its recordings show it. */
export interface RecordedModel {
  readonly name: string;
  readonly abilities: readonly Ability[];
}

/**
 * The recordings. Each question has one answer, the latest. All calls return at once. What `put` stored is then on
 * disk, if there is one; what `keep` stored is on disk soon after.
 */
export interface Recordings {
  get(key: string): Recording | undefined;
  /** Stores all or none; with `alone`, removes all others. False, without any change, if they do not fit. */
  put(recordings: readonly Recording[], alone?: boolean): boolean;
  /**
   * As `put`, without waiting for the disk. Found here at once, and by other programs within some hundredths of a
   * second, when `told` is called. Lost if the process is killed before.
   */
  keep(recordings: readonly Recording[], told: (fits: boolean) => void): void;
  /** The questions of a route whose length is nearest to `length`, at most `most` in total; both in bytes. */
  questionsNear(route: RecordedRoute, length: number, most: number): readonly QuestionText[];
  /** All recordings by model, route, namespace and question, so that equal ones always come in the same order. */
  all(): Iterable<Recording>;
  /** By name. */
  models(): readonly RecordedModel[];
  /** Removes all recordings. */
  clear(): { readonly removed: number; readonly freed_bytes: number };
  /** The questions and answers, with the limit in bytes. */
  readonly size: { readonly entries: number; readonly bytes: number; readonly max_bytes: number };
}
