// Decompresses bodies bit by bit, so that the counter can stop long before a few kilobytes have become gigabytes.
import type { IncomingMessage } from 'node:http';
import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, type ZlibOptions } from 'node:zlib';
import { rawHeader } from './header.ts';
import { ownZstd, unpackedAtOnce, unpackedByNode } from './zstd.ts';
import { AppError } from '../../contract/errors.ts';

/** Bytes that are decompressed before they are counted. */
const AT_ONCE = 64 * 1024;

type Count = (bytes: number) => void;
type Unpacker = (packed: Buffer, most: number, count: Count) => AsyncIterable<Buffer>;

const byZlib =
  (make: (options: ZlibOptions) => Transform): Unpacker =>
  (packed) =>
    make({ chunkSize: AT_ONCE }).end(packed);

async function* byZstd(packed: Buffer, most: number, count: Count): AsyncIterable<Buffer> {
  if (ownZstd !== undefined) return yield* unpackedByNode(packed, ownZstd);
  const unpacked = await unpackedAtOnce(packed, most);
  if (unpacked === undefined) count(most + 1);
  else yield unpacked;
}

const UNPACKERS: Readonly<Record<string, Unpacker>> = {
  gzip: byZlib(createGunzip),
  'x-gzip': byZlib(createGunzip), // an alias (RFC 9110, 8.4.1.3)
  deflate: byZlib(createInflate),
  br: byZlib(createBrotliDecompress),
  zstd: byZstd,
};

/**
 * Decompresses a body. `count` gets the length of each piece, and an error that it throws ends the work; it must throw
 * for more than `most` bytes. Rejects with invalid_request when the compression is broken.
 */
export type Unpack = (packed: Buffer, most: number, count: Count) => Promise<Buffer>;

/** How the body of a request is decompressed; undefined for a plain body. Throws unsupported_media_type. */
export function unpackingOf(req: IncomingMessage): Unpack | undefined {
  if (rawHeader(req, 'content-encoding') === undefined) return undefined;
  const coding = req.headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (coding === '' || coding === 'identity') return undefined;
  const unpacker = Object.hasOwn(UNPACKERS, coding) ? UNPACKERS[coding] : undefined;
  if (unpacker === undefined) {
    const sentence = `The body is packed as "${coding.slice(0, 60)}". Send it plain, or as gzip, deflate, br or zstd.`;
    throw new AppError('unsupported_media_type', sentence);
  }
  return async (packed, most, count) => {
    const pieces: Buffer[] = [];
    try {
      for await (const piece of unpacker(packed, most, count)) {
        count(piece.length);
        pieces.push(piece);
      }
    } catch (error) {
      if (error instanceof AppError) throw error;
      const sentence = `The body is not valid ${coding}. Send it again, or plain.`;
      throw new AppError('invalid_request', sentence, { cause: error });
    }
    return Buffer.concat(pieces);
  };
}
