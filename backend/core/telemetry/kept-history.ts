// Where the figures of the past are kept: the port that storage fills.
import type { SpanName } from '../../contract/spans.ts';
import type { Figures } from './step-figures.ts';
import type { Group, Share } from './tally.ts';

/** From one to another, both of them included. */
export interface Steps {
  readonly first: number;
  readonly last: number;
}

/** Steps by their number; see steps.ts. */
export interface HistoryStore {
  /**
   * Adds to what is kept of a step, soon. Of a span the newest steps stay, as many as it has; of a step so many models
   * and callers as there is room for, the rest together. Never throws.
   */
  add(span: SpanName, step: number, shares: readonly Share[]): void;
  /** What is kept of all in each step of a span from one on, with everything that was added. */
  read(span: SpanName, from: number): ReadonlyMap<number, Figures>;
  /**
   * Likewise the sums over some steps of each model or of each caller, those with the most requests first. How long it takes
   * grows with the number of steps, so that who wants many asks for a few at a time.
   */
  sums(
    span: SpanName,
    steps: Steps,
    of: { readonly group: Group; readonly owner?: string | undefined },
  ): readonly Share[];
}
