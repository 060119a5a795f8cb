// Requests handed on to Ollama as they came, byte for byte, for routes that Hearth has nothing to add to.
// How long Ollama may say nothing is bounded by what is asked for. It waits for no slot, keeps nothing and reads no body; headers that must not travel are taken off by whoever calls.
import { Readable } from 'node:stream';
import type { Clock, ReadConfig, Relay, RelayAnswer, RelayRequest } from '../core/ports.ts';
import { accessOf } from './access.ts';
import { Call, type Limit } from './deadlines.ts';
import { denied, isDenied } from './denied.ts';
import { cutShort, firstTokenLate, idle, silent } from './failure.ts';
import { textOf } from './ndjson.ts';
import type { Peer } from './peer.ts';
import { MAX_ERROR_BYTES } from './error-body.ts';
import { createWire } from './wire.ts';

export interface RelayOptions {
  readonly config: ReadConfig;
  readonly clock: Clock;
  /** See UpstreamOptions. */
  readonly via: string;
  readonly name?: string | undefined;
  readonly peer?: Peer | undefined;
}

/** A relay to `ollama.api_url`, which is read anew for each request. `close` breaks all connections. */
export function createRelay({ config, clock, via, name, peer }: RelayOptions): Relay & { close(): Promise<void> } {
  const wire = createWire({ config, via, name, peer });

  /** How long nothing may come: at first, and then between two pieces. */
  function limitsOf(kind: RelayRequest['kind']): readonly [Limit, Limit] | undefined {
    const { ollama } = config();
    const { connect_timeout_ms: ms, first_token_timeout_seconds: first, timeout_seconds: next } = ollama;
    if (kind === 'work') return undefined;
    const look: Limit = { ms, late: () => silent(accessOf(ollama, name), ms) };
    if (kind === 'look') return [look, look];
    return [
      { ms: first * 1000, late: () => firstTokenLate(first) },
      { ms: next * 1000, late: () => idle(next) },
    ];
  }

  async function forward({ kind, body, ...request }: RelayRequest, signal: AbortSignal): Promise<RelayAnswer> {
    const [first, next] = limitsOf(kind) ?? [];
    const call = new Call(signal, clock);
    const expect = (limit: Limit | undefined) => (): void => limit && call.expect(limit.ms, limit.late);
    try {
      const answer = await wire.call({ ...request, body: sendable(body, expect(first)) }, call.signal);
      const { status, headers } = answer;
      // A caller would take it for an answer to his own key, and a browser would ask him for a password.
      if (isDenied(status)) {
        const { text } = await textOf(answer.body, MAX_ERROR_BYTES);
        throw denied(answer.access, status, { contentType: String(headers['content-type'] ?? ''), text });
      }
      return { status, headers, body: whole(answer.body, call, expect(next)) };
    } catch (error) {
      const reason: unknown = call.signal.aborted ? call.signal.reason : error;
      call.close();
      throw reason;
    }
  }

  return { forward, close: wire.close };
}

/** The body; a connection that breaks under it is Ollama's failure, a signal that aborts is not. `begun`: a piece has come. */
async function* whole(
  body: AsyncIterable<Uint8Array>,
  call: Call,
  begun: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let pieces = 0;
  try {
    for await (const piece of body) {
      // How long its reader takes is not Ollama's silence.
      call.hold();
      if (pieces++ === 0) begun();
      yield piece;
      call.resume();
    }
  } catch (error) {
    throw call.signal.aborted ? call.signal.reason : cutShort(error);
  } finally {
    call.close();
  }
}

/** `sent`: all of it has been read. */
function sendable(body: RelayRequest['body'], sent: () => void): Readable | Uint8Array | null {
  if (body !== null && !(body instanceof Uint8Array)) return Readable.from(toEnd(body, sent), { objectMode: false });
  sent();
  return body;
}

async function* toEnd(body: AsyncIterable<Uint8Array>, ended: () => void): AsyncGenerator<Uint8Array, void, undefined> {
  yield* body;
  ended();
}
