// The route of OpenAI's Responses. The work behind it is the same as on Ollama's own routes; only the form differs.
import { type ChatEvent, isEmptyPiece } from '../../contract/chat/chat.ts';
import type { AppError } from '../../contract/errors.ts';
import { anyJson } from '../../contract/go/exact-json.ts';
import { answerWritten, type DropInParts, type Voice, type Writing } from '../dialect/drop-in.ts';
import { OPENAI_JSON_TYPE } from '../dialect/encode.ts';
import { type AnswerLine, type LineParts, lineWritten } from '../dialect/offline-line.ts';
import { COMMENT, FOREIGN_SSE } from '../dialect/stream.ts';
import { failureOf } from '../wire/failures.ts';
import type { Handler } from '../wire/handler.ts';
import { type ResponsesFrame, wholeResponse } from './responses-answer.ts';
import { askedToRespond, type ResponsesAsked } from './responses-request.ts';
import { ResponsesStream } from './responses-stream.ts';

/** The handlers of the Responses routes. */
export function responsesHandlers(parts: DropInParts) {
  const respond: Handler = (...asked) => answerWritten(parts, WRITING, ...asked);
  return { '/v1/responses': { POST: respond } };
}

/** The functions that answer lines of batches for this route. */
export function responsesLines(parts: LineParts) {
  const respond: AnswerLine = (...asked) => lineWritten(parts, WRITING, ...asked);
  return { '/v1/responses': respond };
}

const WRITING: Writing<ResponsesAsked> = {
  // Ollama's error message for an empty body on this route.
  nothing: 'EOF',
  read: askedToRespond,
  unchanged: ({ unchanged }) => unchanged,
  formOf: ({ echo }) => anyJson(echo),
  voice: ({ request: { model }, echo }, { id, seconds, nowSeconds }): Voice => {
    const frame: ResponsesFrame = { id, created: seconds, completed: nowSeconds, model, echo };
    return {
      headers: { 'Content-Type': OPENAI_JSON_TYPE },
      whole: (completion) => wholeResponse(completion, frame),
      stream: () => {
        const stream = new ResponsesStream(frame);
        const write = (event: ChatEvent): string => {
          if (event.type === 'waiting') return '';
          if (event.type === 'end') return stream.end(event.end);
          return isEmptyPiece(event.piece) ? '' : stream.piece(event.piece);
        };
        const failed = (error: AppError): string => stream.failed(failureOf(error, 'responses', ''));
        return { headers: FOREIGN_SSE, write, beat: COMMENT, failed };
      },
    };
  },
};
