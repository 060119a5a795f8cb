// A request that was let in, as its handler is given it: its id, and the headers that every answer to it has. They are set
// when somebody is to write on: a kept answer is sent with all its headers at once, which is cheaper.
import type { ServerResponse } from 'node:http';

/** What is known of a request by its headers; see door/visit.ts. */
export interface Seen {
  readonly headers: readonly string[];
  readonly mark: string;
}

export class Arrival {
  readonly id: string;
  /** Undefined where something about it holds for this one request alone. */
  seen: Seen | undefined;
  #dressed = false;

  constructor(id: string, seen: Seen | undefined) {
    this.id = id;
    this.seen = seen;
  }

  /** Sets the headers of every answer, once. */
  dress(res: ServerResponse): void {
    if (this.#dressed || res.headersSent) return;
    this.#dressed = true;
    res.setHeader('X-Request-ID', this.id);
    const { headers = [] } = this.seen ?? {};
    for (let at = 0; at < headers.length; at += 2) res.setHeader(headers[at] ?? '', headers[at + 1] ?? '');
  }

  /** The same as a list for writeHead, in the same order. */
  get headers(): string[] {
    return ['X-Request-ID', this.id, ...(this.seen?.headers ?? [])];
  }
}
