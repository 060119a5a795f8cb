// Requests handed on to Ollama as they came, byte for byte, for routes that Hearth has nothing to add to.
// It waits for no slot, keeps nothing and reads no body; headers that must not travel are taken off by whoever calls.
import { Readable } from 'node:stream';
import type { ReadConfig, Relay, RelayAnswer, RelayRequest } from '../core/ports.ts';
import { denied, isDenied } from './denied.ts';
import { cutShort, MAX_ERROR_BYTES } from './failure.ts';
import { textOf } from './ndjson.ts';
import { createWire } from './wire.ts';

export interface RelayOptions {
  readonly config: ReadConfig;
  /** See UpstreamOptions. */
  readonly via: string;
}

/** A relay to `ollama.api_url`, which is read anew for each request. `close` breaks all connections. */
export function createRelay({ config, via }: RelayOptions): Relay & { close(): Promise<void> } {
  const wire = createWire(config, via);

  async function forward(request: RelayRequest, signal: AbortSignal): Promise<RelayAnswer> {
    const answer = await wire.call({ ...request, body: sendable(request.body) }, signal);
    const { status, headers } = answer;
    // A caller would take it for an answer to his own key, and a browser would ask him for a password.
    if (isDenied(status)) {
      const { text } = await textOf(answer.body, MAX_ERROR_BYTES);
      throw denied(answer.access, status, { contentType: String(headers['content-type'] ?? ''), text });
    }
    return { status, headers, body: whole(answer.body, signal) };
  }

  return { forward, close: wire.close };
}

/** The body; a connection that breaks under it is Ollama's failure, a signal that aborts is not. */
async function* whole(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body;
  } catch (error) {
    throw signal.aborted ? signal.reason : cutShort(error);
  }
}

function sendable(body: RelayRequest['body']): Readable | Uint8Array | null {
  return body === null || body instanceof Uint8Array ? body : Readable.from(body, { objectMode: false });
}
