// Framing of Ollama's NDJSON: whatever the cuts of the bytes, the same lines come out, and nothing incomplete passes.
import { fc } from '../../support/property.ts';
import { describe, expect, test } from 'vitest';
import { defaultConfig } from '../../../backend/contract/config/config.ts';
import { AppError } from '../../../backend/contract/errors.ts';
import { accessOf } from '../../../backend/upstream/access.ts';
import { type Fields, frame, objectIn, textOf } from '../../../backend/upstream/ndjson.ts';

const access = accessOf({ ...defaultConfig().ollama, api_url: 'http://ollama.test:11434' });
const options = { maxMb: 1, access };
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A body in the given chunks that tells how far it was read and whether it was left early. */
function body(chunks: readonly Uint8Array[]) {
  const seen = { read: 0, left: false, ended: false };
  async function* chunked(): AsyncGenerator<Uint8Array> {
    try {
      for (const chunk of chunks) {
        seen.read++;
        yield chunk;
      }
      seen.ended = true;
    } finally {
      seen.left = !seen.ended;
    }
  }
  return { seen, chunks: chunked() };
}

async function lines(chunks: readonly Uint8Array[] | AsyncIterable<Uint8Array>, maxMb = 1): Promise<Fields[]> {
  const source = Array.isArray(chunks) ? body(chunks).chunks : (chunks as AsyncIterable<Uint8Array>);
  const found: Fields[] = [];
  for await (const line of frame(source, { ...options, maxMb })) found.push(line);
  return found;
}

