// One request to Ollama, up to the headers of its answer. Every answer that is not a success becomes an error here, for
// all callers. The callers know what is asked and what an answer means.
import type { Log } from '../core/ports.ts';
import type { Inward } from './redact-credentials.ts';
import { refused } from './failure.ts';
import { textOf } from './ndjson.ts';
import { MAX_ERROR_BYTES } from './error-body.ts';
import type { Outward, Wire } from './wire.ts';

/** Sends a request; `model` is the model asked for, for the error message. */
export type Exchange = (request: Outward, model: string | undefined, signal: AbortSignal) => Promise<Inward>;

/** Resolves only with 2xx answers. Throws Ollama's refusals (failure.ts, refused), and what the wire throws. */
export function exchangeOver(wire: Pick<Wire, 'call'>, log: Log): Exchange {
  return async (request, model, signal) => {
    const answer = await wire.call(request, signal);
    const { status, headers, body, access } = answer;
    if (status >= 200 && status < 300) return answer;
    const refusal = {
      status,
      contentType: String(headers['content-type'] ?? ''),
      retryAfter: headers['retry-after']?.toString(),
      location: String(headers['location'] ?? ''),
      text: (await textOf(body, MAX_ERROR_BYTES)).text,
    };
    log.debug({ status, url: request.path }, 'Ollama refused a request');
    throw refused(access, model, refusal);
  };
}
