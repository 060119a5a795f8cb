// The queue as it is now, in the shape of contract/views/queue-view.ts: who waits, who runs, and what waits behind it.
// Changes nothing.
import type { QueueEntry, QueueView } from '../../../contract/views/queue-view.ts';
import { LOCAL, sees } from '../../ownership.ts';
import type { Ticket } from '../../requests/ticket.ts';
import type { SnapshotParts } from './snapshot.ts';
import { isLate, waitsFor } from '../standing.ts';

/** The parts that it is built from. */
export type QueueNowParts = Pick<
  SnapshotParts,
  'requests' | 'telemetry' | 'queue' | 'clock' | 'behind' | 'openBatches'
>;

/** The requests that a watcher may see, and counts of all requests. */
export function queueView(parts: QueueNowParts, watcher: string = LOCAL): QueueView {
  const { requests, telemetry, queue, clock } = parts;
  const living = requests.list().filter(({ owner }) => sees(watcher, owner));
  const flights = new Map<string, { readonly leader: Ticket; count: number }>();
  for (const ticket of living) {
    const flight = flights.get(flightOf(ticket)) ?? { leader: ticket, count: 0 };
    flight.count++;
    flights.set(flightOf(ticket), flight);
  }
  const entries = living.map((ticket) => {
    const { leader = ticket, count = 1 } = flights.get(flightOf(ticket)) ?? {};
    return {
      ...queueEntry(ticket, clock.elapsed()),
      // The oldest request here leads, if the one that began the run has left.
      leads: leader === ticket && ticket.source !== 'hit',
      late: isLate(ticket, queue),
      expected_ms: expectedMs(ticket, queue),
      shared_with: count - 1,
    };
  });
  const { completed, failed, cancelled, refused, requests: all } = telemetry.counts;
  return {
    queue_length: queue.waiting,
    is_processing: queue.running > 0,
    running: entries.filter(({ status }) => status === 'processing'),
    waiting: entries
      .filter(({ status }) => status === 'queued')
      .toSorted((a, b) => a.queue_position - b.queue_position),
    totals: { requests: all, completed, failed, cancelled, refused },
    paused: queue.paused,
    behind: parts.behind(),
    batches: parts.openBatches(watcher),
  };
}

/** A request that has not joined a run yet counts as a flight of its own. */
function flightOf({ id, flight }: Ticket): string {
  return flight ?? id;
}

function expectedMs({ status, flight }: Ticket, queue: QueueNowParts['queue']): number | null {
  if (status !== 'processing' || flight === undefined) return null;
  const expected = queue.expectedMs(flight);
  return expected === undefined ? null : Math.round(expected);
}

function queueEntry(
  ticket: Ticket,
  elapsed: number,
): Omit<QueueEntry, 'leads' | 'late' | 'expected_ms' | 'shared_with'> {
  return {
    request_id: ticket.id,
    model: ticket.model,
    route: ticket.route,
    caller: ticket.caller,
    class: ticket.class,
    class_by: ticket.classBy,
    priority: ticket.priority,
    source: ticket.source ?? 'miss',
    status: ticket.status === 'queued' ? 'queued' : 'processing',
    phase: ticket.waiting.phase,
    queue_position: ticket.waiting.position,
    estimated_wait_time: ticket.eta(),
    wait_after_ms: ticket.etaAfter,
    ...waitsFor(ticket.waiting),
    ...(ticket.waiting.goes_on === undefined ? {} : { goes_on: true as const }),
    ...onMachine(ticket),
    created_at: ticket.shown(ticket.createdAt),
    age_ms: Math.round(elapsed - ticket.createdAt),
    ...(ticket.startedAt === undefined ? {} : { started_at: ticket.shown(ticket.startedAt) }),
    tokens: ticket.pieces,
    tokens_per_s: pace(ticket),
    ...(ticket.waiting.truncated === undefined ? {} : { truncated: { ...ticket.waiting.truncated } }),
    ...behind(ticket),
    gave_way: ticket.trace.gaveWay ?? 0,
    silent_ms: ticket.silentSince === undefined ? null : Math.round(elapsed - ticket.silentSince),
  };
}

function behind({ waiting: { inner } }: Ticket): Pick<QueueEntry, 'inner'> {
  if (inner === undefined) return {};
  return { inner: { queue_position: inner.position, estimated_wait_time: Math.round(inner.eta_ms) } };
}

function onMachine({ trace }: Ticket): Pick<QueueEntry, 'upstream'> {
  const upstream = trace.run?.upstream ?? trace.upstream;
  return upstream === undefined ? {} : { upstream };
}

/** Pieces per second. Null for the first few, which measure the start rather than the pace. */
function pace({ pieces, firstPieceAt = 0, lastPieceAt = 0 }: Ticket): number | null {
  if (pieces < 5 || lastPieceAt <= firstPieceAt) return null;
  return Math.round(((pieces - 1) * 10_000) / (lastPieceAt - firstPieceAt)) / 10;
}
