// Bytes and clocks of the fake Ollama: one client's connection, Go-like JSON, NDJSON lines, time stamps.
// Deliberately knows nothing of models, routes or scripts.
import type { ServerResponse } from 'node:http';
import type { Call, Instead, RecordedCall } from './fake-call.ts';

/** An answer `{"error":…}` with this status, thrown before any byte was sent. */
export class FakeError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** One turn of the event loop, so that others run and the pieces leave as separate packets. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The client of a request: it knows when it has left, and then every wait of the fake for it ends. */
export class Client {
  readonly res: ServerResponse;
  readonly call: Call;
  readonly changed: () => void;
  gone = false;
  /** Why the runner that serves it died: every wait ends, and the rest of the answer is this error. */
  interruption: string | undefined;
  readonly #leaving = new Set<() => void>();

  constructor(res: ServerResponse, call: Call, changed: () => void) {
    this.res = res;
    this.call = call;
    this.changed = changed;
    // `req` closes as soon as its body was read; only `res` tells of a disconnect.
    res.once('close', () => {
      if (res.writableFinished) return;
      this.gone = true;
      this.finish('aborted');
      this.#endWaits();
    });
  }

  /** Nothing more comes for this client: it left, or its runner died. */
  get stopped(): boolean {
    return this.gone || this.interruption !== undefined;
  }

  /** The runner that serves this client died. */
  interrupt(error: string): void {
    this.interruption = error;
    this.#endWaits();
  }

  #endWaits(): void {
    for (const leave of Array.from(this.#leaving)) leave();
  }

  /** The end of an interrupted answer: a status as long as nothing was sent, else one more line. */
  async breakOff(error: string): Promise<void> {
    if (this.call.firstByteAt === undefined) return this.error(500, error);
    await this.write(NDJSON, `${goJson({ error })}\n`);
    this.end('error');
  }

  /** Writes the end into the record; only the first end counts. */
  finish(outcome: Exclude<RecordedCall['outcome'], 'open'>): void {
    if (this.call.outcome !== 'open') return;
    this.call.outcome = outcome;
    this.call.aborted = outcome === 'aborted';
    this.call.endedAt = performance.now();
    this.changed();
  }

  /** Returns the way to unsubscribe. */
  onGone(leave: () => void): () => void {
    if (this.stopped) leave();
    else this.#leaving.add(leave);
    return () => this.#leaving.delete(leave);
  }

  /** True once the promise resolved; false when the client left or was interrupted first. */
  wait(promise: Promise<unknown>): Promise<boolean> {
    if (this.stopped) return Promise.resolve(false);
    return new Promise((resolve, reject) => {
      const off = this.onGone(() => resolve(false));
      promise.then(
        () => {
          off();
          resolve(!this.stopped);
        },
        (error: unknown) => {
          off();
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
  }

  /** True after that many milliseconds; false when the client left or was interrupted first. */
  sleep(ms: number): Promise<boolean> {
    if (this.stopped) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        off();
        resolve(true);
      }, ms);
      const off = this.onGone(() => {
        clearTimeout(timer);
        resolve(false);
      });
    });
  }

  #begin(status: number): void {
    this.call.status = status;
    this.call.firstByteAt = performance.now();
  }

  /** A whole answer at once. */
  send(status: number, type: string | undefined, body: string): void {
    if (this.gone || this.call.outcome !== 'open') return;
    this.#begin(status);
    const length = Buffer.byteLength(body);
    this.res.writeHead(status, {
      ...(type === undefined ? {} : { 'Content-Type': type }),
      'Content-Length': length,
    });
    this.res.end(body);
    this.finish(status < 400 ? 'done' : 'error');
  }

  /** Something else than Ollama answers, or nobody. */
  async instead(answer: Instead): Promise<void> {
    if (answer === 'silence') await this.wait(new Promise(() => undefined));
    else if (answer === 'reset') await this.cut();
    else {
      for (const [name, value] of Object.entries(answer.headers ?? {})) this.res.setHeader(name, value);
      this.send(answer.status, undefined, answer.body ?? '');
    }
  }

  json(status: number, value: unknown): void {
    this.send(status, 'application/json; charset=utf-8', goJson(value));
  }

  error(status: number, message: string): void {
    this.json(status, { error: message });
  }

