// Parses a multipart form as it arrives (RFC 7578), piece by piece, without holding a whole part. The caller decides
// what the parts mean.
import type { IncomingMessage } from 'node:http';
import { AppError, asAppError } from '../../contract/errors.ts';
import { inviteBody, SILENCE_MS, silent } from './body.ts';

/** The head of a part, or bytes of the part that began last. */
export type FormPiece = { readonly name: string; readonly filename: string | undefined } | { readonly bytes: Buffer };

/** Limit of a part's head; browsers and clients send some hundred bytes. */
const MOST_HEAD = 16 * 1024;
const CRLF = '\r\n';

/**
 * The parts of a form in order, each followed by its bytes. Throws invalid_request for what is not a form, or after a
 * minute of silence; cancelled when the caller left.
 */
export async function* formParts(req: IncomingMessage): AsyncGenerator<FormPiece, void, undefined> {
  const boundary = /^\s*multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(
    req.headers['content-type'] ?? '',
  );
  const mark = boundary?.[1] ?? boundary?.[2];
  if (mark === undefined) throw noForm('Send multipart/form-data with a boundary');
  yield* partsIn(piecesOf(req), mark);
}

/** Parses pieces of a body whose parts are divided by `boundary`. */
export async function* partsIn(
  pieces: AsyncIterable<Buffer>,
  boundary: string,
): AsyncGenerator<FormPiece, void, undefined> {
  const divider = Buffer.from(`${CRLF}--${boundary}`);
  // The first divider may be at the very beginning.
  let rest: Buffer = Buffer.from(CRLF);
  let at: 'before' | 'divider' | 'head' | 'inside' = 'before';
  for await (const piece of pieces) {
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    for (;;) {
      if (at === 'divider') {
        if (rest.length < 2) break;
        if (rest.subarray(0, 2).toString('latin1') === '--') return;
        at = 'head';
      }
      if (at === 'head') {
        const end = rest.indexOf(CRLF + CRLF);
        if (end === -1 && rest.length <= MOST_HEAD) break;
        if (end === -1 || end > MOST_HEAD) throw noForm('The head of a part is too long');
        yield headOf(rest.toString('utf8', 0, end));
        rest = rest.subarray(end + CRLF.length * 2);
        at = 'inside';
      }
      const end = rest.indexOf(divider);
      // The end may hold the beginning of a divider.
      const sure = end === -1 ? Math.max(0, rest.length - divider.length + 1) : end;
      if (at === 'inside' && sure > 0) yield { bytes: rest.subarray(0, sure) };
      rest = rest.subarray(end === -1 ? sure : end + divider.length);
      if (end === -1) break;
      at = 'divider';
    }
  }
  throw noForm('It ends in the middle');
}

function headOf(head: string): FormPiece {
  const disposition = /^content-disposition:\s*form-data\s*;(.*)$/im.exec(head)?.[1] ?? '';
  const name = parameter(disposition, 'name');
  if (name === undefined) throw noForm('A part has no name');
  return { name, filename: parameter(disposition, 'filename') };
}

/**
 * A quotation mark in a name comes as %22 from browsers and clients (HTML, multipart form data), with a backslash from
 * older ones.
 */
function parameter(disposition: string, name: string): string | undefined {
  const found = new RegExp(String.raw`(?:^|;)\s*${name}=(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))`, 'i').exec(disposition);
  return (found?.[1] ?? found?.[2])?.replaceAll(/\\(.)/g, '$1').replaceAll('%22', '"');
}

async function* piecesOf(req: IncomingMessage): AsyncGenerator<Buffer, void, undefined> {
  inviteBody(req);
  const pieces = req.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>;
  for (;;) {
    const { value, done } = await inTime(pieces.next()).catch((error: unknown) => {
      if (asAppError(error).code !== 'internal') throw error;
      throw new AppError('cancelled', 'The caller left before the body had come.', { cause: error });
    });
    if (done === true) return;
    yield value as Buffer;
  }
}

/** Rejects with invalid_request when nothing arrives for SILENCE_MS. */
async function inTime<T>(coming: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(silent()), SILENCE_MS);
  });
  try {
    return await Promise.race([coming, silence]);
  } finally {
    clearTimeout(timer);
  }
}

function noForm(why: string): AppError {
  return new AppError('invalid_request', `The body is no multipart form that can be read. ${why}.`);
}
