// Packed bodies, unpacked bit by bit, so that the counter can stop it long before a few kilobytes have become gigabytes.
import type { IncomingMessage } from 'node:http';
import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, type ZlibOptions } from 'node:zlib';
import { rawHeader } from './header.ts';
import { AppError } from '../../contract/errors.ts';

const UNPACKERS: Readonly<Record<string, (options: ZlibOptions) => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip, // an alias (RFC 9110, 8.4.1.3)
  deflate: createInflate,
  br: createBrotliDecompress,
};
/** Unpacked at once, and then counted. Bytes. */
const AT_ONCE = 64 * 1024;

/**
 * Unpacks a body; `count` is told of the length of each piece, and what it throws ends the work. Rejects with
 * invalid_request when the packing is broken.
 */
export type Unpack = (packed: Buffer, count: (bytes: number) => void) => Promise<Buffer>;

/** How the body of a request is unpacked; undefined when it is plain. Throws unsupported_media_type. */
export function unpackingOf(req: IncomingMessage): Unpack | undefined {
  if (rawHeader(req, 'content-encoding') === undefined) return undefined;
  const coding = req.headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (coding === '' || coding === 'identity') return undefined;
  const make = Object.hasOwn(UNPACKERS, coding) ? UNPACKERS[coding] : undefined;
  if (make === undefined) {
    const sentence = `The body is packed as "${coding.slice(0, 60)}". Send it plain, or as gzip, deflate or br.`;
    throw new AppError('unsupported_media_type', sentence);
  }
  return async (packed, count) => {
    const pieces: Buffer[] = [];
    try {
      for await (const piece of make({ chunkSize: AT_ONCE }).end(packed) as AsyncIterable<Buffer>) {
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
