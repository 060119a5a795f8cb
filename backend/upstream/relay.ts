// Requests handed on to Ollama as they came, byte for byte, for routes that Hearth has nothing to add to.
// It waits for no slot, keeps nothing and reads no body; headers that must not travel are taken off by whoever calls.
import { Readable } from 'node:stream';
import { Agent, request as send } from 'undici';
import { AppError } from '../contract/errors.ts';
import type { ReadConfig, Relay, RelayAnswer, RelayRequest } from '../core/ports.ts';
import { cutShort, unreachable } from './failure.ts';
import { orAborted } from './shared.ts';

export interface RelayOptions {
  readonly config: ReadConfig;
  /** See UpstreamOptions. */
  readonly via: string;
}

/** A relay to `ollama.api_url`, which is read anew for each request. `close` breaks all connections. */
export function createRelay({ config, via }: RelayOptions): Relay & { close(): Promise<void> } {
  // A pull or a long answer may be silent for longer than any limit of undici's.
  const agent = new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: config().ollama.connect_timeout_ms },
  });

  async function forward({ method, path, headers, body }: RelayRequest, signal: AbortSignal): Promise<RelayAnswer> {
    const apiUrl = config().ollama.api_url;
    signal.throwIfAborted();
    const marked = { ...headers, via: [headers['via'] ?? [], via].flat().join(', ') };
    const answer = await orAborted(
      send(targetOf(apiUrl, path), { dispatcher: agent, method, headers: marked, body: sendable(body), signal }),
      signal,
    ).catch((error: unknown) => {
      throw signal.aborted || error instanceof AppError ? error : unreachable(apiUrl, error);
    });
    return { status: answer.statusCode, headers: answer.headers, body: whole(answer.body, signal) };
  }

  return {
    forward,
    close: () => agent.destroy(),
  };
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

/** The address of a path below `ollama.api_url`, which may have a path of its own. */
function targetOf(apiUrl: string, path: string): URL {
  const base = new URL(apiUrl);
  return new URL(`${base.origin}${base.pathname.replace(/\/+$/, '')}${path}`);
}
