// Writes into the trace of a request what several stories write. Each story decides when.
import { type Completion, NO_METRICS, type Waiting } from '../../../contract/chat/chat.ts';
import type { Asks } from '../../queue/waiter.ts';
import type { Ticket } from '../../requests/ticket.ts';
import type { Trace } from '../../requests/trace.ts';
import type { Result } from '../embeds/embed-group.ts';
import { whyNotAsked } from '../reasons/missed.ts';

/** For whom a run is. `flights` defaults to the request's own flight. */
export function asksOf({ id, owner, classBy, flight = id }: Ticket, flights: readonly string[] = [flight]): Asks {
  return { id, owner, classBy, flights };
}

/** Passes on each waiting state, and keeps the first position in the queue. */
export function placed(trace: Trace, tell: (waiting: Waiting) => void): (waiting: Waiting) => void {
  return (waiting) => {
    if (waiting.phase === 'queued') trace.position ??= waiting.position;
    tell(waiting);
  };
}

/** Notes that the request shares the run of another one, whose trace describes that run. */
export function sharesRun(ticket: Ticket, run: Trace | undefined, waiting: Waiting | undefined): void {
  if (run === undefined) return;
  ticket.trace.run = run;
  ticket.trace.whyMissed = whyNotAsked(ticket.model, 'shared');
  if (waiting?.phase === 'queued') ticket.trace.position = waiting.position;
  run.sharedWith = (run.sharedWith ?? 0) + 1;
}

/** Notes a finished run; `at` is on the monotonic clock. */
export function ranToItsEnd(trace: Trace, { end, cuts }: Completion, at: number): void {
  trace.metrics = end.metrics;
  trace.doneReason = end.done_reason;
  const thoughts = cuts.filter(([kind]) => kind === 'thinking').length;
  if (thoughts > 0) trace.thought = thoughts / cuts.length;
  trace.lastTokenAt = at;
}

/** Notes finished embeddings. Their time counts as prompt reading, since no answer is generated. */
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
