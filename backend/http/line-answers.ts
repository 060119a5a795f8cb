// Answers one line of a batch in the dialect of its endpoint. Errors have the form that the live route gives them.
import type { BatchEndpoint } from '../contract/chat/openai-batch.ts';
import { asAppError, faultOf } from '../contract/errors.ts';
import { anyJson } from '../contract/go/exact-json.ts';
import type { Log } from '../core/ports.ts';
import { promptKept } from '../core/stories/chat/answer.ts';
import { type AskLine, WAITS } from '../core/stories/jobs/batch-run.ts';
import type { AnswerLine, LineParts } from './dialect/offline-line.ts';
import { openAiLines } from './openai/openai-routes.ts';
import { responsesLines } from './responses/responses-routes.ts';
import { failureOf } from './wire/failures.ts';
import type { UnderWay } from './wire/under-way.ts';

export interface LineAnswerParts extends LineParts {
  readonly log: Log;
  readonly underWay: Pick<UnderWay, 'hold'>;
}

export function createAskLine(parts: LineAnswerParts): AskLine {
  const answers: Readonly<Record<BatchEndpoint, AnswerLine>> = { ...openAiLines(parts), ...responsesLines(parts) };
  return async (call, signal) => {
    const { id: requestId, endpoint, bytes } = call;
    // Counts against the memory limit as the body of a live request does.
    const giveBack = parts.underWay.hold(bytes.length);
    try {
      const { body, pinned } = await answers[endpoint](call, signal);
      return { status: 200, requestId, body: anyJson(body), promptKept: promptKept(pinned) };
    } catch (thrown) {
      signal.throwIfAborted();
      const error = asAppError(thrown);
      if (WAITS.has(error.code)) throw error;
      if (error.code === 'internal') parts.log.error({ request_id: requestId, ...faultOf(error) }, error.logged);
      const { status, body } = failureOf(error, endpoint === '/v1/responses' ? 'responses' : 'openai', requestId);
      return { status, requestId, body: anyJson(body) };
    } finally {
      giveBack();
    }
  };
}
