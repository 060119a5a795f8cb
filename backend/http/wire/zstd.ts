// Decompresses zstd bodies (RFC 8878), as Codex may send them: by Node's zlib from 22.15 on, else by zstd itself as
// WebAssembly. The latter decompresses in one go, so it needs an upper bound of the size first.
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { ZSTDDecoder } from 'zstddec';

/** The largest accepted window of a frame: larger ones are for archives. Bytes, and their binary logarithm. */
const MOST_WINDOW = 8 * 1024 * 1024;
const MOST_WINDOW_LOG = 23;

type MakeZstd = (options: { readonly params: Readonly<Record<number, number>> }) => Transform;

/** Node's own decompressor; undefined if this Node has none. */
export const ownZstd = Reflect.get(zlib, 'createZstdDecompress') as MakeZstd | undefined;

/** Decompresses bit by bit with Node's own, which ends after one frame. Throws an Error for broken input. */
export async function* unpackedByNode(packed: Buffer, make: MakeZstd): AsyncIterable<Buffer> {
  const windowLogMax: unknown = Reflect.get(zlib.constants, 'ZSTD_d_windowLogMax');
  for (const { from, end } of framesIn(packed)) {
    yield* make({ params: { [Number(windowLogMax)]: MOST_WINDOW_LOG } }).end(packed.subarray(from, end));
  }
}

let ready: Promise<ZSTDDecoder> | undefined;

/**
 * Decompresses in one go, into memory for the largest possible size, never much more than `most` bytes. Undefined for a
 * body with more than that. The memory is reused. Throws an Error for broken input.
 */
export async function unpackedAtOnce(packed: Buffer, most: number): Promise<Buffer | undefined> {
  let bound = 0;
  for (const { most: bytes } of framesIn(packed)) bound += bytes;
  // For a small body only the size of a whole block is known.
  const room = Math.min(bound, most + MOST_BLOCK);
  const unpacked = (await (ready ??= started())).decode(packed, Math.max(1, room));
  // The decoder returns nothing for broken input, and for input that does not fit.
  if (unpacked.length > most || (unpacked.length === 0 && bound > room)) return undefined;
  if (unpacked.length === 0 && bound > 0) throw new Error('zstd: broken');
  return Buffer.from(unpacked.buffer, unpacked.byteOffset, unpacked.byteLength);
}

async function started(): Promise<ZSTDDecoder> {
  const decoder = new ZSTDDecoder();
  await decoder.init();
  return decoder;
}

// ---- what a body says of its size

const FRAME = 0xfd2fb528;
/** The last four bits are free. */
const SKIPPED = 0x184d2a50;
const MOST_BLOCK = 128 * 1024;
/** Programs write a single frame. */
const MOST_FRAMES = 100;

interface Frame {
  readonly from: number;
  readonly end: number;
  /** Upper bound of its decompressed bytes. */
  readonly most: number;
}

/** The frames of a body, found by their headers and those of their blocks. Throws an Error when they are broken. */
function* framesIn(packed: Buffer): Generator<Frame> {
  let frames = 0;
  for (let from = 0; from < packed.length;) {
    if (++frames > MOST_FRAMES) throw new Error('zstd: too many frames');
    const kind = packed.readUInt32LE(from);
    if ((kind & 0xfffffff0) >>> 0 === SKIPPED) {
      from += 8 + packed.readUInt32LE(from + 4);
      continue;
    }
    if (kind !== FRAME) throw new Error('zstd: no frame');
    const head = headOf(packed, from + 4);
    if (head.window > MOST_WINDOW) throw new Error('zstd: a window too large');
    const blocks = blocksAt(packed, head.end);
    const end = blocks.end + (head.checked ? 4 : 0);
    if (end > packed.length) throw new Error('zstd: cut short');
    yield { from, end, most: head.size ?? blocks.most };
    from = end;
  }
}

interface Head {
  /** Decompressed bytes, if the frame declares them. */
  readonly size: number | undefined;
  readonly window: number;
  readonly end: number;
  readonly checked: boolean;
}

/** Reads the header of a frame behind its magic number. */
function headOf(packed: Buffer, from: number): Head {
  const flags = packed.readUInt8(from);
  const single = (flags & 0x20) !== 0;
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0;
  const dictionaryBytes = [0, 1, 2, 4][flags & 3] ?? 0;
  const sizeAt = from + 1 + (single ? 0 : 1) + dictionaryBytes;
  const told = sizeBytes === 0 ? undefined : littleEndian(packed, sizeAt, sizeBytes);
  const size = told === undefined || sizeBytes !== 2 ? told : told + 256;
  return {
    size,
    window: single ? (size ?? 0) : windowOf(packed.readUInt8(from + 1)),
    end: sizeAt + sizeBytes,
    checked: (flags & 4) !== 0,
  };
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function littleEndian(packed: Buffer, at: number, bytes: number): number {
  return bytes === 8 ? Number(packed.readBigUInt64LE(at)) : packed.readUIntLE(at, bytes);
}

/** The blocks of a frame: where they end, and the upper bound of their bytes. */
function blocksAt(packed: Buffer, from: number): { readonly end: number; readonly most: number } {
  let most = 0;
  for (let at = from; ;) {
    const head = packed.readUIntLE(at, 3);
    const [kind, size] = [(head >> 1) & 3, head >> 3];
    if (kind === 3) throw new Error('zstd: no block');
    at += 3 + (kind === REPEATED ? 1 : size);
    most += kind === PACKED ? MOST_BLOCK : size;
    if ((head & 1) === 1) return { end: at, most };
  }
}

/** A block of one repeated byte. */
const REPEATED = 1;
const PACKED = 2;
