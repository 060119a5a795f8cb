// What several stories write into the trace of a request. The story itself says when.
import { type End, NO_METRICS } from '../../contract/chat/chat.ts';
import type { Ticket } from '../requests/ticket.ts';
import type { Trace } from '../requests/trace.ts';
import type { Result } from './embed-group.ts';
import { whyNotAsked } from './missed.ts';

/** It has the run of somebody else, whose trace tells of it. */
export function sharesRun(ticket: Ticket, run: Trace | undefined): void {
  if (run === undefined) return;
  ticket.trace.run = run;
  ticket.trace.whyMissed = whyNotAsked(ticket.model, 'shared');
  run.sharedWith = (run.sharedWith ?? 0) + 1;
}

/** The model has said its last; `at` by the monotonic clock. */
export function ranToItsEnd(
  trace: Trace,
  { metrics, done_reason }: Pick<End, 'metrics' | 'done_reason'>,
  at: number,
): void {
  trace.metrics = metrics;
  trace.doneReason = done_reason;
  trace.lastTokenAt = at;
}

/** Vectors have come; what they took is read as a prompt is, and there is no answer after it. */
export function embeddedAt(trace: Trace, { vectors, loadDuration, loadMs }: Result, at: number): void {
  const each = [...vectors.values()];
  const sum = (of: 'tokens' | 'duration'): number => Math.round(each.reduce((all, vector) => all + vector[of], 0));
  const read = sum('duration');
  trace.load = { ms: loadMs };
  trace.metrics = {
    ...NO_METRICS,
    total_duration: loadDuration + read,
    load_duration: loadDuration,
    prompt_eval_count: sum('tokens'),
    prompt_eval_duration: read,
  };
  trace.lastTokenAt = at;
}
