// A finished answer as bytes, as the cache keeps it in memory and on disk. Unlike objects, bytes have an exact size,
// lie outside V8's heap, and are the same on disk.
//
// Layout: lengths of the first two parts (4 bytes each, little endian) · the message in JSON, as our own routes send it
// · how it ended, and unknown fields, in JSON · the cuts, one varint each. A JSON answer needs only the first two parts
// and passes on the first unchanged, since serialising JSON anew costs more than the rest of a hit.
import { answerMessage, type Completion, type Cut, type End } from '../../contract/chat/chat.ts';

const KINDS = ['content', 'thinking', 'tool_calls', 'extra'] as const satisfies readonly Cut[0][];
/** Each kind, alone or joined to the cut before it. */
const SHAPES = 2 * KINDS.length;
const HEAD_BYTES = 8;

interface Rest {
  readonly end: End;
  readonly extras?: Completion['extras'];
}

/** The part of a kept answer that a JSON answer needs. */
export interface KeptAnswer {
  /** The `message` in JSON, UTF-8; a view on the record. */
  readonly messageJson: Buffer;
  readonly end: End;
  /** The whole answer, for routes of another form. */
  whole(): Completion;
}

export function encodeRecord(completion: Completion): Buffer {
  const { cuts, extras, end } = completion;
  const rest: Rest = { end, ...(extras.length > 0 ? { extras } : {}) };
  const message = Buffer.from(JSON.stringify(answerMessage(completion)), 'utf8');
  const ending = Buffer.from(JSON.stringify(rest), 'utf8');
  const tail: number[] = [];
  for (const [kind, length, joined] of cuts) {
    // Kind, length and whether it is joined share one varint. Most pieces are short, so most cuts take one byte.
    pushVarint(tail, length * SHAPES + KINDS.indexOf(kind) + (joined === true ? KINDS.length : 0));
  }
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + message.length + ending.length + tail.length);
  bytes.writeUInt32LE(message.length, 0);
  bytes.writeUInt32LE(ending.length, 4);
  message.copy(bytes, HEAD_BYTES);
  ending.copy(bytes, HEAD_BYTES + message.length);
  bytes.set(tail, HEAD_BYTES + message.length + ending.length);
  return bytes;
}

/** Decodes what a JSON answer needs, without its text. */
export function decodeKept(bytes: Buffer): KeptAnswer {
  const { messageEnd, restEnd } = bounds(bytes);
  const { end } = JSON.parse(bytes.toString('utf8', messageEnd, restEnd)) as Rest;
  return { messageJson: bytes.subarray(HEAD_BYTES, messageEnd), end, whole: () => decodeRecord(bytes) };
}

/** Whether it has tool calls. Quotes inside texts are escaped, so this matches only the field. */
export function hasCalls({ messageJson }: KeptAnswer): boolean {
  return messageJson.includes('"tool_calls":[');
}

/** Decodes everything, for a streamed replay. */
export function decodeRecord(bytes: Buffer): Completion {
  const { messageEnd, restEnd } = bounds(bytes);
  const message = JSON.parse(bytes.toString('utf8', HEAD_BYTES, messageEnd)) as ReturnType<typeof answerMessage>;
  const { content, thinking = '', tool_calls = [] } = message;
  const { end, extras = [] } = JSON.parse(bytes.toString('utf8', messageEnd, restEnd)) as Rest;
  return { content, thinking, tool_calls, extras, cuts: decodeCuts(bytes, restEnd), end };
}

function bounds(bytes: Buffer): { messageEnd: number; restEnd: number } {
  const messageEnd = HEAD_BYTES + bytes.readUInt32LE(0);
  return { messageEnd, restEnd: messageEnd + bytes.readUInt32LE(4) };
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
      const kind = KINDS[value % KINDS.length] ?? 'content';
      const length = Math.floor(value / SHAPES);
      cuts.push(value % SHAPES < KINDS.length ? [kind, length] : [kind, length, true]);
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
