// A finished answer as bytes, as the cache keeps it in memory and, later, on disk.
// Bytes instead of objects: their size is exact, they lie outside V8's heap, and a copy on disk is the same thing.
//
// Layout: 4 bytes length of the head (little endian) · the head in JSON, UTF-8 · the cuts, two varints each.
// The cuts stand apart because a JSON answer never needs them.
import type { Completion, Cut } from '../contract/chat.ts';

const KINDS = ['content', 'thinking', 'tool_calls', 'extra'] as const satisfies readonly Cut[0][];
const EMPTY: readonly never[] = [];

type Head = Omit<Completion, 'cuts' | 'tool_calls' | 'extras'> & Partial<Pick<Completion, 'tool_calls' | 'extras'>>;

export function encodeRecord(completion: Completion): Buffer {
  const { cuts, tool_calls, extras, ...rest } = completion;
  const head: Head = {
    ...rest,
    ...(tool_calls.length > 0 ? { tool_calls } : {}),
    ...(extras.length > 0 ? { extras } : {}),
  };
  const json = Buffer.from(JSON.stringify(head), 'utf8');
  const tail: number[] = [];
  for (const [kind, length] of cuts) {
    // Kind and length share one varint: most pieces are short, so most cuts are one byte.
    pushVarint(tail, length * KINDS.length + KINDS.indexOf(kind));
  }
  // Not from Node's shared pool: a slice of a pool would keep its whole 8 KB alive for as long as the entry lives.
  const bytes = Buffer.allocUnsafeSlow(4 + json.length + tail.length);
  bytes.writeUInt32LE(json.length, 0);
  json.copy(bytes, 4);
  bytes.set(tail, 4 + json.length);
  return bytes;
}

/** The texts without the cuts: enough for a JSON answer. */
export function decodeWhole(bytes: Buffer): Completion {
  const headEnd = 4 + bytes.readUInt32LE(0);
  const head = JSON.parse(bytes.toString('utf8', 4, headEnd)) as Head;
  return { tool_calls: EMPTY, extras: EMPTY, ...head, cuts: EMPTY };
}

/** Everything, for a streamed replay. */
export function decodeRecord(bytes: Buffer): Completion {
  return { ...decodeWhole(bytes), cuts: decodeCuts(bytes, 4 + bytes.readUInt32LE(0)) };
}

function decodeCuts(bytes: Buffer, from: number): Cut[] {
  const cuts: Cut[] = [];
  let value = 0;
  let scale = 1;
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) {
      cuts.push([KINDS[value % KINDS.length] ?? 'content', Math.floor(value / KINDS.length)]);
      value = 0;
      scale = 1;
    }
  }
  return cuts;
}

function pushVarint(out: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    out.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  out.push(rest);
}
