// The state of a request as its caller and its watchers see it. Pure.
import { RUNNING, type Waiting } from '../../contract/chat/chat.ts';
import type { RequestView } from '../../contract/views/queue-view.ts';
import { isCloudName } from '../models/names.ts';
import type { Residency } from '../models/residency.ts';
import type { Clock, RunnerSpec } from '../ports.ts';
import type { Estimator } from '../queue/estimate.ts';
import type { LeaseQueue } from '../queue/queue.ts';
import type { Ticket } from '../requests/ticket.ts';

/** The state of a request that has a slot and waits until its model is loaded. */
export function loading({ estimator, clock }: LoadingParts, model: string): Waiting {
  return { phase: 'loading', position: 0, eta_ms: estimator.loadMs(model), as_of: clock.elapsed() };
}

/** The first state of a run that has got a slot: loading, or running when the model is ready. */
export function begins(
  parts: LoadingParts & { readonly residency: Pick<Residency, 'isReady'> },
  spec: RunnerSpec,
): Waiting {
  return isCloudName(spec.model) || parts.residency.isReady(spec) ? RUNNING : loading(parts, spec.model);
}

interface LoadingParts {
  readonly estimator: Pick<Estimator, 'loadMs'>;
  readonly clock: Pick<Clock, 'elapsed'>;
}

/** Whether the answer takes longer than expected; for a waiting request, whether the answer ahead of it does. */
export function isLate(ticket: Ticket, queue: Pick<LeaseQueue, 'isLate'>): boolean {
  if (ticket.status === 'queued') return ticket.waitsForLate();
  return ticket.status === 'processing' && ticket.flight !== undefined && queue.isLate(ticket.flight);
}

/** The field that says what a request waits for besides its turn; empty when it waits for its turn only. */
export function waitsFor({ waits_for }: Pick<RequestView, 'waits_for'>): Pick<Waiting, 'waits_for'> {
  return waits_for === undefined ? {} : { waits_for };
}

/** A request that was given up because it waited too long is `expired`; every other failure is `failed`. */
export function statusOf(ticket: Pick<Ticket, 'error' | 'status'>): RequestView['status'] {
  return ticket.error?.code === 'queue_timeout' ? 'expired' : ticket.status;
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
