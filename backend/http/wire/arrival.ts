// An admitted request as its handler gets it: its id, and the headers of every answer to it. The headers are set only
// when other code goes on writing: a cached answer is sent with all headers at once, which is cheaper.
import type { ServerResponse } from 'node:http';

/** What the request's headers said; see door/visit.ts. */
export interface Seen {
  readonly headers: readonly string[];
  readonly mark: string;
}

export class Arrival {
  readonly id: string;
  /** Undefined if a check holds for this one request alone. */
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

  /** The same headers as a list for writeHead, in the same order. */
  get headers(): string[] {
    return ['X-Request-ID', this.id, ...(this.seen?.headers ?? [])];
  }
}
