// Hearth's own chat: POST /api/chat-optimized, as JSON or as a stream, inside a conversation or alone.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Completion } from '../../contract/chat/chat.ts';
import { AppError } from '../../contract/errors.ts';
import type { ResponseCache } from '../../core/cache/cache.ts';
import type { Hit } from '../../core/cache/hit.ts';
import { GAPS } from '../../core/cache/ready-texts.ts';
import { atOnce } from '../../core/cache/replay.ts';
import type { ReadConfig, Watch } from '../../core/ports.ts';
import { saidOf } from '../../core/pins/pins.ts';
import type { Known } from '../../core/requests/call.ts';
import { Ticket } from '../../core/requests/ticket.ts';
import { chatAnswer, keptAnswerJson, spokenPiece, streamPiece, type Told } from '../../core/stories/chat/answer.ts';
import { converse, type ConverseParts } from '../../core/stories/chat/converse.ts';
import type { RequestTexts } from '../../core/stories/views/request-texts.ts';
import { sentOf } from '../dialect/received-request.ts';
import { bodyOf } from '../dialect/drop-in.ts';
import { JSON_TYPE, onGone, type Patience, requestId, sendJsonText, sendWhole } from '../dialect/encode.ts';
import { answeredAgain, type KnownParts, type KnownQuestion } from '../dialect/known-questions.ts';
import { tellMode } from '../dialect/mode-asked.ts';
import { dataLine, sendSse, SSE_HEADERS } from '../dialect/stream.ts';
import type { Arrival } from '../wire/arrival.ts';
import { cacheHeaders } from '../wire/cache-headers.ts';
import { queueHeaders } from '../wire/queue-headers.ts';
import { readChat } from './chat-call.ts';
import { readOwnChat } from './own-chat.ts';

export interface ChatParts extends KnownParts, Omit<ConverseParts, keyof KnownParts> {
  readonly config: ReadConfig;
  readonly watch: Watch;
  readonly cache: ResponseCache;
  readonly patience: Patience;
  readonly texts: RequestTexts;
}

/** Cached answers are for programs; a browser must ask again each time. */
const NO_STORE = { 'Cache-Control': 'no-store' };

/** POST /api/chat-optimized. */
export async function chatOptimized(
  parts: ChatParts,
  req: IncomingMessage,
  res: ServerResponse,
  arrival: Arrival,
): Promise<void> {
  const bytes = await bodyOf(parts, req);
  const name = parts.questions.nameOf(arrival, bytes);
  if (answeredAgain(parts, res, arrival, name)) return;
  arrival.dress(res);
  const body = readOwnChat(bytes);
  // Live requests never share an id: if a client reuses the id of a live request, the new one gets another id inside.
  const asked = requestId(res);
  const id = parts.jobs.taken(asked) ? parts.newId() : asked;
  const own = readChat(req, { request: body, id, route: '/api/chat-optimized' }, parts.config());
  const { call, stream, conversation, ignoredCacheControl: ignored } = own;
  tellMode(res, call.mode);
  const ticket = new Ticket(call, parts.clock);
  onGone(res, () => ticket.cancel('caller', new AppError('cancelled', 'The caller left.')));
  const answer = await converse(parts, { call, ask: conversation, ticket });
  const { known } = answer;
  parts.texts.came(ticket, sentOf(req, bytes));
  if (known !== undefined && conversation === undefined && (!stream || call.replay === 'instant')) {
    parts.questions.remember(name, stream ? streamedAgain(known, ignored) : wholeAgain(known, ignored));
  }
  const headers = (): Record<string, string> => ({
    ...cacheHeaders(ticket, ignored),
    ...queueHeaders(ticket.source, ticket),
  });
  try {
    if (stream) {
      await sendSse(res, answer.events, {
        headers: headers(),
        patience: parts.patience,
        // While Ollama is known to be down, the refusal of a new request may still get its own status.
        eager: ticket.promised || ticket.source === 'hit' || parts.watch.state.status === 'up',
        render: (event, first) => streamPiece(event, ticket, first),
      });
    } else {
      const whole = answer.whole();
      const unkept = (): Record<string, string> => ({ ...headers(), ...NO_STORE });
      if (whole instanceof Promise) {
        const render = (completion: Completion): unknown => chatAnswer(completion, ticket);
        await sendWhole(res, whole, { headers: unkept, patience: parts.patience, render });
      } else {
        sendJsonText(res, 200, keptAnswerJson(whole, ticket), unkept());
      }
    }
  } finally {
    answer.close();
  }
}

/** What an answer tells beside the kept one. */
function formOf({ about: { model }, pinned = [] }: Known): string {
  return `${model} ${saidOf(pinned)}`;
}

function wholeAgain(known: Known, ignored: boolean): KnownQuestion {
  return {
    known,
    ignored,
    form: `own ${formOf(known)}`,
    headers: ['Cache-Control', 'no-store', 'Content-Type', JSON_TYPE],
    sized: true,
    write: (hit) => keptAnswerJson(hit.kept(), withGaps(known, hit)),
    idOf: ({ id }) => id,
  };
}

function streamedAgain(known: Known, ignored: boolean): KnownQuestion {
  return {
    known,
    ignored,
    form: `own stream ${formOf(known)}`,
    headers: Object.entries(SSE_HEADERS).flat(),
    sized: false,
    write: (hit) => {
      const told = withGaps(known, hit);
      return [...atOnce(hit.record())].map((event, i) => dataLine(spokenPiece(event, told, i === 0))).join('');
    },
    idOf: ({ id }) => id,
  };
}

/** What each request that gets this answer again is told, with gaps for what differs. */
function withGaps({ about: { model }, pinned }: Known, { storedAt, runMs }: Hit): Told {
  return {
    source: 'hit',
    model,
    id: GAPS.id,
    timing: { queue_ms: GAPS.began, ttft_ms: GAPS.first, total_ms: GAPS.ended },
    conversation: undefined,
    cache: { hit: { storedAt, age: GAPS.age, runMs }, pinned },
  };
}