/** The AppError with which reading ends, or undefined. */
async function failure(
  chunks: readonly Uint8Array[] | AsyncIterable<Uint8Array>,
  maxMb = 1,
): Promise<AppError | undefined> {
  try {
    await lines(chunks, maxMb);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  return undefined;
}

const DONE = '{"done":true}';

const parsed = (line: string): unknown => JSON.parse(line);

async function* broken(): AsyncGenerator<Uint8Array> {
  yield bytesOf('{"a":1}\n');
  throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}

describe('frame', () => {
  test('an error that says nothing is none, and is taken off', async () => {
    const said = [
      { error: null, a: 1 },
      { a: 2, error: '' },
      { error: null, done: true },
    ];
    const body = said.map((line) => `${JSON.stringify(line)}\n`).join('');
    expect(await lines([bytesOf(body)])).toEqual([{ a: 1 }, { a: 2 }, { done: true }]);
  });

  test('any cut of the bytes gives the same lines', async () => {
    const textThatHurts = fc.string({ unit: 'binary', maxLength: 12 });
    const objects = fc.array(fc.record({ content: textThatHurts }), { maxLength: 8 });
    const blanks = fc.constantFrom('\n', '\r\n', '\n\n', '\n \r\n');
    await fc.assert(
      fc.asyncProperty(
        objects,
        blanks,
        fc.boolean(),
        fc.array(fc.nat()),
        async (values, end, endsWithNewline, cuts) => {
          const wanted = [...values.map((value) => JSON.stringify(value)), DONE];
          const bytes = bytesOf(wanted.join(end) + (endsWithNewline ? end : ''));
          const places = [...new Set(cuts.map((cut) => cut % bytes.length))].toSorted((a, b) => a - b);
          const chunks = [...places, bytes.length].map((to, i) => bytes.subarray(places[i - 1] ?? 0, to));
          expect(await lines(chunks)).toEqual(wanted.map(parsed));
        },
      ),
      { numRuns: 150 },
    );
  }, 60_000);

  test('every single cut through a character is harmless', async () => {
    const line = '{"content":"é 漢 👩‍👩‍👧 \u2028"}';
    const bytes = bytesOf(`${line}\n${DONE}\n`);
    for (let cut = 1; cut < bytes.length; cut++) {
      expect(await lines([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual([line, DONE].map(parsed));
    }
  });

  test('a line goes on as soon as its newline is there', async () => {
    const { chunks, seen } = body([bytesOf('{"a":1}\n{"b"'), bytesOf(':2}\n'), bytesOf(`${DONE}\n`)]);
    const framed = frame(chunks, options);
    await framed.next();
    expect(seen.read).toBe(1);
    await framed.next();
    expect(seen.read).toBe(2);
  });

  test('a body that ends well after done:false gets the end that Ollama left out', async () => {
    for (const text of ['{"done":false}', '{"done":false}\n', '{"done":false}\n\n']) {
      const read = await lines([bytesOf(text)]);
      expect(read).toEqual([{ done: false }, { done: true, done_reason: 'incomplete' }]);
    }
  });

  test('a body that ends without a word of done fails, also when it is empty', async () => {
    for (const text of ['', '\n', '{"a":1}\n', '{"done":"true"}\n', '{"done":1}\n']) {
      expect(await failure([bytesOf(text)]), `${JSON.stringify(text)}`).toMatchObject({
        code: 'upstream_failed',
        message: 'Ollama ended the answer without saying that it was done. Try again.',
      });
    }
  });

  test('a line that is not a JSON object fails, and the lines before it have gone on', async () => {
    for (const bad of ['{"a":', '<<<', '[1]', '"text"', 'null', '7']) {
      const seen: Fields[] = [];
      const read = async (): Promise<void> => {
        const { chunks } = body([bytesOf(`{"a":1}\n${bad}\n${DONE}\n`)]);
        for await (const line of frame(chunks, options)) seen.push(line);
      };
      await expect(read(), `${bad}`).rejects.toMatchObject({ code: 'upstream_failed' });
      expect(seen).toEqual([{ a: 1 }]);
    }
  });

  test('an error line fails with the words of Ollama', async () => {
    const said = await failure([bytesOf('{"a":1}\n{"error":"the runner died"}\n')]);
    expect(said).toMatchObject({ code: 'upstream_failed', message: 'Ollama reported an error: the runner died' });
    const nested = await failure([bytesOf(`${JSON.stringify({ error: '{"error":{"message":"bad grammar"}}' })}\n`)]);
    expect(nested?.message).toBe('Ollama reported an error: bad grammar');
    expect((await failure([bytesOf('{"error":null}\n')]))?.code).toBe('upstream_failed');
  });

  test('a web page is told apart', async () => {
    const page = await failure([bytesOf('<!doctype html>\n<title>x</title>')]);
    expect(page?.message).toContain('http://ollama.test:11434 answers, but not as Ollama does');
  });

  test('a line without an end is given up at the bound, before its end', async () => {
    const chunk = bytesOf('x'.repeat(40_000));
    const { chunks, seen } = body(Array.from({ length: 100 }, () => chunk));
    expect(await failure(chunks, 0.1)).toMatchObject({
      code: 'upstream_failed',
      message: 'The answer is longer than ollama.max_answer_mb (0.1 MB).',
    });
    expect(seen).toMatchObject({ read: 3, left: true });
  });

  test('an answer of many lines is given up at the same bound, and one just below it passes', async () => {
    const line = bytesOf(`{"content":"${'x'.repeat(1000)}"}\n`);
    const last = bytesOf(`${DONE}\n`);
    const max = 1024 * 1024;
    const fits = Math.floor((max - last.length) / line.length);
    const answer = (n: number): Uint8Array[] => [...Array.from({ length: n }, () => line), last];
    expect(await lines(answer(fits))).toHaveLength(fits + 1);
    expect((await failure(answer(fits + 1)))?.message).toContain('ollama.max_answer_mb');
  });

  test('one read more after done:true runs to the end of the body', async () => {
    const { chunks, seen } = body([bytesOf(`${DONE}\n`), bytesOf('\n'), bytesOf('rubbish')]);
    const framed = frame(chunks, options);
    expect((await framed.next()).done).toBe(false);
    expect(seen.ended).toBe(false);
    expect((await framed.next()).done).toBe(true);
    expect(seen.ended).toBe(true);
  });

  test('a body that goes on and on after done:true is left', async () => {
    const more = Array.from({ length: 100 }, () => bytesOf('x'.repeat(10_000)));
    const { chunks, seen } = body([bytesOf(`${DONE}\n`), ...more]);
    expect(await lines(chunks)).toEqual([{ done: true }]);
    expect(seen).toMatchObject({ read: 8, left: true });
  });

  test('a connection that breaks is told as such, not as an answer without an end', async () => {
    const told = await failure(broken());
    expect(told).toMatchObject({ code: 'upstream_failed' });
    expect(told?.message).toContain('stopped in the middle of the answer');
    expect(told?.cause).toMatchObject({ code: 'ECONNRESET' });
  });
});

describe('whole bodies', () => {
  test('textOf cuts at the bound and leaves the rest', async () => {
    const { chunks, seen } = body([bytesOf('abcd'), bytesOf('efgh'), bytesOf('ijkl')]);
    expect(await textOf(chunks, 6)).toEqual({ text: 'abcdef', whole: false });
    expect(seen).toMatchObject({ read: 2, left: true });
  });

  test('textOf joins characters over chunks', async () => {
    const bytes = bytesOf('aé漢');
    const { chunks } = body([...bytes].map((_, i) => bytes.subarray(i, i + 1)));
    expect(await textOf(chunks, bytes.length)).toEqual({ text: 'aé漢', whole: true });
  });

  test('objectIn takes objects alone', () => {
    expect(objectIn('{"a":1}', access.url)).toEqual({ a: 1 });
    for (const bad of ['', '[]', 'null', '3', '{']) {
      expect(() => objectIn(bad, access.url), `${bad}`).toThrow(AppError);
    }
  });
});
