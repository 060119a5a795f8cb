// Passes on a foreign stream of lines or events in whole pieces, so that an error of Hearth fits behind it whenever it
// breaks off. It changes neither bytes nor their order, and does not interpret pieces.
import type { IncomingHttpHeaders } from 'node:http';

/** `lines`: NDJSON. `events`: server-sent events. */
export type Form = 'lines' | 'events';

/** A longer piece is passed on in parts to limit memory; an error may then not fit behind it. Bytes. */
const LONGEST = 1024 * 1024;

const NOTHING = Buffer.alloc(0);

/**
 * The form of an answer with these headers; undefined where no error could follow its pieces: another type, a
 * compressed body, or a known length.
 */
export function formOf(headers: IncomingHttpHeaders): Form | undefined {
  if (headers['content-length'] !== undefined || headers['content-encoding'] !== undefined) return undefined;
  const type = (headers['content-type'] ?? '').toLowerCase().replace(/\s*;.*$/s, '');
  if (type === 'application/x-ndjson') return 'lines';
  return type === 'text/event-stream' ? 'events' : undefined;
}

/** Holds back an incomplete piece until the rest arrives; nobody could parse it earlier. */
export class WholePieces {
  readonly #endIn: (text: string) => number;
  #held: Buffer = NOTHING;
  /** Whether the bytes passed on end with a whole piece. */
  whole = true;

  constructor(form: Form) {
    this.#endIn = form === 'lines' ? endOfLines : endOfEvents;
  }

  /** Takes the next bytes and returns those that may be passed on now. */
  add(bytes: Uint8Array): Uint8Array {
    const all = Buffer.concat([this.#held, bytes]);
    // One character per byte, so that indexes in the text are indexes in the bytes.
    let end = this.#endIn(all.toString('latin1'));
    if (end > 0) this.whole = true;
    else if (all.length > LONGEST) {
      this.whole = false;
      end = all.length;
    }
    this.#held = all.subarray(end);
    return all.subarray(0, end);
  }

  /** The bytes held back, for a stream that ended by itself in the middle of a piece. */
  rest(): Uint8Array {
    return this.#held;
  }
}

/** Index after the last finished line; spaces that keep a connection alive are not held back. */
function endOfLines(text: string): number {
  const end = text.lastIndexOf('\n') + 1;
  return end + spaces(text.slice(end));
}

function spaces(text: string): number {
  return /^[ \t]*/.exec(text)?.[0].length ?? 0;
}

/**
 * Index after the last finished event: an empty line, in any of the three line endings (HTML, 9.2.5). Comments between
 * two events belong to neither.
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
