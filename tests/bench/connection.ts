// One keep-alive HTTP connection on a bare socket: prebuilt bytes out, one response at a time in. Understands just what
// the two servers and the gateway send (Content-Length or chunked), so that measuring costs little. No HTTP client.
import { connect, type Socket } from 'node:net';

export interface Reply {
  readonly status: number;
  /** Bytes on the wire, head included. */
  readonly bytes: number;
  /** The head and body as they came; empty unless `keep` was asked. */
  readonly raw: Buffer;
}

export interface Asking {
  done(reply: Reply): void;
  failed(error: Error): void;
  /** Each piece of the response as it comes from the socket. */
  readonly piece?: (bytes: Buffer) => void;
  readonly keep?: boolean;
}

const HEAD_END = Buffer.from('\r\n\r\n');
/** No chunk of ours ends with "0" and then an empty line, so these bytes at the end of a packet end the body. */
const LAST_CHUNK = '0\r\n\r\n';
/** A response that takes longer than this has failed. */
const LIMIT_MS = 60_000;

export class Connection {
  readonly #socket: Socket;
  #asking: Asking | undefined;
  #head: Buffer | undefined;
  #status = 0;
  #bytes = 0;
  /** Bytes of the response in all; undefined before the head is complete, Infinity when chunked. */
  #total: number | undefined;
  #tail = '';
  #kept: Buffer[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the connection was closed in the middle of a response')));
    socket.on('timeout', () => {
      // Nothing is late where nothing was asked.
      if (this.#asking !== undefined) socket.destroy(new Error(`no byte for ${LIMIT_MS / 1000} s`));
    });
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        socket.setTimeout(LIMIT_MS);
        resolve(new Connection(socket));
      });
    });
  }

  /** Sends a request; only one may be under way. Fails at once where the connection is gone. */
  send(request: Buffer, asking: Asking): void {
    if (this.#socket.destroyed) return asking.failed(new Error('the connection was closed before anything was asked'));
    this.#asking = asking;
    this.#head = undefined;
    this.#bytes = 0;
    this.#total = undefined;
    this.#tail = '';
    this.#kept = [];
    this.#socket.write(request);
  }

  /** Sends a request and resolves with its response. */
  ask(request: Buffer, piece: (bytes: Buffer) => void = () => undefined): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.send(request, { done: resolve, failed: reject, piece, keep: true });
    });
  }

  close(): void {
    this.#asking = undefined;
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    const asking = this.#asking;
    if (asking === undefined) return;
    this.#bytes += bytes.length;
    if (asking.keep === true) this.#kept.push(bytes);
    asking.piece?.(bytes);
    if (this.#total === undefined) this.#readHead(bytes);
    if (this.#total === undefined) return;
    if (this.#total === Infinity) {
      this.#tail = (this.#tail + bytes.toString('latin1', Math.max(0, bytes.length - LAST_CHUNK.length))).slice(
        -LAST_CHUNK.length,
      );
      if (this.#tail === LAST_CHUNK) this.#end(asking);
    } else if (this.#bytes >= this.#total) {
      this.#end(asking);
    }
  }

  #readHead(bytes: Buffer): void {
    const all = this.#head === undefined ? bytes : Buffer.concat([this.#head, bytes]);
    const end = all.indexOf(HEAD_END);
    if (end < 0) {
      this.#head = all;
      return;
    }
    const head = all.toString('latin1', 0, end);
    this.#status = Number(head.slice(9, 12));
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    this.#total = length === undefined ? Infinity : end + HEAD_END.length + Number(length);
  }

  #end(asking: Asking): void {
    this.#asking = undefined;
    asking.done({ status: this.#status, bytes: this.#bytes, raw: Buffer.concat(this.#kept) });
  }

  #fail(error: Error): void {
    const asking = this.#asking;
    this.#asking = undefined;
    asking?.failed(error);
  }
}

/** The JSON body of a kept reply. Throws when it was no 200. */
export function jsonOf({ status, raw }: Reply): unknown {
  const text = raw.toString();
  if (status !== 200) throw new Error(`status ${status}: ${text.slice(0, 500)}`);
  return JSON.parse(text.slice(text.indexOf('\r\n\r\n') + HEAD_END.length));
}
