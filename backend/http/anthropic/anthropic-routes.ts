// The routes of Anthropic's dialect. The work behind them is the same as on Ollama's own routes; only the form differs.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ChatEvent, isEmptyPiece, isIncomplete } from '../../contract/chat/chat.ts';
import { answerWritten, bodyOf, type DropInParts, meaningOf, type Voice, type Writing } from '../dialect/drop-in.ts';
import { OPENAI_JSON_TYPE, sendJson } from '../dialect/encode.ts';
import { FOREIGN_SSE } from '../dialect/stream.ts';
import { type Handler, handlersWith } from '../wire/handler.ts';
import { type AnthropicFrame, type MessageEvent, MessageStream, wholeMessage } from './anthropic-answer.ts';
import { type AnthropicAsked, chatFromAnthropic, tokensFromAnthropic } from './anthropic-request.ts';

/** The handlers of Anthropic's routes. */
export function anthropicHandlers(parts: DropInParts) {
  const on = handlersWith(parts);
  const write: Handler = (...asked) => answerWritten(parts, WRITING, ...asked);
  return {
    '/v1/messages': { POST: write },
    '/v1/messages/count_tokens': { POST: on(countTokens) },
  };
}

/** Ollama's error message for an empty body on these routes. */
const NO_BODY = 'EOF';

const JSON_HEADERS = { 'Content-Type': OPENAI_JSON_TYPE };

/** POST /v1/messages. */
const WRITING: Writing<AnthropicAsked> = {
  nothing: NO_BODY,
  read: chatFromAnthropic,
  // Claude Code asks every model to think; Ollama ignores that for models that cannot (server/routes.go,
  // relax_thinking).
  thinksIfAble: true,
  unchanged: ({ untranslatable }) => untranslatable,
  formOf: ({ estimate }) => String(estimate),
  voice: ({ request: { model }, estimate }, { id }): Voice => {
    const frame: AnthropicFrame = { id, model, estimate };
    return {
      headers: JSON_HEADERS,
      whole: (completion) => wholeMessage(completion, frame),
      stream: () => {
        const stream = new MessageStream(frame);
        const write = (event: ChatEvent): string => {
          if (event.type === 'waiting') return '';
          if (event.type === 'piece') return isEmptyPiece(event.piece) ? '' : events(stream.piece(event.piece));
          return isIncomplete(event.end) ? '' : events(stream.end(event.end));
        };
        return { headers: FOREIGN_SSE, write, beat: PING };
      },
    };
  },
};

function events(all: readonly MessageEvent[]): string {
  return all.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
}

/** Allowed anywhere in a stream. */
const PING = events([{ type: 'ping' }]);

/**
 * POST /v1/messages/count_tokens. Ollama has no such route, but Claude Code calls it repeatedly to learn how full its
 * context is (litellm#13252). Ollama itself has only an estimate before a run, so this returns the estimate and marks
 * it as one.
 */
async function countTokens(parts: DropInParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const tokens = meaningOf(await bodyOf(parts, req), NO_BODY, tokensFromAnthropic);
  sendJson(res, 200, { input_tokens: tokens, estimated: true }, { 'Cache-Control': 'no-store', ...JSON_HEADERS });
}
