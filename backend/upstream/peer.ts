// Whether what answers at the address is a Hearth, and what that one is told beside a request: for whom it is, since it has a
// line, people who go first, and kept answers of its own. An Ollama is told nothing of that.
import { CALLER_HEADER, HEARTH_HEADER, type Asker } from '../contract/behind.ts';
import { PRIORITY } from '../contract/chat/chat-request.ts';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const SEEN = HEARTH_HEADER.toLowerCase();
const NOBODY: Readonly<Record<string, string>> = {};

export class Peer {
  /** Where a Hearth was seen last. */
  #at: string | undefined;

  /** Takes the headers of an answer to GET /api/version, whatever its status. */
  greeted(url: string, headers: Headers): void {
    if (headers[SEEN] !== undefined) this.#at = url;
    else if (this.#at === url) this.#at = undefined;
  }

  isHearth(url: string): boolean {
    return this.#at === url;
  }

  /** What goes up with a request to this address, by name in lower case. */
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

/** What may stand in a header (RFC 9110, 5.5). */
function printable(text: string): string {
  return text.replaceAll(/[^ -~]/g, '?').trim() || 'unknown';
}
