// A multipart form is read piece by piece, wherever the pieces end.
import { expect, test } from 'vitest';
import { type FormPiece, partsIn } from '../../../../backend/http/wire/form-parts.ts';
import { fc } from '../../../support/property.ts';

async function* pieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer, void, undefined> {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? bytes.length;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function read(
  bytes: Buffer,
  sizes: readonly number[],
  boundary = 'b',
): Promise<[string, string | undefined, string][]> {
  const parts: [string, string | undefined, string][] = [];
  for await (const piece of partsIn(pieces(bytes, sizes), boundary) as AsyncIterable<FormPiece>) {
    const last = parts.at(-1);
    if ('name' in piece) parts.push([piece.name, piece.filename, '']);
    else if (last !== undefined) last[2] += piece.bytes.toString('latin1');
  }
  return parts;
}

test('what the platform writes is read again, however it is divided', async () => {
  const content = fc.array(fc.constantFrom('a', '\r', '\n', '-', '--', '\r\n--', '\r\n--b', 'ü'), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(
      content,
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 }),
      async (said, sizes) => {
        const text = said.join('');
        const form = new FormData();
        form.append('purpose', 'batch');
        form.append('file', new Blob([text]), 'a "b".jsonl');
        form.append('expires_after[seconds]', '3600');
        const sent = new Response(form);
        const boundary = /boundary=(.*)$/.exec(sent.headers.get('content-type') ?? '')?.[1] ?? '';
        const bytes = Buffer.from(await sent.arrayBuffer());
        expect(await read(bytes, sizes, boundary)).toEqual([
          ['purpose', undefined, 'batch'],
          ['file', 'a "b".jsonl', Buffer.from(text).toString('latin1')],
          ['expires_after[seconds]', undefined, '3600'],
        ]);
      },
    ),
    { numRuns: 60 },
  );
});

test.each([
  ['ends in the middle', '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx', /It ends in the middle/],
  ['has a part without a name', '--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--', /A part has no name/],
  ['has a head without end', `--b\r\nX: ${'y'.repeat(20_000)}`, /The head of a part is too long/],
  ['has no divider at all', 'just a text', /It ends in the middle/],
])('a form that %s is refused', async (_what, text, sentence) => {
  await expect(read(Buffer.from(text), [9])).rejects.toThrow(sentence);
});
