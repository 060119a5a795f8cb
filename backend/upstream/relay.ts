// Passes requests on to Ollama unchanged, byte for byte, for routes where Hearth adds nothing. The kind of request
// decides how long Ollama may be silent. The relay does not queue, keeps nothing and reads no body; its callers remove
// headers that must not travel.
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

  /** Limits of silence: before the first piece, then between pieces. */
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
      // A caller would take the refusal for one of its own key, and a browser would ask for a password.
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

/**
 * The body. A connection that breaks is Ollama's failure; an aborted signal is not. `begun` is called at the first
 * piece.
 */
async function* whole(
  body: AsyncIterable<Uint8Array>,
  call: Call,
  begun: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let pieces = 0;
  try {
    for await (const piece of body) {
      // The client's reading time is not Ollama's silence.
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

/** The body to send; `sent` is called when all of it was read. */
function sendable(body: RelayRequest['body'], sent: () => void): Readable | Uint8Array | null {
  if (body !== null && !(body instanceof Uint8Array)) return Readable.from(toEnd(body, sent), { objectMode: false });
  sent();
  return body;
}

async function* toEnd(body: AsyncIterable<Uint8Array>, ended: () => void): AsyncGenerator<Uint8Array, void, undefined> {
  yield* body;
  ended();
}
