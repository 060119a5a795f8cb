// What several stories write into the trace of a request. The story itself says when.
import { type Completion, NO_METRICS, type Waiting } from '../../../contract/chat/chat.ts';
import type { Asks } from '../../queue/waiter.ts';
import type { Ticket } from '../../requests/ticket.ts';
import type { Trace } from '../../requests/trace.ts';
import type { Result } from '../embeds/embed-group.ts';
import { whyNotAsked } from '../reasons/missed.ts';

/** For whom a run is; `flights`: the request's own where no others are named. */
export function asksOf({ id, owner, classBy, flight = id }: Ticket, flights: readonly string[] = [flight]): Asks {
  return { id, owner, classBy, flights };
}

/** Where it stands is told on; where it stood in line at first is kept. */
export function placed(trace: Trace, tell: (waiting: Waiting) => void): (waiting: Waiting) => void {
  return (waiting) => {
    if (waiting.phase === 'queued') trace.position ??= waiting.position;
    tell(waiting);
  };
}

/** It has the run of somebody else, whose trace tells of it. */
export function sharesRun(ticket: Ticket, run: Trace | undefined, waiting: Waiting | undefined): void {
  if (run === undefined) return;
  ticket.trace.run = run;
  ticket.trace.whyMissed = whyNotAsked(ticket.model, 'shared');
  if (waiting?.phase === 'queued') ticket.trace.position = waiting.position;
  run.sharedWith = (run.sharedWith ?? 0) + 1;
}

/** The model has said its last; `at` by the monotonic clock. */
export function ranToItsEnd(trace: Trace, { end, cuts }: Completion, at: number): void {
  trace.metrics = end.metrics;
  trace.doneReason = end.done_reason;
  const thoughts = cuts.filter(([kind]) => kind === 'thinking').length;
  if (thoughts > 0) trace.thought = thoughts / cuts.length;
  trace.lastTokenAt = at;
}

/** Vectors have come; what they took is read as a prompt is, and there is no answer after it. */
export function embeddedAt(trace: Trace, { vectors, loadDuration, load }: Result, at: number): void {
  const each = [...vectors.values()];
  const sum = (of: 'tokens' | 'duration'): number => Math.round(each.reduce((all, vector) => all + vector[of], 0));
  const read = sum('duration');
  trace.load = load;
  trace.metrics = {
    ...NO_METRICS,
    total_duration: loadDuration + read,
    load_duration: loadDuration,
    prompt_eval_count: sum('tokens'),
    prompt_eval_duration: read,
  };
  trace.lastTokenAt = at;
}
