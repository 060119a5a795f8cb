// Detects whether the upstream is a Hearth, and adds headers to requests for one: it has a queue, callers who may go
// first, and a cache of its own, so it is told on whose behalf a request comes. An Ollama gets none of them.
import { CALLER_HEADER, HEARTH_HEADER, type Asker } from '../contract/behind.ts';
import { PRIORITY } from '../contract/chat/chat-request.ts';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const SEEN = HEARTH_HEADER.toLowerCase();
const NOBODY: Readonly<Record<string, string>> = {};

export class Peer {
  /** The address at which a Hearth was seen last. */
  #at: string | undefined;

  /** Reads the headers of an answer to GET /api/version, whatever its status. */
  greeted(url: string, headers: Headers): void {
    if (headers[SEEN] !== undefined) this.#at = url;
    else if (this.#at === url) this.#at = undefined;
  }

  isHearth(url: string): boolean {
    return this.#at === url;
  }

  /** Headers for a request to this address, by name in lower case. */
  headersFor(url: string, asker: Asker | undefined): Readonly<Record<string, string>> {
    if (asker === undefined || !this.isHearth(url)) return NOBODY;
    const { caller, class: of, priority, id, cache } = asker;
    return {
      [CALLER_HEADER.toLowerCase()]: printable(caller),
      'x-queue-priority': priority === PRIORITY.usual ? of : String(priority),
      ...(id === undefined ? {} : { 'x-request-id': id }),
      ...(cache === undefined ? {} : { 'x-cache-control': cache }),
    };
  }
}

/** Keeps only characters that are allowed in a header (RFC 9110, 5.5). */
function printable(text: string): string {
  return text.replaceAll(/[^ -~]/g, '?').trim() || 'unknown';
}
