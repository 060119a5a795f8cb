// A proxy with TLS before the fake Ollama, for tests: a real server with one of the certificates in
// tests/data/certificates. Those were made with openssl for this alone and are good for a hundred years, but for the ones
// whose name says otherwise; their authority's own key was thrown away.
import { readFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';

const FOLDER = resolve(import.meta.dirname, '../data/certificates');

/** The path of a file there, as `authority.pem`. */
export const certificateFile = (name: string): string => join(FOLDER, name);

export type CertificateName = 'good' | 'expired' | 'early' | 'other-name' | 'self-signed';

export interface TlsFront {
  /** `https://127.0.0.1:<port>` */
  readonly url: string;
  readonly port: number;
  /** Requests in order of arrival. */
  readonly seen: readonly IncomingMessage[];
  stop(): Promise<void>;
}

/** Starts one; it hands on all that comes to `to`. */
export async function startTlsFront(certificate: CertificateName, to: { readonly port: number }): Promise<TlsFront> {
  const seen: IncomingMessage[] = [];
  const key = readFileSync(certificateFile('server.key.pem'));
  const cert = readFileSync(certificateFile(`${certificate}.pem`));
  const server = createServer({ key, cert }, (req, res) => {
    seen.push(req);
    const headers = { ...req.headers, host: `127.0.0.1:${to.port}` };
    const inner = request(
      { port: to.port, host: '127.0.0.1', method: req.method, path: req.url, headers },
      (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(res);
      },
    );
    inner.on('error', () => res.destroy());
    res.on('close', () => inner.destroy());
    req.pipe(inner);
  });
  // A client that does not trust the certificate closes during the handshake.
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}`,
    port,
    seen,
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
