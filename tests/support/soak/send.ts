// One request over a real socket, by a caller that may leave or read slowly, and has a time limit.
import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { deferred } from '../waiting.ts';

export interface Sent {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Manner {
  /** Leaves so many milliseconds after sending, whatever has come by then. */
  readonly leavesAfterMs?: number;
  /** Leaves once so many bytes have come. */
  readonly leavesAfterBytes?: number;
  /** Milliseconds between one read and the next. */
  readonly pauseMs?: number;
}

export interface Reply {
  /** 0 when no answer had begun. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The answer came to its regular end. */
  readonly complete: boolean;
  /** The caller left before that. */
  readonly left: boolean;
}

/** Nothing came for so long. */
export class Hung extends Error {}

export class Sender {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #origin: URL;
  readonly #patienceMs: number;

  /** `patienceMs` is for silence: from sending a request, or from the last bytes of its answer. */
  constructor(origin: string, patienceMs: number) {
    this.#origin = new URL(origin);
    this.#patienceMs = patienceMs;
  }

  /** Resolves with what had come when the connection ended. Rejects with Hung. */
  send({ method, path, body, headers = {} }: Sent, manner: Manner = {}): Promise<Reply> {
    const { hostname, port } = this.#origin;
    const { promise, resolve, reject } = deferred<Reply>();
    const parts: Buffer[] = [];
    let bytes = 0;
    let left = false;
    let [status, answered]: [number, IncomingHttpHeaders] = [0, {}];
    const req = request({
      host: hostname,
      port,
      method,
      path,
      agent: this.#agent,
      headers: { 'content-type': 'application/json', ...headers },
    });
    const leave = (): void => {
      left = true;
      req.destroy();
    };
    const end = (complete: boolean): void => {
      clearTimeout(patience);
      clearTimeout(leaving);
      resolve({ status, headers: answered, text: Buffer.concat(parts).toString(), complete, left: left && !complete });
    };
    const patience = setTimeout(() => {
      req.destroy();
      reject(new Hung(`nothing within ${this.#patienceMs} ms; so far: ${status} ${Buffer.concat(parts).toString()}`));
    }, this.#patienceMs);
    const leaving = manner.leavesAfterMs === undefined ? undefined : setTimeout(leave, manner.leavesAfterMs);
    req.on('error', () => end(false));
    req.on('response', (res) => {
      status = res.statusCode ?? 0;
      answered = res.headers;
      const read = async (): Promise<void> => {
        for await (const part of res as AsyncIterable<Buffer>) {
          patience.refresh();
          parts.push(part);
          bytes += part.length;
          if (bytes >= (manner.leavesAfterBytes ?? Infinity)) leave();
          if (manner.pauseMs !== undefined) await sleep(manner.pauseMs);
        }
      };
      read().then(
        () => end(res.complete),
        () => end(false),
      );
    });
    req.end(body === undefined ? undefined : JSON.stringify(body));
    return promise;
  }

  close(): void {
    this.#agent.destroy();
  }
}
