// A request that goes on with a conversation: what was said before is put in front of it, and what is answered is added.
// Around the gateway, not in it: the gateway sees a request with its whole history, and the cache key is made of that.
import {
  answerMessage,
  CompletionBuilder,
  type ChatEvent,
  type Completion,
  type End,
} from '../../contract/chat/chat.ts';
import type { Answer, ChatCall } from '../requests/call.ts';
import type { Conversations, Said, Turn } from '../conversations/conversations.ts';
import type { Gateway } from './gateway.ts';
import type { Clock, ReadConfig } from '../ports.ts';
import type { Requests } from '../requests/requests.ts';
import type { Ticket } from '../requests/ticket.ts';

/** Which conversation a request goes on with, and what it brings. */
export interface ConversationAsk {
  readonly id: string;
  readonly messages: readonly Said[];
  /** The system prompt where nobody has sent one; '' for none. */
  readonly prompt: string;
}

/** What an answer says of its conversation. */
export interface ConversationState {
  readonly id: string;
  readonly resumed: boolean;
  /** Messages that are kept now, the answer among them once it has ended well. */
  readonly messages: number;
}

export interface ConverseParts {
  readonly gateway: Pick<Gateway, 'chat' | 'admit'>;
  readonly conversations: Conversations;
  readonly requests: Requests;
  readonly config: ReadConfig;
  readonly clock: Clock;
}

/** An answer within a conversation. */
export interface Conversing {
  readonly answer: Answer;
  state(): ConversationState;
}

/** The system prompt goes first unless somebody has sent one. */
export function withPrompt(prompt: string, messages: readonly Said[]): readonly Said[] {
  if (prompt === '' || messages.some(({ role }) => role === 'system')) return messages;
  return [{ role: 'system', content: prompt }, ...messages];
}

/**
 * Asks as Gateway.chat does, in turn with others of the same conversation. While it waits for that it is a request like
 * any other that waits: seen and counted, cancelled by its id, and `moved` calls back when its ticket says something new.
 * The conversation is left as it was when the answer does not end well. Throws what Gateway.chat throws, and the reason
 * of the ticket's signal while it waits.
 */
export async function converse(
  { gateway, conversations, requests, config, clock }: ConverseParts,
  call: ChatCall,
  ask: ConversationAsk,
  ticket: Ticket,
  moved: () => void = () => undefined,
): Promise<Conversing> {
  requests.add(ticket);
  let turn: Turn | undefined;
  try {
    turn = await conversations.enter(call.namespace, ask.id, ticket.signal, (ahead) => {
      const eta_ms = ahead * config().queue.estimated_time_per_request_ms;
      ticket.moved({ phase: 'queued', position: ahead, eta_ms, as_of: clock.elapsed() });
      moved();
    });
    return await inTurn(gateway, call, ask, turn, ticket);
  } catch (error) {
    turn?.release();
    requests.remove(ticket);
    throw error;
  }
}

async function inTurn(
  gateway: ConverseParts['gateway'],
  call: ChatCall,
  ask: ConversationAsk,
  turn: Turn,
  ticket: Ticket,
): Promise<Conversing> {
  const messages = goOn(turn, ask.messages);
  let kept = turn.history.length;
  const add = (answer: Said, { done_reason: reason }: End): void => {
    if (reason === 'stop' || reason === 'length') kept = turn.keep([...messages, answer]);
  };
  const request = { ...call.request, messages: withPrompt(ask.prompt, messages) };
  const answer = await gateway.chat({ ...call, request }, ticket);
  return {
    answer: added(answer, turn, add),
    state: () => ({ id: turn.id, resumed: turn.resumed, messages: kept }),
  };
}

/** Who sends a system message anew means it instead of the old one. */
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
  return {
    ...answer,
    events: listened(answer.events, ended, over),
    tail: (signal) => after(read, answer.tail(signal)),
    whole: () => {
      const whole = answer.whole();
      if (whole instanceof Promise) {
        const told = whole.then((completion) => {
          ended(completion);
          return completion;
        });
        return told.finally(over);
      }
      ended(whole.whole());
      return whole;
    },
    close: () => {
      answer.close();
      over();
    },
  };
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

async function* listened(
  events: AsyncIterable<ChatEvent>,
  ended: (completion: Completion) => void,
  over: () => void,
): AsyncGenerator<ChatEvent, void, undefined> {
  const folder = new CompletionBuilder();
  try {
    for await (const event of events) {
      if (event.type === 'piece') folder.add(event.piece);
      if (event.type === 'end') ended(folder.finish(event.end));
      yield event;
    }
  } finally {
    over();
  }
}
