// A stream of lines or events on its way from somebody else: handed on in whole pieces, so that last words of ours fit
// behind it whenever it breaks off. It changes no byte and their order, and knows nothing of what a piece means.
import type { IncomingHttpHeaders } from 'node:http';

/** `lines`: NDJSON. `events`: server-sent events. */
export type Form = 'lines' | 'events';

/** A piece longer than this is handed on in parts: memory is bounded, and then no last words may fit. Bytes. */
const LONGEST = 1024 * 1024;

const NOTHING = Buffer.alloc(0);

/**
 * The form of an answer with these headers; undefined where nothing of ours could be put behind its pieces: another
 * type, a packed one, or one whose length is told.
 */
export function formOf(headers: IncomingHttpHeaders): Form | undefined {
  if (headers['content-length'] !== undefined || headers['content-encoding'] !== undefined) return undefined;
  const type = (headers['content-type'] ?? '').toLowerCase().replace(/\s*;.*$/s, '');
  if (type === 'application/x-ndjson') return 'lines';
  return type === 'text/event-stream' ? 'events' : undefined;
}

/** Holds back the part of a piece that has come, until the rest of it is there; nobody could read it earlier. */
export class WholePieces {
  readonly #endIn: (text: string) => number;
  #held: Buffer = NOTHING;
  /** What was handed on ends with a whole piece. */
  whole = true;

  constructor(form: Form) {
    this.#endIn = form === 'lines' ? endOfLines : endOfEvents;
  }

  /** Takes the next bytes, and gives those that may be handed on now. */
  add(bytes: Uint8Array): Uint8Array {
    const all = Buffer.concat([this.#held, bytes]);
    // One character for each byte, so that places in the text are places in the bytes.
    let end = this.#endIn(all.toString('latin1'));
    if (end > 0) this.whole = true;
    else if (all.length > LONGEST) {
      this.whole = false;
      end = all.length;
    }
    this.#held = all.subarray(end);
    return all.subarray(0, end);
  }

  /** What is held, for a stream that has come to its own end in the middle of a piece. */
  rest(): Uint8Array {
    return this.#held;
  }
}

/** Behind the last line that has ended; spaces that keep a connection alive are held up by nothing. */
function endOfLines(text: string): number {
  const end = text.lastIndexOf('\n') + 1;
  return end + spaces(text.slice(end));
}

function spaces(text: string): number {
  return /^[ \t]*/.exec(text)?.[0].length ?? 0;
}

/**
 * Behind the last event that has ended: at an empty line, whichever of the three line ends is used (HTML, 9.2.5). Comments
 * between two events belong to none.
 */
function endOfEvents(text: string): number {
  const end = Math.max(0, ...['\n\n', '\r\r', '\r\n\r\n'].map((empty) => endOf(text, empty)));
  const comments = /^(?::[^\r\n]*(?:\r\n|\r|\n))+/.exec(text.slice(end));
  return end + (comments?.[0].length ?? 0);
}

function endOf(text: string, what: string): number {
  const at = text.lastIndexOf(what);
  return at === -1 ? 0 : at + what.length;
}
