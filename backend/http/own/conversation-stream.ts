// A chat of our own whose conversation somebody else speaks in now: what its caller is told until its turn has come, and
// then its answer. Whose turn it is, is core/conversations/conversations.ts.
import type { ServerResponse } from 'node:http';
import type { ChatEvent } from '../../contract/chat/chat.ts';
import { chatAnswer, streamPiece, type AnswerFrame } from '../../core/stories/answer.ts';
import type { Answer } from '../../core/requests/call.ts';
import { converse, type ConversationAsk, type ConverseParts } from '../../core/stories/converse.ts';
import type { Ticket } from '../../core/requests/ticket.ts';
import { cacheHeaders } from '../wire/cache-headers.ts';
import type { OwnChat } from './chat-call.ts';
import { sendSse, sendWhole, type Patience } from '../dialect/encode.ts';

export interface TurnParts extends ConverseParts {
  readonly patience: Patience;
}

/** The headers of a stream go before anybody knows what the cache has: its pieces say `cached`, its last one `source`. */
const NOT_KEPT = { 'Cache-Control': 'no-store' };
const NOT_KNOWN_YET = { 'Cache-Status': 'hearth; detail="waits for its turn in the conversation"' };

/** Sends the answer when its turn has come. Throws queue_full, client_limit, and what the answer throws. */
export async function sendInTurn(
  parts: TurnParts,
  res: ServerResponse,
  { call, stream, ignoredCacheControl }: OwnChat,
  ask: ConversationAsk,
  ticket: Ticket,
): Promise<void> {
  const { conversations, requests, patience, gateway } = parts;
  // What can be refused at once is refused with a status.
  conversations.admit();
  await gateway.admit(ticket);
  ticket.promised = true;
  requests.add(ticket);
  const frame: { -readonly [K in keyof AnswerFrame]: AnswerFrame[K] } = {
    ticket,
    cache: { hit: undefined },
    conversation: undefined,
  };
  let headers = (): Record<string, string> => NOT_KEPT;
  let moved: () => void = () => undefined;
  const begun = converse(parts, call, ask, ticket, () => moved()).then(({ answer, state }) => {
    Object.assign(frame, { cache: answer.cache, conversation: state });
    headers = () => ({ ...NOT_KEPT, ...cacheHeaders(answer.source, answer.cache, ignoredCacheControl) });
    return answer;
  });
  const change = (wake: () => void): void => {
    moved = wake;
  };
  try {
    if (stream) {
      const render = (event: ChatEvent, first: boolean) => streamPiece(event, frame, first);
      await sendSse(res, standing(ticket, begun, change), { headers: NOT_KNOWN_YET, patience, eager: true, render });
    } else {
      const whole = begun.then(async (answer) => {
        const all = await answer.whole();
        return 'whole' in all ? all.whole() : all;
      });
      await sendWhole(
        res,
        whole,
        () => headers(),
        patience,
        (completion) => chatAnswer(completion, frame),
      );
    }
  } finally {
    // Also for a caller who left just as its turn came.
    void begun.then(
      (answer) => answer.close(),
      () => undefined,
    );
  }
}

/** Where it stands, at once and whenever that has changed, and then its answer. */
async function* standing(
  ticket: Ticket,
  begun: Promise<Answer>,
  change: (wake: () => void) => void,
): AsyncGenerator<ChatEvent, void, undefined> {
  let over = false;
  let told: unknown;
  while (!over) {
    const { waiting } = ticket;
    if (waiting !== told) {
      told = waiting;
      yield { type: 'waiting', waiting };
      continue;
    }
    const moved = new Promise<void>(change);
    const settled = begun.then(
      () => void (over = true),
      () => void (over = true),
    );
    await Promise.race([moved, settled]);
  }
  yield* (await begun).events;
}
