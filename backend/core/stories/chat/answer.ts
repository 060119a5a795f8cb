// The JSON answer of our own routes, from a finished run and its ticket. Pure.
import {
  answerMessage,
  usageOf,
  type ChatAnswer,
  type ChatEvent,
  type Completion,
  type End,
  type Piece,
  type Said,
} from '../../../contract/chat/chat.ts';
import type { InnerPlace, WaitsFor } from '../../../contract/chat/waits-for.ts';
import type { Hit } from '../../cache/hit.ts';
import type { KeptAnswer } from '../../cache/record.ts';
import type { Ticket } from '../../requests/ticket.ts';
import { waitsFor } from '../standing.ts';

/** What an answer tells of its kept one; a job that was kept by an older Hearth does not know what that had cost. */
export type KeptOf = Pick<Hit, 'storedAt' | 'age'> & { readonly runMs?: number | undefined };

/** What an answer tells of its request. */
export type Told = Pick<Ticket, 'source' | 'model' | 'id' | 'timing' | 'conversation'> & {
  readonly cache: { readonly hit: KeptOf | undefined } | undefined;
};

/** `cached` means: this answer cost no run of its own because it had been kept. */
export function isCached(ticket: Pick<Told, 'source'>): boolean {
  return ticket.source === 'hit';
}

/** The JSON answer. */
export function chatAnswer(completion: Completion, ticket: Told): ChatAnswer {
  return { message: answerMessage(completion), ...aboutAnswer(completion.end, ticket) };
}

/** The same JSON answer as text, from a kept one whose message is JSON already. */
export function keptAnswerJson({ messageJson, end }: KeptAnswer, ticket: Told): string {
  return `{"message":${messageJson.toString()},${JSON.stringify(aboutAnswer(end, ticket)).slice(1)}`;
}

/** Everything of an answer but its text. */
function aboutAnswer(end: End, ticket: Told): Omit<ChatAnswer, 'message'> {
  const { cache, conversation } = ticket;
  return {
    cached: isCached(ticket),
    model: ticket.model,
    request_id: ticket.id,
    done_reason: end.done_reason,
    usage: usageOf(end.metrics),
    timing: ticket.timing,
    source: ticket.source ?? 'bypass',
    ...(cache?.hit === undefined ? {} : keptWhen(cache.hit)),
    ...(conversation === undefined ? {} : { conversation }),
  };
}

function keptWhen({ storedAt, age, runMs }: KeptOf) {
  const saved = runMs === undefined ? {} : { saved_ms: Math.round(runMs) };
  return { cached_at: new Date(storedAt).toISOString(), age, ...saved };
}

/** One `data:` line of the stream on our own routes. */
export type StreamPiece =
  | {
      content: string;
      done: false;
      cached: boolean;
      /**
       * `waits_for`: what it waits for beside its turn; of Ollama, `eta_ms` is what comes after that. `late`: the answer that it waits for takes longer than expected, so that
       * `eta_ms` grows. `inner`: it has a slot here, and stands in the line of a Hearth behind this one.
       */
      queue: { position: number; eta_ms: number; late?: true; waits_for?: WaitsFor; inner?: InnerPlace };
      request_id?: string;
    }
  | {
      content: string;
      done: false;
      cached: boolean;
      thinking?: string;
      tool_calls?: Piece['tool_calls'];
      request_id?: string;
    }
  | ({ done: true } & Omit<ChatAnswer, 'message'>);

/** An event as our own routes stream it. `first` adds the request's id. */
export function streamPiece(event: ChatEvent, ticket: Ticket, first: boolean): StreamPiece {
  if (event.type !== 'waiting') return spokenPiece(event, ticket, first);
  const { waiting } = event;
  const late = ticket.waitsForLate(waiting) ? ({ late: true } as const) : {};
  const { position, inner } = waiting;
  const behind = inner === undefined ? {} : { inner };
  const queue = { position, eta_ms: ticket.eta(waiting), ...late, ...waitsFor(waiting), ...behind };
  return { content: '', done: false, cached: isCached(ticket), ...idOf(ticket, first), queue };
}

/** The same for what is said. */
export function spokenPiece(event: Said, told: Told, first: boolean): StreamPiece {
  if (event.type === 'end') return { done: true, ...aboutAnswer(event.end, told) };
  const { content, thinking, tool_calls } = event.piece;
  return {
    content,
    done: false,
    cached: isCached(told),
    ...idOf(told, first),
    ...(thinking === '' ? {} : { thinking }),
    ...(tool_calls === undefined ? {} : { tool_calls }),
  };
}

function idOf({ id }: Pick<Told, 'id'>, first: boolean): { request_id?: string } {
  return first ? { request_id: id } : {};
}
