// The store of past figures. A port that storage implements.
import type { SpanName } from '../../contract/views/spans.ts';
import type { Figures } from './step-figures.ts';
import type { Group, Share } from './tally.ts';

/** A range of steps, both ends included. */
export interface Steps {
  readonly first: number;
  readonly last: number;
}

/** Steps by their number; see steps.ts. */
export interface HistoryStore {
  /**
   * Adds to a step, written soon. The store keeps the newest steps of a span, as many as it has, and of each step as
   * many models and callers as there is room for, with the rest summed up. Never throws.
   */
  add(span: SpanName, step: number, shares: readonly Share[]): void;
  /** The totals of each step of a span, starting at `from`, including everything added. */
  read(span: SpanName, from: number): ReadonlyMap<number, Figures>;
  /**
   * The sums over some steps for each model or caller, most requests first. The time grows with the number of steps, so
   * ask for a few steps at a time.
   */
  sums(
    span: SpanName,
    steps: Steps,
    of: { readonly group: Group; readonly owner?: string | undefined },
  ): readonly Share[];
}
