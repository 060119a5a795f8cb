// Opens the port: the same number on every address, with timeouts that long answers need, and closes it again. It knows
// no routes and no configuration; effectiveBind (bind.ts) says which addresses may be used.
import { randomUUID } from 'node:crypto';
import {
  createServer,
  get,
  STATUS_CODES,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { healthSchema } from '../../contract/views/control.ts';
import { AppError, toWire } from '../../contract/errors.ts';
import { onAbort } from '../../core/abort.ts';
import type { Log, NewId } from '../../core/ports.ts';
import { deferContinue } from './body.ts';
import { Connections } from './connections.ts';
import type { UnderWay } from './under-way.ts';

/** Milliseconds. */
const PATIENCE = {
  /** Clients that send headers slowly are cut off (Slowloris). */
  headersTimeout: 60_000,
  /** No limit for a whole request: a blob of many gigabytes takes its time. readBody limits silence within a body. */
  requestTimeout: 0,
  /**
   * Longer than clients keep idle connections (nginx: 60 s), so that they close first and no request meets a closed
   * one.
   */
  keepAliveTimeout: 75_000,
} as const;
const ASK_MS = 1500;
const ASK_BYTES = 64 * 1024;
/** Default time that `close` waits; enough to send last words. */
const LAST_WORDS_MS = 1000;
const TRIES = 10;
/**
 * Connections that the system accepts while the program is busy; it may allow fewer (net.core.somaxconn). Beyond that
 * Linux lets a caller wait a second for its next try, or resets it. With Node's default of 511 that happened to 4000
 * callers at once.
 */
const BACKLOG = 4096;
/** Interval of the check for stalled readers. */
const LOOK_MS = 500;

export interface ListenOptions {
  /** Addresses or names. One that this machine does not have (::1 without IPv6) is skipped while another works. */
  readonly hosts: readonly string[];
  /** 0 takes a free port, the same on all hosts. */
  readonly port: number;
  /** Logs connections that the system refuses, for example when no file handles are left. */
  readonly log?: Log;
  /** Makes ids for answers to requests that are not HTTP. */
  readonly newId?: NewId;
  /** Counts the memory of bodies and answers. */
  readonly underWay?: UnderWay;
  /** Milliseconds after which a stalled reader is cut; read each time. Without this function no reader is cut. */
  readonly stalledMs?: () => number;
}

export interface Listening {
  readonly port: number;
  /** The hosts that are listened on. */
  readonly hosts: readonly string[];
  readonly servers: readonly Server[];
  /** Takes no more connections, closes idle ones at once and busy ones after their answer. May be called again. */
  refuse(): void;
  /**
   * `refuse`, then cuts what is left when the signal aborts (default: after a second). Resolves when no connection is
   * left. May be called again.
   */
  close(signal?: AbortSignal): Promise<void>;
}

/** Why the port could not be opened, as a sentence for the user who started Hearth. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  /** The system's code, such as EADDRINUSE. */
  readonly code: string;
  readonly port: number;
  /** Version of the Hearth that holds the port, if a Hearth does. */
  readonly heldBy: string | undefined;

  constructor(message: string, code: string, port: number, more: { heldBy?: string | undefined; cause: unknown }) {
    super(message, { cause: more.cause });
    this.code = code;
    this.port = port;
    this.heldBy = more.heldBy;
  }
}

/** Listens on all hosts with one port. Rejects with ListenError, and then nothing stays open. */
export async function listen(handler: RequestListener, options: ListenOptions): Promise<Listening> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await openAll(handler, options);
    } catch (error) {
      // The port that was free on the first host is taken on another: try another port.
      if (options.port === 0 && tries < TRIES && codeOf(error) === 'EADDRINUSE') continue;
      throw error instanceof BindError ? await explained(error) : error;
    }
  }
}

class BindError extends Error {
  readonly host: string;
  readonly port: number;
  constructor(host: string, port: number, cause: unknown) {
    super(`cannot listen on ${host}`, { cause });
    this.host = host;
    this.port = port;
  }
}

async function openAll(
  handler: RequestListener,
  { hosts, port: wanted, log, newId = randomUUID, underWay, stalledMs }: ListenOptions,
): Promise<Listening> {
  const connections = new Connections();
  const open: { readonly host: string; readonly server: Server }[] = [];
  let port = wanted;
  let absent: BindError | undefined;
  for (const host of hosts) {
    const server = makeServer(handler, connections, newId, underWay);
    // Beside an IPv4 address, "::" must not take the IPv4 half of the port.
    const error = await bind(server, { host, port, ipv6Only: hosts.length > 1 });
    if (error === undefined) {
      server.on('error', (reason) => log?.warn({ err: reason }, 'a connection could not be taken'));
      port = (server.address() as AddressInfo).port;
      open.push({ host, server });
    } else if (ABSENT.has(codeOf(error))) {
      absent = new BindError(host, port, error);
    } else {
      const closing = open.map((each) => ended(each.server));
      connections.cut();
      await Promise.all(closing);
      throw new BindError(host, port, error);
    }
  }
  if (open.length === 0) throw absent ?? new Error('no host to listen on');

  const servers = open.map(({ server }) => server);
  const watching =
    stalledMs === undefined ? undefined : setInterval(() => cutStalled(connections, stalledMs(), log), LOOK_MS);
  watching?.unref();
  let closed: Promise<unknown> | undefined;
  const refuse = (): void => {
    closed ??= Promise.all(servers.map(ended));
    connections.finish();
  };
  return {
    port,
    hosts: open.map(({ host }) => host),
    servers,
    refuse,
    async close(signal = AbortSignal.timeout(LAST_WORDS_MS)) {
      refuse();
      const off = onAbort(signal, () => connections.cut());
      await closed;
      clearInterval(watching);
      off();
    },
  };
}

