// A request that goes on with a conversation: what was said before is put in front of it, and what is answered is added.
// Around the gateway, not in it: the gateway sees a request with its whole history, and the cache key is made of that.
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

/** Which conversation a request goes on with, and what it brings. */
export interface ConversationAsk {
  readonly id: string;
  readonly messages: readonly Said[];
  /** The system prompt where nobody has sent one; '' for none. */
  readonly prompt: string;
}

export interface ConverseParts {
  readonly gateway: Pick<Gateway, 'chat' | 'admit'>;
  readonly conversations: Conversations;
  readonly requests: Requests;
  readonly config: ReadConfig;
  readonly clock: Clock;
  /** A request's life has ended without an answer. */
  onEnded(ticket: Ticket): void;
}

/** The system prompt goes first unless somebody has sent one. */
export function withPrompt(prompt: string, messages: readonly Said[]): readonly Said[] {
  if (prompt === '' || messages.some(({ role }) => role === 'system')) return messages;
  return [{ role: 'system', content: prompt }, ...messages];
}

/** A request as it comes to a conversation, or past all of them where it names none. */
interface Talk {
  readonly call: ChatCall;
  readonly ask: ConversationAsk | undefined;
  readonly ticket: Ticket;
}

/**
 * Asks as Gateway.chat does, and where the request goes on with a conversation, in turn with the others of it. One that
 * has to wait for its turn gets an answer at once, whose first events say where it stands. It is a request like any
 * other that waits: seen and counted, and cancelled by its id. The conversation is left as it was when the answer does
 * not end well. Throws what Gateway.chat throws, and queue_full when too many wait for their turn.
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

/** Waits for its turn and asks then; `moved` is called whenever the ticket says something new of the wait. */
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

/** A new system message replaces the old one. */
function goOn({ history }: Turn, messages: readonly Said[]): readonly Said[] {
  const hasSystem = messages.some(({ role }) => role === 'system');
  return [...(hasSystem ? history.filter(({ role }) => role !== 'system') : history), ...messages];
}

/** The same answer, which tells what was answered before it tells that it has ended. */
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

/** Who looks on is told of the end when the answer has been added, as its last piece says how many messages there are. */
async function* after(
  read: Promise<void>,
  events: AsyncIterable<ChatEvent>,
): AsyncGenerator<ChatEvent, void, undefined> {
  for await (const event of events) {
    if (event.type === 'end') await read;
    yield event;
  }
}
