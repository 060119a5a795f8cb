// Splits a file that comes in blocks into lines. Holds one line at a time.

/** A line of a file. */
export interface Line {
  /** Counted from 1, including empty lines. */
  readonly number: number;
  /** Without its line break; undefined when it is too long. */
  readonly bytes: Uint8Array | undefined;
}

const NEW_LINE = 0x0a;
const MARK = [0xef, 0xbb, 0xbf];

/** The lines of a file that are not empty. Skips a byte order mark at the start. */
export async function* linesOf(
  blocks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Line, void, undefined> {
  let number = 1;
  let begun: Uint8Array[] = [];
  let size = 0;
  const line = (): Line | undefined => {
    const bytes = size > maxBytes ? undefined : withoutMark(joined(begun, size), number);
    begun = [];
    size = 0;
    const one = { number: number++, bytes };
    return bytes === undefined || !isBlank(bytes) ? one : undefined;
  };
  for await (const block of blocks) {
    let from = 0;
    for (let end = block.indexOf(NEW_LINE); end !== -1; end = block.indexOf(NEW_LINE, from)) {
      take(block.subarray(from, end));
      from = end + 1;
      const whole = line();
      if (whole !== undefined) yield whole;
    }
    take(block.subarray(from));
  }
  const last = line();
  if (last !== undefined) yield last;

  function take(piece: Uint8Array): void {
    size += piece.length;
    if (size > maxBytes) begun = [];
    else if (piece.length > 0) begun.push(piece);
  }
}

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  if (pieces.length === 1 && pieces[0] !== undefined) return pieces[0];
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function withoutMark(bytes: Uint8Array, number: number): Uint8Array {
  return number === 1 && MARK.every((byte, i) => bytes[i] === byte) ? bytes.subarray(MARK.length) : bytes;
}

/** Only spaces, tabs and carriage returns. */
function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}
