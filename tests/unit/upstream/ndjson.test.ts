// Framing of Ollama's NDJSON: whatever the cuts of the bytes, the same lines come out, and nothing incomplete passes.
import { fc } from '../../support/property.ts';
import { describe, expect, test } from 'vitest';
import { defaultConfig } from '../../../backend/contract/config/config.ts';
import { AppError } from '../../../backend/contract/errors.ts';
import { accessOf } from '../../../backend/upstream/access.ts';
import { type Fields, Lines, objectIn, textOf } from '../../../backend/upstream/ndjson.ts';

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

/** What a body in these chunks says; `found` gets each line as soon as it is told. */
function lines(chunks: readonly Uint8Array[], maxMb = 1, found: Fields[] = []): Fields[] {
  const framed = new Lines({ ...options, maxMb }, (line) => void found.push(line));
  for (const chunk of chunks) framed.add(chunk);
  framed.end();
  return found;
}

/** The AppError with which reading ends, or undefined. */
function failure(chunks: readonly Uint8Array[], maxMb = 1): AppError | undefined {
  try {
    lines(chunks, maxMb);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  return undefined;
}

/** How many of these chunks are taken before it throws. */
function taken(chunks: readonly Uint8Array[], maxMb = 1): number {
  const framed = new Lines({ ...options, maxMb }, () => undefined);
  const refused = chunks.findIndex((chunk) => {
    try {
      framed.add(chunk);
    } catch {
      return true;
    }
    return false;
  });
  return refused === -1 ? chunks.length : refused;
}

const DONE = '{"done":true}';

const parsed = (line: string): unknown => JSON.parse(line);

describe('lines', () => {
  test('an error that says nothing is none, and is taken off', () => {
    const said = [
      { error: null, a: 1 },
      { a: 2, error: '' },
      { error: null, done: true },
    ];
    const body = said.map((line) => `${JSON.stringify(line)}\n`).join('');
    expect(lines([bytesOf(body)])).toEqual([{ a: 1 }, { a: 2 }, { done: true }]);
  });

  test('any cut of the bytes gives the same lines', async () => {
    const textThatHurts = fc.string({ unit: 'binary', maxLength: 12 });
    const objects = fc.array(fc.record({ content: textThatHurts }), { maxLength: 8 });
    const blanks = fc.constantFrom('\n', '\r\n', '\n\n', '\n \r\n');
    fc.assert(
      fc.property(objects, blanks, fc.boolean(), fc.array(fc.nat()), (values, end, endsWithNewline, cuts) => {
        const wanted = [...values.map((value) => JSON.stringify(value)), DONE];
        const bytes = bytesOf(wanted.join(end) + (endsWithNewline ? end : ''));
        const places = [...new Set(cuts.map((cut) => cut % bytes.length))].toSorted((a, b) => a - b);
        const chunks = [...places, bytes.length].map((to, i) => bytes.subarray(places[i - 1] ?? 0, to));
        expect(lines(chunks)).toEqual(wanted.map(parsed));
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  test('every single cut through a character is harmless', () => {
    const line = '{"content":"é 漢 👩‍👩‍👧 \u2028"}';
    const bytes = bytesOf(`${line}\n${DONE}\n`);
    for (let cut = 1; cut < bytes.length; cut++) {
      expect(lines([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual([line, DONE].map(parsed));
    }
  });

  test('a line goes on as soon as its newline is there', () => {
    const found: Fields[] = [];
    const framed = new Lines(options, (line) => void found.push(line));
    framed.add(bytesOf('{"a":1}\n{"b"'));
    expect(found).toEqual([{ a: 1 }]);
    framed.add(bytesOf(':2}\n'));
    expect(found).toEqual([{ a: 1 }, { b: 2 }]);
  });

  test('a body that ends well after done:false gets the end that Ollama left out', () => {
    for (const text of ['{"done":false}', '{"done":false}\n', '{"done":false}\n\n']) {
      const read = lines([bytesOf(text)]);
      expect(read).toEqual([{ done: false }, { done: true, done_reason: 'incomplete' }]);
    }
  });

  test('a body that ends without a word of done fails, also when it is empty', () => {
    for (const text of ['', '\n', '{"a":1}\n', '{"done":"true"}\n', '{"done":1}\n']) {
      expect(failure([bytesOf(text)]), `${JSON.stringify(text)}`).toMatchObject({
        code: 'upstream_failed',
        message: 'Ollama ended the answer without saying that it was done. Try again.',
      });
    }
  });

  test('a line that is not a JSON object fails, and the lines before it have gone on', () => {
    for (const bad of ['{"a":', '<<<', '[1]', '"text"', 'null', '7']) {
      const seen: Fields[] = [];
      const read = (): unknown => lines([bytesOf(`{"a":1}\n${bad}\n${DONE}\n`)], 1, seen);
      expect(read, `${bad}`).toThrow(expect.objectContaining({ code: 'upstream_failed' }));
      expect(seen).toEqual([{ a: 1 }]);
    }
  });

  test('an error line fails with the words of Ollama', () => {
    const said = failure([bytesOf('{"a":1}\n{"error":"the runner died"}\n')]);
    expect(said).toMatchObject({ code: 'upstream_failed', message: 'Ollama reported an error: the runner died' });
    const nested = failure([bytesOf(`${JSON.stringify({ error: '{"error":{"message":"bad grammar"}}' })}\n`)]);
    expect(nested?.message).toBe('Ollama reported an error: bad grammar');
    expect(failure([bytesOf('{"error":null}\n')])?.code).toBe('upstream_failed');
  });

  test('a web page is told apart', () => {
    const page = failure([bytesOf('<!doctype html>\n<title>x</title>')]);
    expect(page?.message).toContain('http://ollama.test:11434 answers, but not as Ollama does');
  });

  test('a line without an end is given up at the bound, before its end', () => {
    const chunk = bytesOf('x'.repeat(40_000));
    const chunks = Array.from({ length: 100 }, () => chunk);
    expect(failure(chunks, 0.1)).toMatchObject({
      code: 'upstream_failed',
      message: 'The answer is longer than ollama.max_answer_mb (0.1 MB).',
    });
    expect(taken(chunks, 0.1)).toBe(2);
  });

  test('an answer of many lines is given up at the same bound, and one just below it passes', () => {
    const line = bytesOf(`{"content":"${'x'.repeat(1000)}"}\n`);
    const last = bytesOf(`${DONE}\n`);
    const max = 1024 * 1024;
    const fits = Math.floor((max - last.length) / line.length);
    const answer = (n: number): Uint8Array[] => [...Array.from({ length: n }, () => line), last];
    expect(lines(answer(fits))).toHaveLength(fits + 1);
    expect(failure(answer(fits + 1))?.message).toContain('ollama.max_answer_mb');
  });

  test('what follows after done:true means nothing, and only so much of it is read away', () => {
    expect(lines([bytesOf(`${DONE}\n`), bytesOf('\n'), bytesOf('rubbish')])).toEqual([{ done: true }]);
    const more = Array.from({ length: 100 }, () => bytesOf('x'.repeat(10_000)));
    expect(taken([bytesOf(`${DONE}\n`), ...more])).toBe(7);
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
    expect(objectIn('{"a":1}', access)).toEqual({ a: 1 });
    for (const bad of ['', '[]', 'null', '3', '{']) {
      expect(() => objectIn(bad, access), `${bad}`).toThrow(AppError);
    }
  });
});
