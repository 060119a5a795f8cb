// Reads a generated answer from the bytes of its stream to Hearth's events, as they come. Each token passes here, so no
// client library and no async iteration stands in between: ollama-js 0.6.4 parses each line a second time through web
// streams, drops malformed ones with a console.warn, and leaves the connection open when its reader stops early.
import type { Readable } from 'node:stream';
import { jsonText } from '../contract/go/exact-json.ts';
import type { Asker } from '../contract/behind.ts';
import type { Clock, Family, ReadConfig, Tell, UpstreamRequest } from '../core/ports.ts';
import { RUNNING } from '../contract/chat/chat.ts';
import { Call } from './deadlines.ts';
import type { Exchange } from './exchange.ts';
import { cutShort, firstTokenLate, idle, notDone } from './failure.ts';
import type { InnerLine } from './inner-line.ts';
import { Lines } from './ndjson.ts';
import { eventsIn } from './reply.ts';

/** How long a connection may take to end the body after `done:true`; after that it is closed instead of reused. */
const REST_MS = 500;

const HEADERS = { 'content-type': 'application/json', accept: 'application/x-ndjson' };

export interface WrittenParts {
  readonly config: ReadConfig;
  readonly clock: Clock;
  readonly exchange: Exchange;
  /** Set when the upstream may be a Hearth. */
  readonly innerLine?: InnerLine | undefined;
}

/** What to generate, and on whose behalf. */
export interface Written {
  readonly family: Family;
  readonly request: UpstreamRequest;
  readonly asker?: Asker | undefined;
}

/** Passes the events of one answer to `tell`. Does and throws what Upstream.chat does. */
export async function written(
  { config, clock, exchange, innerLine }: WrittenParts,
  { family, request, asker }: Written,
  signal: AbortSignal,
  tell: Tell,
): Promise<void> {
  const { max_answer_mb: maxMb, timeout_seconds: idleS, first_token_timeout_seconds: firstS } = config().ollama;
  const call = new Call(signal, clock);
  const deaf =
    asker?.id === undefined
      ? undefined
      : innerLine?.watch(asker.id, (inner) => {
          if (call.signal.aborted) return;
          // A request that queues there is not silent.
          call.resume();
          tell({ type: 'waiting', waiting: inner === undefined ? RUNNING : { ...RUNNING, inner } });
        });
  try {
    call.expect(firstS * 1000, () => firstTokenLate(firstS));
    const asked = jsonText({ ...request, stream: true });
    const outward = { method: 'POST', path: `/api/${family}`, headers: HEADERS, body: asked, asker };
    const { body, access } = await exchange(outward, request.model, call.signal);
    let begun = false;
    const lines = new Lines({ maxMb, access }, (line) => {
      if (!begun) {
        deaf?.();
        call.expect(idleS * 1000, () => idle(idleS));
      }
      begun = true;
      // For the rest of the body, which leaves the connection reusable.
      if (line['done'] === true) call.expect(REST_MS, notDone);
      for (const event of eventsIn(family, line, clock.now)) tell(event);
    });
    const read = flowing(body, (bytes) => {
      if (!lines.done) call.resume();
      lines.add(bytes);
    });
    await read.catch((error: unknown) => {
      if (!lines.done) throw error;
    });
    lines.end();
  } catch (error) {
    throw call.signal.aborted ? call.signal.reason : error;
  } finally {
    deaf?.();
    call.close();
  }
}

/**
 * Passes each chunk of a body to `take`, to its end. Rejects when the connection breaks, and with what `take` throws,
 * which closes the connection.
 */
function flowing(body: Readable, take: (bytes: Uint8Array) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const each = (bytes: Uint8Array): void => {
      try {
        take(bytes);
      } catch (error) {
        // Otherwise chunks that were read already would still be passed on.
        body.off('data', each);
        reject(error);
        body.destroy();
      }
    };
    body.on('data', each);
    body.once('close', resolve);
    body.once('error', (error) => reject(cutShort(error)));
  });
}
