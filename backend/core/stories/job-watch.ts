// A job, looked at by somebody: where it waits, what comes of it as it comes, and its end, whenever one begins to look.
import type { ChatEvent } from '../../contract/chat/chat.ts';
import { AppError, asAppError } from '../../contract/errors.ts';
import { orAborted } from '../abort.ts';
import { shuttingDown } from '../refusals.ts';
import type { Ticket } from '../requests/ticket.ts';
import { spokenPiece, streamPiece, type StreamPiece } from './answer.ts';
import type { Backlog } from './backlog.ts';
import { again, hasEnded, type Job, toldOf } from './job-lives.ts';
import type { JobRuns } from './job-runs.ts';
import type { PlaceBehind } from './job-views.ts';
import type { JobStore, StoredJob } from './stored-jobs.ts';

export interface WatchParts {
  readonly store: Pick<JobStore, 'find' | 'isDurable'>;
  readonly runs: Pick<JobRuns, 'get'>;
  readonly backlog: Pick<Backlog, 'change' | 'isStopped'>;
  /** What is kept of a job; undefined when that was long enough. */
  kept(id: string): StoredJob | undefined;
  /** Where one stands that waits behind the line. */
  behind(seq: number): PlaceBehind;
}

/** The life of a job. */
export interface Watched {
  readonly events: AsyncIterable<ChatEvent>;
  /** How an event is shown, when it comes. */
  piece(event: ChatEvent, first: boolean): StreamPiece;
}

/** The life of a job from its beginning. Its events throw how it failed, and shutting_down when Hearth stops before its end. */
export function watched(parts: WatchParts, id: string, signal: AbortSignal): Watched {
  // Remembered, since the last piece is shown when it has ended, and its result may be too large to be kept.
  let ticket: Ticket | undefined;
  return {
    events: life(parts, id, signal),
    piece(event, first) {
      ticket = parts.runs.get(id)?.answer.ticket ?? ticket;
      if (ticket !== undefined) return streamPiece(event, ticket, first);
      const stored = parts.store.find(id);
      const hasResult = event.type !== 'waiting' && stored !== undefined && hasEnded(stored);
      return hasResult ? spokenPiece(event, toldOf(stored), first) : waitingPiece(id, event, first);
    },
  };
}

async function* life(parts: WatchParts, id: string, signal: AbortSignal): AsyncGenerator<ChatEvent, void, undefined> {
  const { runs, backlog } = parts;
  for (;;) {
    const job = runs.get(id);
    if (job !== undefined) return yield* untilEnd(parts, job, signal);
    const stored = parts.kept(id);
    if (stored === undefined) throw new AppError('request_gone', `The result of "${id}" is gone.`);
    if (hasEnded(stored)) return yield* again(stored);
    if (backlog.isStopped) throw untilNextStart(parts);
    const { position, eta } = parts.behind(stored.seq);
    yield { type: 'waiting', waiting: { phase: 'queued', position, eta_ms: eta } };
    await orAborted(backlog.change(), signal);
  }
}

/** Tells the end when its result is kept, and not before. */
async function* untilEnd(
  parts: WatchParts,
  { answer, over }: Job,
  signal: AbortSignal,
): AsyncGenerator<ChatEvent, void, undefined> {
  const either = AbortSignal.any([signal, answer.ticket.signal]);
  try {
    for await (const event of answer.tail(either)) {
      if (event.type === 'end') await over;
      yield event;
    }
  } catch (error) {
    throw asAppError(error).code === 'shutting_down' ? untilNextStart(parts) : error;
  }
}

function untilNextStart({ store }: WatchParts): AppError {
  return store.isDurable
    ? shuttingDown('Hearth is stopping. The job is kept, and runs after the next start.')
    : shuttingDown('Hearth stopped before the answer was complete.');
}

function waitingPiece(id: string, event: ChatEvent, first: boolean): StreamPiece {
  const { position, eta_ms } = event.type === 'waiting' ? event.waiting : { position: 0, eta_ms: 0 };
  return { content: '', done: false, cached: false, ...(first ? { request_id: id } : {}), queue: { position, eta_ms } };
}
