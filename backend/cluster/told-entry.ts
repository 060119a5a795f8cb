// What the gateway that runs an answer tells the others, one entry each: the state of the run, pieces, the end, or why
// there is none. Times are given as time left, since the monotonic clocks of two machines have nothing in common.
import { etaOf, type ChatEvent, type Waiting } from '../contract/chat/chat.ts';
import { AppError, ERRORS, asAppError, type ErrorCode } from '../contract/errors.ts';

export type ToldEntry =
  | Exclude<ChatEvent, { readonly type: 'waiting' }>
  | { readonly type: 'waiting'; readonly waiting: Waiting }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string }
  /** The leader stops, but not because of the question: another gateway may run it. */
  | { readonly type: 'gone' };

/** Refusals about the gateway, its queue or its own Ollama, which do not apply to other gateways. */
const OF_THE_GATEWAY: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'queue_full',
  'queue_timeout',
  'overloaded',
  'shutting_down',
  'cancelled',
  'breaker_open',
  'upstream_unreachable',
  'upstream_unauthorized',
  'upstream_forbidden',
  'upstream_untrusted',
  'internal',
]);

/** A failure as an entry. */
export function failureEntry(error: unknown): ToldEntry {
  const { code, message } = asAppError(error);
  return OF_THE_GATEWAY.has(code) ? { type: 'gone' } : { type: 'failed', code, message };
}

/** A place in the queue as an entry; `elapsed` by this gateway's monotonic clock. */
export function waitingEntry(waiting: Waiting, elapsed: number): ToldEntry {
  const { as_of: asOf, due_at: dueAt, ...rest } = waiting;
  if (asOf === undefined && dueAt === undefined) return { type: 'waiting', waiting: rest };
  return { type: 'waiting', waiting: { ...rest, eta_ms: etaOf(waiting, elapsed), as_of: 0 } };
}

/** Parses an entry; a place in the queue gets this gateway's own clock. Undefined for entries of a newer Hearth. */
export function entryIn(text: string, elapsed: number): ToldEntry | undefined {
  const entry = JSON.parse(text) as ToldEntry;
  switch (entry.type) {
    case 'waiting': {
      const { waiting } = entry;
      return waiting.as_of === undefined ? entry : { type: 'waiting', waiting: { ...waiting, as_of: elapsed } };
    }
    case 'failed':
      return Object.hasOwn(ERRORS, entry.code) ? entry : { ...entry, code: 'upstream_failed' };
    case 'piece':
    case 'end':
    case 'gone':
      return entry;
    default:
      return undefined;
  }
}

/** The failure in an entry. */
export function failureOf({ code, message }: { readonly code: ErrorCode; readonly message: string }): AppError {
  return new AppError(code, message);
}
