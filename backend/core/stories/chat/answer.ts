// Builds the JSON answer of our own routes from a finished run and its ticket. Pure.
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
import type { PinWords, PromptKept } from '../../../contract/rules/pin-rule.ts';
import type { Hit } from '../../cache/hit.ts';
import type { KeptAnswer } from '../../cache/record.ts';
import type { Ticket } from '../../requests/ticket.ts';
import { waitsFor } from '../standing.ts';

/** What an answer reports about its kept copy. A job kept by an older Hearth lacks what the run had cost. */
export type KeptOf = Pick<Hit, 'storedAt' | 'age'> & { readonly runMs?: number | undefined };

/** The fields of a request that its answer reports. */
export type Told = Pick<Ticket, 'source' | 'model' | 'id' | 'timing' | 'conversation'> & {
  readonly cache: { readonly hit: KeptOf | undefined; readonly pinned?: readonly PinWords[] | undefined } | undefined;
};

/** What was kept the same in a prompt, as an answer says it; undefined where nothing was. */
export function promptKept(pinned: readonly PinWords[] | undefined): PromptKept | undefined {
  return pinned && Object.fromEntries(pinned.map(({ what, how }) => [what, how]));
}

/** Whether the answer came from the cache and so needed no run of its own. */
export function isCached(ticket: Pick<Told, 'source'>): boolean {
  return ticket.source === 'hit';
}

export function chatAnswer(completion: Completion, ticket: Told): ChatAnswer {
  return { message: answerMessage(completion), ...aboutAnswer(completion.end, ticket) };
}

/** The same JSON answer as text, built from a kept answer whose message is JSON already. */
export function keptAnswerJson({ messageJson, end }: KeptAnswer, ticket: Told): string {
  return `{"message":${messageJson.toString()},${JSON.stringify(aboutAnswer(end, ticket)).slice(1)}`;
}

/** All fields of an answer except its message. */
function aboutAnswer(end: End, ticket: Told): Omit<ChatAnswer, 'message'> {
  const { cache, conversation } = ticket;
  const kept = promptKept(cache?.pinned);
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
    ...(kept === undefined ? {} : { prompt_kept: kept }),
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
       * `waits_for`: what the request waits for besides its turn. While it waits for Ollama, `eta_ms` counts only what
       * comes after that. `late`: the answer ahead takes longer than expected, so `eta_ms` grows. `inner`: the request
       * has a slot here and waits in the queue of another Hearth behind this one.
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

/** An event as our own routes stream it. When `first` is true it carries the request's id. */
export function streamPiece(event: ChatEvent, ticket: Ticket, first: boolean): StreamPiece {
  if (event.type !== 'waiting') return spokenPiece(event, ticket, first);
  const { waiting } = event;
  const late = ticket.waitsForLate(waiting) ? ({ late: true } as const) : {};
  const { position, inner } = waiting;
  const behind = inner === undefined ? {} : { inner };
  const queue = { position, eta_ms: ticket.eta(waiting), ...late, ...waitsFor(waiting), ...behind };
  return { content: '', done: false, cached: isCached(ticket), ...idOf(ticket, first), queue };
}

/** The same for a piece or an end. */
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
