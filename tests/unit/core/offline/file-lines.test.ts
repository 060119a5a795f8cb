// A file that comes in blocks is cut into its lines, wherever the blocks end.
import { describe, expect, test } from 'vitest';
import { outcomeLine, understoodLine } from '../../../../backend/core/offline/batch-line.ts';
import { linesOf, type Line } from '../../../../backend/core/offline/file-lines.ts';
import { fc } from '../../../support/property.ts';

async function* inBlocks(text: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array, void, undefined> {
  let at = 0;
  for (let i = 0; at < text.length; i++) {
    const size = sizes[i % sizes.length] ?? text.length;
    yield text.subarray(at, at + size);
    at += size;
  }
}

async function cut(text: string, sizes: readonly number[], max = 1000): Promise<[number, string | undefined][]> {
  const found: [number, string | undefined][] = [];
  for await (const { number, bytes } of linesOf(inBlocks(Buffer.from(text), sizes), max)) {
    found.push([number, bytes === undefined ? undefined : Buffer.from(bytes).toString()]);
  }
  return found;
}

test('lines are the same however the file is divided; empty ones are counted and left out', async () => {
  const text = fc
    .array(fc.constantFrom('a', 'ü', '\n', '\r\n', ' ', '{"x":1}'), { maxLength: 30 })
    .map((all) => all.join(''));
  await fc.assert(
    fc.asyncProperty(
      text,
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
      async (said, sizes) => {
        const expected = said.split('\n').flatMap((line, i) => (/^[ \t\r]*$/.test(line) ? [] : [[i + 1, line]]));
        expect(await cut(said, sizes)).toEqual(expected);
      },
    ),
    { numRuns: 100 },
  );
});

test('a line that is too long is passed over, and those behind it are there', async () => {
  expect(await cut(`one\n${'x'.repeat(50)}\nthree`, [7], 20)).toEqual([
    [1, 'one'],
    [2, undefined],
    [3, 'three'],
  ]);
});

test('a byte order mark is no part of the first line', async () => {
  expect(await cut('\u{feff}one\ntwo', [1])).toEqual([
    [1, 'one'],
    [2, 'two'],
  ]);
});

describe('a line', () => {
  const endpoint = '/v1/embeddings';
  const line = (value: unknown): Line => ({ number: 7, bytes: Buffer.from(JSON.stringify(value)) });
  const good = { custom_id: 'a', method: 'POST', url: endpoint, body: {} };
  test.each([
    ['is understood', line(good), undefined, 'a'],
    ['has no custom_id', line({ ...good, custom_id: undefined }), 'missing_required_parameter', null],
    ['has a number for it', line({ ...good, custom_id: 5 }), 'invalid_custom_id', null],
    ['has another method', line({ ...good, method: 'GET' }), 'invalid_method', 'a'],
    ['is for another route', line({ ...good, url: '/v1/responses' }), 'invalid_url', 'a'],
    ['has no body', line({ ...good, body: [] }), 'missing_required_parameter', 'a'],
    ['is a list', line([good]), 'invalid_json_line', null],
    ['is not UTF-8', { number: 7, bytes: Buffer.from('{"custom_id":"\xff"}', 'latin1') }, 'invalid_json_line', null],
    ['is too long', { number: 7, bytes: undefined }, 'line_too_large', null],
  ])('that %s', (_what, said, code, customId) => {
    const found = understoodLine(said, endpoint, 64);
    expect(found.customId).toBe(customId);
    if (code === undefined) expect(found).not.toHaveProperty('fault');
    else expect(found).toMatchObject({ fault: { code, line: 7, message: expect.stringMatching(/^Line 7: .*\.$/) } });
  });

  test('tells its outcome in one line, with the body as it is', () => {
    const body = '{"seed":18446744073709551615}\n';
    const told = outcomeLine('batch_req_1', 'a"b', { status: 200, requestId: 'r', body });
    expect(told).toBe(
      `{"id":"batch_req_1","custom_id":"a\\"b","response":{"status_code":200,"request_id":"r","body":{"seed":18446744073709551615}},"error":null}\n`,
    );
  });
});
