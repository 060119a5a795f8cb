// Continues a conversation: puts the earlier messages in front of a request, and adds its answer to the history. This
// wraps the gateway, which sees each request with its whole history and makes the cache key from that.
import { answerMessage, type ChatEvent, type Completion, type End } from '../../../contract/chat/chat.ts';
import type { Answer, ChatCall } from '../../requests/call.ts';
import type { Conversations, Turn } from '../../conversations/conversations.ts';
import type { Said } from '../../conversations/said-text.ts';
import { turnedAway } from './closing.ts';
import { overheard } from './follow.ts';
import type { Gateway } from '../gateway.ts';
import type { Clock, ReadConfig } from '../../ports.ts';
import type { Requests } from '../../requests/requests.ts';
import type { Ticket } from '../../requests/ticket.ts';
import { WaitingAnswer } from './waiting-answer.ts';

/** The conversation that a request continues, and the messages that it adds. */
export interface ConversationAsk {
  readonly id: string;
  readonly messages: readonly Said[];
  /** The system prompt to use when the caller sent none; '' for none. */
  readonly prompt: string;
}

export interface ConverseParts {
  readonly gateway: Pick<Gateway, 'chat' | 'admit'>;
  readonly conversations: Conversations;
  readonly requests: Requests;
  readonly config: ReadConfig;
  readonly clock: Clock;
  /** Called when a request's life has ended without an answer. */
  onEnded(ticket: Ticket): void;
}

/** Puts the system prompt first unless the messages have one. */
export function withPrompt(prompt: string, messages: readonly Said[]): readonly Said[] {
  if (prompt === '' || messages.some(({ role }) => role === 'system')) return messages;
  return [{ role: 'system', content: prompt }, ...messages];
}

/** A request and the conversation that it continues; `ask` is undefined when it names none. */
interface Talk {
  readonly call: ChatCall;
  readonly ask: ConversationAsk | undefined;
  readonly ticket: Ticket;
}

/**
 * Asks as Gateway.chat does. Requests that continue the same conversation take turns. A request that has to wait for
 * its turn gets an answer at once, whose first events report its position. While it waits it is listed and counted like
 * any other request, and can be cancelled by its id. The conversation stays as it was when the answer does not end
 * well. Throws what Gateway.chat throws, and queue_full when too many requests wait for their turn.
 */
export async function converse(parts: ConverseParts, { call, ask, ticket }: Talk): Promise<Answer> {
  const { gateway, conversations, requests } = parts;
  if (ask === undefined) return await gateway.chat(call, ticket);
  requests.add(ticket);
  try {
    if (!conversations.busy(call.namespace, ask.id)) return await inTurn(parts, { call, ask, ticket });
    conversations.admit();
    await gateway.admit(ticket);
  } catch (error) {
    turnedAway(parts, ticket, error);
    throw error;
  }
  ticket.promised = true;
  return new WaitingAnswer(ticket, async (moved) => {
    try {
      return await inTurn(parts, { call, ask, ticket }, moved);
    } catch (error) {
      turnedAway(parts, ticket, error);
      throw error;
    }
  });
}

/** Waits for the request's turn, then asks. Calls `moved` whenever the ticket reports a new waiting state. */
async function inTurn(
  { gateway, conversations, config, clock }: ConverseParts,
  { call, ask, ticket }: Talk & { readonly ask: ConversationAsk },
  moved: () => void = () => undefined,
): Promise<Answer> {
  const cameAt = clock.elapsed();
  ticket.trace.turnSince = cameAt;
  const turn = await conversations.enter(call.namespace, ask.id, ticket.signal, (ahead) => {
    const eta_ms = ahead * config().queue.estimated_time_per_request_ms;
    ticket.moved({ phase: 'queued', position: ahead, eta_ms, as_of: clock.elapsed() });
    moved();
  });
  delete ticket.trace.turnSince;
  ticket.trace.turnMs = clock.elapsed() - cameAt;
  try {
    const { id, resumed, history } = turn;
    const messages = goOn(turn, ask.messages);
    ticket.conversation = { id, resumed, messages: history.length };
    const request = { ...call.request, messages: withPrompt(ask.prompt, messages) };
    const answer = await gateway.chat({ ...call, request }, ticket);
    return added(answer, turn, (said, { done_reason: reason }) => {
      if (reason !== 'stop' && reason !== 'length') return;
      ticket.conversation = { id, resumed, messages: turn.keep([...messages, said]) };
    });
  } catch (error) {
    turn.release();
    throw error;
  }
}

/** The history with the new messages. A new system message replaces the old one. */
function goOn({ history }: Turn, messages: readonly Said[]): readonly Said[] {
  const hasSystem = messages.some(({ role }) => role === 'system');
  return [...(hasSystem ? history.filter(({ role }) => role !== 'system') : history), ...messages];
}

/** The same answer, which adds itself to the conversation before it reports its end. */
function added(answer: Answer, turn: Turn, add: (answer: Said, end: End) => void): Answer {
  const ended = (completion: Completion): void => add(answerMessage(completion), completion.end);
  let over: () => void = turn.release;
  const read = new Promise<void>((resolve) => {
    over = () => {
      turn.release();
      resolve();
    };
  });
  const whole = overheard(answer, ended, () => over());
  return { ...whole, tail: (signal) => after(read, answer.tail(signal)) };
}

/** Delays the end until the answer has been added, because the last piece says how many messages there are. */
async function* after(
  read: Promise<void>,
  events: AsyncIterable<ChatEvent>,
): AsyncGenerator<ChatEvent, void, undefined> {
  for await (const event of events) {
    if (event.type === 'end') await read;
    yield event;
  }
}
