// An answer that a model writes, from the bytes of its stream to our events, as they come. Each token passes here, so no
// client library stands between: ollama-js 0.6.4 reads each line a second time through web streams, drops malformed ones
// with a console.warn, and leaves the connection open when its reader stops early.
import type { ChatEvent } from '../contract/chat/chat.ts';
import { jsonText } from '../contract/go/exact-json.ts';
import type { Clock, Family, ReadConfig, UpstreamRequest } from '../core/ports.ts';
import { Call } from './deadlines.ts';
import type { Exchange } from './exchange.ts';
import { firstTokenLate, idle, notDone } from './failure.ts';
import { frame, type Fields } from './ndjson.ts';
import { eventsIn } from './reply.ts';

/** How long a connection may take to end the body after `done:true`; longer, and it is closed instead of kept. */
const REST_MS = 500;

const HEADERS = { 'content-type': 'application/json', accept: 'application/x-ndjson' };

export interface WrittenParts {
  readonly config: ReadConfig;
  readonly clock: Clock;
  readonly exchange: Exchange;
}

/**
 * The events of one answer. A generator alone does: one that is never started opens nothing. Who stops reading before
 * the end closes the connection. Throws what Upstream.chat throws.
 */
export async function* written(
  { config, clock, exchange }: WrittenParts,
  family: Family,
  request: UpstreamRequest,
  signal: AbortSignal,
): AsyncGenerator<ChatEvent, void, undefined> {
  const { max_answer_mb: maxMb, timeout_seconds: idleS, first_token_timeout_seconds: firstS } = config().ollama;
  const call = new Call(signal, clock);
  let lines: AsyncGenerator<Fields, void, undefined> | undefined;
  let done = false;
  try {
    call.expect(firstS * 1000, () => firstTokenLate(firstS));
    const asked = jsonText({ ...request, stream: true });
    const outward = { method: 'POST', path: `/api/${family}`, headers: HEADERS, body: asked };
    const { body, access } = await exchange(outward, request.model, call.signal);
    lines = frame(body, { maxMb, access });
    // Read by hand: a loop that is left would close the connection, also after the last line.
    for (let begun = false; ; begun = true) {
      const { value: line } = await lines.next();
      if (line === undefined) break;
      call.hold();
      if (!begun) call.expect(idleS * 1000, () => idle(idleS));
      done = line['done'] === true;
      for (const event of eventsIn(family, line, clock.now)) yield event;
      call.resume();
    }
    if (!done) throw notDone();
  } catch (error) {
    throw call.signal.aborted ? call.signal.reason : error;
  } finally {
    if (done) await readRest(call, lines);
    call.close();
  }
}

/** After `done:true`: reads the body's last bytes, so that the connection can serve the next call. */
async function readRest(call: Call, lines: AsyncGenerator<Fields, void, undefined> | undefined): Promise<void> {
  call.resume();
  call.expect(REST_MS, notDone);
  await lines?.next().catch(() => undefined);
}
