// Watches a job from its beginning: its position, its answer as it comes, and its end, whenever the watcher starts.
import type { ChatEvent } from '../../../contract/chat/chat.ts';
import { AppError, asAppError } from '../../../contract/errors.ts';
import { anyOf, orAborted } from '../../abort.ts';
import { shuttingDown } from '../../refusals.ts';
import type { Ticket } from '../../requests/ticket.ts';
import { spokenPiece, streamPiece, type StreamPiece } from '../chat/answer.ts';
import { again, hasEnded, type Job, toldOf } from './job-lives.ts';
import type { JobRuns } from './job-runs.ts';
import type { PlaceBehind } from './job-views.ts';
import type { Soon, StoredJob } from './stored-jobs.ts';

export interface WatchParts {
  readonly isDurable: boolean;
  readonly runs: Pick<JobRuns, 'get'>;
  /** The waiting jobs. `change` resolves when a job's position may have changed. */
  readonly backlog: { isStopped(): boolean; change(id: string): Promise<void> };
  /** The stored job; undefined after its retention. */
  kept(id: string): Soon<StoredJob | undefined>;
  /** The position of a job that waits on disk, or runs elsewhere. */
  behind(job: StoredJob): Soon<PlaceBehind>;
  /** Resolves when the result of a job that lived here is stored. When absent, that is when it has ended. */
  settled?(job: Job): Promise<void>;
}

/** The life of a job, as events. */
export interface Watched {
  readonly events: AsyncIterable<ChatEvent>;
  /** The form in which an event is shown, at the time it comes. */
  piece(event: ChatEvent, first: boolean): StreamPiece;
}

/**
 * The life of a job from its beginning. Its events throw the job's error, and shutting_down when Hearth stops first.
 */
export function watched(parts: WatchParts, id: string, signal: AbortSignal): Watched {
  // Remember both: the last piece is shown after the end, and the result may be too large to be stored.
  let ticket: Ticket | undefined;
  let stored: StoredJob | undefined;
  const kept = async (wanted: string): Promise<StoredJob | undefined> => (stored = await parts.kept(wanted));
  const get = (wanted: string): Job | undefined => {
    const job = parts.runs.get(wanted);
    ticket = job?.answer.ticket ?? ticket;
    return job;
  };
  return {
    events: life({ ...parts, kept, runs: { get } }, id, signal),
    piece(event, first) {
      get(id);
      if (ticket !== undefined) return streamPiece(event, ticket, first);
      const last = stored;
      const hasResult = event.type !== 'waiting' && last !== undefined && hasEnded(last);
      return hasResult ? spokenPiece(event, toldOf(last), first) : waitingPiece(id, event, first);
    },
  };
}

async function* life(parts: WatchParts, id: string, signal: AbortSignal): AsyncGenerator<ChatEvent, void, undefined> {
  const { runs, backlog } = parts;
  for (;;) {
    const job = runs.get(id);
    if (job !== undefined) return yield* untilEnd(parts, job, signal);
    const stored = await parts.kept(id);
    if (stored === undefined) throw new AppError('request_gone', `The result of "${id}" is gone.`);
    if (hasEnded(stored)) return yield* again(stored);
    if (backlog.isStopped()) throw untilNextStart(parts);
    const changed = backlog.change(id);
    const { position, eta } = await parts.behind(stored);
    yield { type: 'waiting', waiting: { phase: position === 0 ? 'running' : 'queued', position, eta_ms: eta } };
    await orAborted(changed, signal);
  }
}

/** Yields the end only when the result is stored. */
async function* untilEnd(parts: WatchParts, job: Job, signal: AbortSignal): AsyncGenerator<ChatEvent, void, undefined> {
  const { answer } = job;
  const either = anyOf(signal, answer.ticket.signal);
  try {
    for await (const event of answer.tail(either.signal)) {
      if (event.type === 'end') await (parts.settled?.(job) ?? job.over);
      yield event;
    }
  } catch (error) {
    throw asAppError(error).code === 'shutting_down' ? untilNextStart(parts) : error;
  } finally {
    either.dispose();
  }
}

function untilNextStart({ isDurable }: WatchParts): AppError {
  return isDurable
    ? shuttingDown('Hearth is stopping. The job is kept, and runs after the next start.')
    : shuttingDown('Hearth stopped before the answer was complete.');
}

function waitingPiece(id: string, event: ChatEvent, first: boolean): StreamPiece {
  const { position, eta_ms } = event.type === 'waiting' ? event.waiting : { position: 0, eta_ms: 0 };
  return { content: '', done: false, cached: false, ...(first ? { request_id: id } : {}), queue: { position, eta_ms } };
}
