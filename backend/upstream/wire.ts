// The way out for every call to Ollama: to the configured address, with the configured credentials, over connections
// that trust the right certificates. It knows neither what is asked nor what an answer means.
import type { Readable } from 'node:stream';
import { Agent, type Dispatcher } from 'undici';
import { AppError } from '../contract/errors.ts';
import { orAborted } from '../core/abort.ts';
import type { Asker } from '../contract/behind.ts';
import type { ReadConfig } from '../core/ports.ts';
import { accessOf, type Access } from './access.ts';
import { certificateAt, isCertificateError, notBelieved } from './certificate.ts';
import { withoutCredentials, type Inward } from './redact-credentials.ts';
import { unreachable } from './failure.ts';
import { Peer } from './peer.ts';
import { trustIn } from './trust.ts';

/** An outgoing request. */
export interface Outward {
  readonly method: string;
  /** Path below `ollama.api_url`, with the query. */
  readonly path: string;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Readable | Uint8Array | string | null;
  readonly asker?: Asker | undefined;
}

export interface Wire {
  /**
   * Resolves with the headers of the answer, whatever its status. Redirects are not followed: they may lead to a server
   * that must not see the key. Sent credentials are removed from the answer (redact-credentials.ts). Throws
   * upstream_unreachable, upstream_untrusted, upstream_failed, or the signal's reason.
   */
  call(request: Outward, signal: AbortSignal): Promise<Inward>;
  /** Breaks all connections; running calls fail. */
  close(): Promise<void>;
}

export interface WireOptions {
  readonly config: ReadConfig;
  readonly via: string | undefined;
  /** The upstream's name if there are several. */
  readonly name: string | undefined;
  /** Learns whether the server is a Hearth. */
  readonly peer?: Peer | undefined;
}

/**
 * A wire to `ollama.api_url`. All settings but connect_timeout_ms are read anew for each call. `via` is appended to the
 * caller's Via.
 */
export function createWire({ config, via, name, peer = new Peer() }: WireOptions): Wire {
  const timeout = config().ollama.connect_timeout_ms;
  const agents = new Set<Agent>();
  let current: { readonly caFile: string | undefined; readonly agent: Promise<Agent> } | undefined;

  /**
   * Connections that trust what the settings say now; older ones end with the calls on them. Without `caFile` the
   * connection has no TLS.
   */
  function agentFor(caFile: string | undefined): Promise<Agent> {
    if (current !== undefined && current.caFile === caFile) return current.agent;
    forget();
    const agent = connected(caFile);
    current = { caFile, agent };
    // A file that cannot be used now may be there at the next call.
    agent.catch(() => forget(agent));
    return agent;
  }

  async function connected(caFile: string | undefined): Promise<Agent> {
    const secureContext = caFile === undefined ? undefined : await trustIn(caFile);
    // undici's own request with undici's own Agent, not the global fetch: that one gives up after 300 s without a
    // header (ollama-js#72, #144), and an npm Agent only fits it while both versions are close.
    const agent = new Agent({
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout, ...(secureContext === undefined ? {} : { secureContext }) },
    });
    agents.add(agent);
    return agent;
  }

  /** The next call connects anew and reads the certificate files again. */
  function forget(which = current?.agent): void {
    if (current === undefined || current.agent !== which) return;
    current = undefined;
    void which.then((agent) => agent.close().then(() => agents.delete(agent))).catch(() => undefined);
  }

  async function failed(access: Access, error: unknown, signal: AbortSignal): Promise<unknown> {
    if (signal.aborted || error instanceof AppError) return error;
    if (!isCertificateError(error)) return unreachable(access, error);
    forget();
    return notBelieved(access, error, await certificateAt(access.url, timeout, signal));
  }

  return {
    async call({ method, path, headers, body, asker }, signal) {
      const { ollama } = config();
      const access = accessOf(ollama, name);
      const marks = via === undefined ? {} : { via: [headers['via'] ?? [], via].flat().join(', ') };
      signal.throwIfAborted();
      try {
        const agent = agentFor(access.url.startsWith('https:') ? ollama.ca_file : undefined);
        const dispatcher = await agent;
        signal.throwIfAborted();
        const all = { ...headers, ...marks, ...peer.headersFor(access.url, asker), ...access.headers };
        // A path must stay a path: as another address it would receive the key.
        const { origin, pathname, search } = new URL(access.url + (path.startsWith('/') ? path : `/${path}`));
        const target = { origin, path: pathname + search, method: method as Dispatcher.HttpMethod };
        const sending = dispatcher.request({ ...target, headers: all, body, signal });
        const { statusCode, headers: back, body: bytes } = await orAborted(sending, signal);
        if (path === '/api/version') peer.greeted(access.url, back);
        return withoutCredentials({ status: statusCode, headers: back, body: bytes, access });
      } catch (error) {
        throw await failed(access, error, signal);
      }
    },
    close: async () => {
      await current?.agent.catch(() => undefined);
      await Promise.all([...agents].map((agent) => agent.destroy()));
    },
  };
}
