// What was recorded: questions with their answers, kept until somebody removes them. Where they lie is storage's; types alone.
import type { RecordedRoute } from './recorded-question.ts';

/** What a model has been seen to do, in Ollama's words. */
export type Ability = 'completion' | 'tools' | 'thinking' | 'vision' | 'embedding';

/** One question and its answer. */
export interface Recording {
  /** See recordingKey. */
  readonly key: string;
  readonly route: RecordedRoute;
  /** Its canonical name. */
  readonly model: string;
  readonly namespace: string;
  /** RecordedQuestion.asks as JSON. */
  readonly question: string;
  /** A record (cache/record.ts), or a vector (cache/vector-record.ts). */
  readonly answer: Buffer;
  readonly abilities: readonly Ability[];
}

/** What is known of a recorded question without its answer. */
export type QuestionText = Pick<Recording, 'model' | 'namespace' | 'question'>;

/** A model as its recordings show it. */
export interface RecordedModel {
  readonly name: string;
  readonly abilities: readonly Ability[];
}

/**
 * The recordings. One question has one answer: the last. All calls are answered at once; what was put is on disk by then,
 * where there is one, and what is kept soon after.
 */
export interface Recordings {
  get(key: string): Recording | undefined;
  /** All or none of them; with `alone` all others are removed. False: they do not fit, and nothing was changed. */
  put(recordings: readonly Recording[], alone?: boolean): boolean;
  /**
   * As `put`, for who does not wait for the disk: found here at once, and by a program beside us within some hundredths of a second,
   * as is told then. A process that is killed before has lost it.
   */
  keep(recordings: readonly Recording[], told: (fits: boolean) => void): void;
  /** The questions of a route whose length is nearest to `length`, at most `most` of them together; both in bytes. */
  questionsNear(route: RecordedRoute, length: number, most: number): readonly QuestionText[];
  /** All of them by model, route, namespace and question, so that the same ones always come in the same order. */
  all(): Iterable<Recording>;
  /** By name. */
  models(): readonly RecordedModel[];
  /** Removes all of them. */
  clear(): { readonly removed: number; readonly freed_bytes: number };
  /** Questions and answers, and the most that they may take. */
  readonly size: { readonly entries: number; readonly bytes: number; readonly max_bytes: number };
}