  /** Bytes of a streamed answer; the first ones bring the headers with them, as Ollama does it. */
  async write(type: string, bytes: string | Buffer): Promise<void> {
    if (this.gone || this.call.outcome !== 'open') return;
    if (this.call.firstByteAt === undefined) {
      this.#begin(200);
      this.res.writeHead(200, { 'Content-Type': type });
    }
    if (!this.res.write(bytes)) {
      await this.wait(new Promise<void>((resolve) => this.res.once('drain', resolve)));
    }
  }

  end(outcome: 'done' | 'error'): void {
    if (this.gone || this.call.outcome !== 'open') return;
    // Nothing written yet: an empty 200.
    if (this.call.firstByteAt === undefined) this.#begin(200);
    this.res.end();
    this.finish(outcome);
  }

  /** Resets the connection, after what was written has left this process. */
  async cut(): Promise<void> {
    if (this.gone) return;
    // Two turns: the first lets node hand corked writes to the kernel, the second lets a reader in this process fetch them.
    await turn();
    await turn();
    this.finish('error');
    const socket = this.res.socket;
    if (socket === null) this.res.destroy();
    else socket.resetAndDestroy();
  }
}

const NDJSON = 'application/x-ndjson';

/** How the lines of one answer leave. */
export interface Flushing {
  /** Slices of that many bytes instead of lines. */
  readonly chunkBytes?: number | undefined;
  /** Everything at once at the next `flush` or `close`. */
  readonly atOnce?: boolean;
}

/** NDJSON lines to one client: one flush each, or all in one, or in slices that respect neither lines nor characters. */
export class Lines {
  readonly #client: Client;
  readonly #slice: number | undefined;
  readonly #atOnce: boolean;
  #held: Buffer = Buffer.alloc(0);
  #text = '';

  constructor(client: Client, { chunkBytes, atOnce = false }: Flushing = {}) {
    this.#client = client;
    this.#atOnce = atOnce;
    this.#slice = chunkBytes === undefined ? undefined : Math.max(1, Math.trunc(chunkBytes));
  }

  json(value: unknown): Promise<void> {
    return this.raw(`${goJson(value)}\n`);
  }

  async raw(text: string): Promise<void> {
    if (this.#atOnce) {
      this.#text += text;
      return;
    }
    if (this.#slice === undefined) return this.#client.write(NDJSON, text);
    this.#held = Buffer.concat([this.#held, Buffer.from(text)]);
    while (this.#held.length >= this.#slice && !this.#client.gone) await this.#send(this.#slice);
  }

  /** Sends what was held back: before a pause and by `close`. */
  async flush(): Promise<void> {
    if (this.#text !== '') {
      const text = this.#text;
      this.#text = '';
      await this.#client.write(NDJSON, text);
    }
    if (this.#held.length > 0) await this.#send(this.#held.length);
  }

  async close(outcome: 'done' | 'error'): Promise<void> {
    await this.flush();
    this.#client.end(outcome);
  }

  async #send(bytes: number): Promise<void> {
    const slice = this.#held.subarray(0, bytes);
    this.#held = this.#held.subarray(bytes);
    await this.#client.write(NDJSON, slice);
    await turn();
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/** JSON as Go's encoder writes it: HTML's characters are escaped, so nobody may compare bytes. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (char) => ESCAPES[char] ?? char);
}

/** Now, as RFC 3339 with nanoseconds in UTC. The last six digits come from the monotonic clock and end in an odd digit, for Go drops zeros. */
export function stamp(): string {
  const nanos = (process.hrtime()[1] % 1_000_000) | 1;
  return `${new Date().toISOString().slice(0, -1)}${String(nanos).padStart(6, '0')}Z`;
}

const two = (value: number): string => String(Math.trunc(value)).padStart(2, '0');

/** A moment (epoch milliseconds) as the server's local time with its offset. */
export function localStamp(epochMs: number): string {
  const minutes = -new Date(epochMs).getTimezoneOffset();
  const shifted = new Date(epochMs + minutes * 60_000).toISOString().slice(0, -1);
  if (minutes === 0) return `${shifted}000001Z`;
  const size = Math.abs(minutes);
  return `${shifted}000001${minutes < 0 ? '-' : '+'}${two(size / 60)}:${two(size % 60)}`;
}

/** Milliseconds as whole nanoseconds, never zero: Go leaves zero fields out and Ollama's own tests want them there. */
export const nanoseconds = (ms: number): number => Math.max(1, Math.round(ms * 1e6));