/** Counts its own ticks instead of the clock: while this process was suspended, nobody could be served. */
function cutStalled(connections: Connections, ms: number, log: Log | undefined): void {
  for (const res of connections.cutStalled(LOOK_MS, ms)) {
    const sentence = `A caller read nothing of its answer for ${ms / 1000} s (server.stalled_reader_s). Its connection is closed.`;
    log?.warn({ request_id: res.getHeader('X-Request-ID') }, sentence);
  }
}

const ABSENT: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);

function bind(server: Server, where: { host: string; port: number; ipv6Only: boolean }): Promise<Error | undefined> {
  return new Promise((resolve) => {
    server.once('error', resolve);
    server.listen({ ...where, backlog: BACKLOG }, () => {
      server.off('error', resolve);
      resolve(undefined);
    });
  });
}

function ended(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function makeServer(
  handler: RequestListener,
  connections: Connections,
  newId: NewId,
  underWay: UnderWay | undefined,
): Server {
  const serve = (req: IncomingMessage, res: ServerResponse): void => {
    connections.asked(req.socket, res);
    handler(req, res);
  };
  const server = createServer(PATIENCE, serve);
  // By default Node silently drops headers after some thousand (its maxHeadersCount), and proxies append the header
  // that says who asks. All of them count toward the limit in bytes, beyond which a request is refused.
  server.maxHeadersCount = 0;
  return server
    .on('checkContinue', deferContinue(serve))
    .on('connection', (socket: Socket) => {
      connections.opened(socket);
      underWay?.counts(socket);
    })
    .on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
      // The client is gone, or an answer is on its way and a second one would end up in the middle of it.
      if (!socket.writable || error.code === 'ECONNRESET' || connections.isAnswering(socket)) socket.destroy();
      else socket.end(badRequest(error.code, newId()), () => socket.destroy());
    });
}

/** The answer to input that Node's parser refused, so it never became a request. */
function badRequest(code: string | undefined, id: string): string {
  const [status, sentence] = BAD[code ?? ''] ?? [400, 'This is not valid HTTP/1.1. Check the program that sent it.'];
  const body = JSON.stringify(toWire(new AppError('invalid_request', sentence), id));
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-ID: ${id}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}

const BAD: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The headers are over 16 KB. Send fewer or shorter ones.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The headers did not come within a minute. Send the request again.'],
};

async function explained({ host, port, cause }: BindError): Promise<ListenError> {
  const code = codeOf(cause);
  const failed = (message: string, heldBy?: string): ListenError =>
    new ListenError(message, code, port, { heldBy, cause });
  if (code === 'EADDRINUSE') {
    const version = await hearthAt(host, port);
    if (version === undefined) {
      return failed(`Port ${port} is taken by another program. It does not say which. Close it, or use another port.`);
    }
    const sentence = `Port ${port} is taken by another Hearth. Version ${version} answers there. Stop that one, or use another port.`;
    return failed(sentence, version);
  }
  if (code === 'EACCES') return failed(`Port ${port} needs more rights than this user has. Use a port above 1023.`);
  if (ABSENT.has(code))
    return failed(`This machine has no address ${host}. Set server.host to one it has, or to 127.0.0.1.`);
  if (code === 'ENOTFOUND')
    return failed(`The name ${host} is not known. Set server.host to an address, or to 127.0.0.1.`);
  return failed(`Cannot listen on ${host}, port ${port} (${code}). Use another server.host or server.port.`);
}

const hello = healthSchema.pick({ status: true, version: true, uptime_ms: true });

/** The version of the Hearth at this address; undefined when something else answers, or nothing within ASK_MS. */
async function hearthAt(host: string, port: number): Promise<string | undefined> {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  const options = { host: name, port, path: '/health', agent: false, signal: AbortSignal.timeout(ASK_MS) };
  try {
    const text = await new Promise<string>((resolve, reject) => {
      const request = get(options, (res) => {
        let text = '';
        res.setEncoding('utf8').on('data', (piece: string) => {
          text += piece;
          if (text.length > ASK_BYTES) request.destroy(new Error('too long for /health'));
        });
        res.on('end', () => resolve(text)).on('error', reject);
      }).on('error', reject);
    });
    const { version } = hello.parse(JSON.parse(text));
    return /^[\w.+-]{1,40}$/.test(version) ? version : undefined;
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): string {
  if (error instanceof BindError) return codeOf(error.cause);
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
