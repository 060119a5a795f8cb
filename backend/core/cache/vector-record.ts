// A vector as bytes, as the cache keeps it: its figures, then its numbers in full precision, so that they are written
// as JSON with the same digits that came.

/** The vector of one text, and its share of the run that made it. */
export interface Vector {
  readonly numbers: readonly number[];
  /** Tokens of the text. */
  readonly tokens: number;
  /** Nanoseconds. */
  readonly duration: number;
}

/** Tokens and duration, each in 8 bytes, little endian. */
const HEAD_BYTES = 16;

export function encodeVector({ numbers, tokens, duration }: Vector): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + numbers.length * 8);
  bytes.writeDoubleLE(tokens, 0);
  bytes.writeDoubleLE(duration, 8);
  for (const [i, value] of numbers.entries()) bytes.writeDoubleLE(value, HEAD_BYTES + i * 8);
  return bytes;
}

export function decodeVector(bytes: Buffer): Vector {
  const numbers: number[] = [];
  for (let at = HEAD_BYTES; at < bytes.length; at += 8) numbers.push(bytes.readDoubleLE(at));
  return { numbers, tokens: bytes.readDoubleLE(0), duration: bytes.readDoubleLE(8) };
}
