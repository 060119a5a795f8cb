// Bodies packed with zstd, by hand: Node has no packer before 22.15. Frames of plain and repeated blocks (RFC 8878).

/** The most that a block has in it. */
const BLOCK = 128 * 1024;

const FRAME = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

function block(kind: 0 | 1, size: number, last: boolean, bytes: Buffer): Buffer {
  const head = Buffer.alloc(3);
  head.writeUIntLE((size << 3) | (kind << 1) | (last ? 1 : 0), 0, 3);
  return Buffer.concat([head, bytes]);
}

/** `windowLog`: of the window that it asks for, 10 to 41. */
export function zstdPlain(bytes: Buffer, windowLog = 17): Buffer<ArrayBuffer> {
  const blocks: Buffer[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += BLOCK) {
    const piece = bytes.subarray(at, at + BLOCK);
    blocks.push(block(0, piece.length, at + BLOCK >= bytes.length, piece));
  }
  return Buffer.concat([FRAME, Buffer.from([0, (windowLog - 10) << 3]), ...blocks]);
}

/** So many bytes of one kind, in a few kilobytes. */
export function zstdBomb(size: number): Buffer<ArrayBuffer> {
  const blocks: Buffer[] = [];
  for (let at = 0; at < size; at += BLOCK)
    blocks.push(block(1, Math.min(BLOCK, size - at), at + BLOCK >= size, Buffer.from('x')));
  return Buffer.concat([FRAME, Buffer.from([0, 7 << 3]), ...blocks]);
}
