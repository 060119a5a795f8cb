// The JSON answer of our own routes, from a finished run and its ticket. Pure.
import { usageOf, type ChatAnswer, type ChatEvent, type Completion, type End, type Piece } from '../contract/chat.ts';
import type { CacheOutcome } from './call.ts';
import type { Ticket } from './requests.ts';

/** What of an answer the JSON needs beside its text. */
export interface AnswerFrame {
  readonly ticket: Ticket;
  readonly cache: CacheOutcome;
  /** Set when the caller sent one; the conversation cache is not there yet, so every id starts empty. */
  readonly conversationId: string | undefined;
}

/** `cached` means: this answer cost no run of its own because it had been kept. */
export function isCached(ticket: Ticket): boolean {
  return ticket.source === 'hit';
}

export function chatAnswer(completion: Completion, { ticket, cache, conversationId }: AnswerFrame): ChatAnswer {
  const { content, thinking, tool_calls, end } = completion;
  return {
    message: {
      role: 'assistant',
      content,
      ...(thinking === '' ? {} : { thinking }),
      ...(tool_calls.length === 0 ? {} : { tool_calls: [...tool_calls] }),
    },
    cached: isCached(ticket),
    model: ticket.model,
    request_id: ticket.id,
    done_reason: end.done_reason,
    usage: usageOf(end.metrics),
    timing: ticket.timing,
    source: ticket.source ?? 'bypass',
    ...(cache.hit === undefined ? {} : { cached_at: new Date(cache.hit.storedAt).toISOString(), age: cache.hit.age }),
    ...(conversationId === undefined ? {} : { conversation: { id: conversationId, resumed: false, messages: 0 } }),
  };
}

/** One `data:` line of the stream on our own routes. */
export type StreamPiece =
  | { content: string; done: false; cached: boolean; queue: { position: number; eta_ms: number }; request_id?: string }
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
export function streamPiece(event: ChatEvent, frame: AnswerFrame, first: boolean): StreamPiece {
  const { ticket } = frame;
  const cached = isCached(ticket);
  const id = first ? { request_id: ticket.id } : {};
  switch (event.type) {
    case 'waiting': {
      const { position, eta_ms } = event.waiting;
      return { content: '', done: false, cached, ...id, queue: { position, eta_ms } };
    }
    case 'piece': {
      const { content, thinking, tool_calls } = event.piece;
      return {
        content,
        done: false,
        cached,
        ...id,
        ...(thinking === '' ? {} : { thinking }),
        ...(tool_calls === undefined ? {} : { tool_calls }),
      };
    }
    case 'end':
      return lastPiece(event.end, frame);
  }
}

function lastPiece(end: End, frame: AnswerFrame): StreamPiece {
  const { message: _text, ...rest } = chatAnswer(
    { content: '', thinking: '', tool_calls: [], extras: [], cuts: [], end },
    frame,
  );
  return { done: true, ...rest };
}
