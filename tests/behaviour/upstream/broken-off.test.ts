// A stream that Hearth makes itself and that cannot go on ends with last words of its dialect, behind whole pieces: when
// Ollama breaks off, when the request is cancelled, and when Hearth stops. Those that are handed on are
// handed-on-streams.test.ts.
import { afterEach, describe, expect, test } from 'vitest';
import { startHearth, type Hearth } from '../../support/hearth.ts';
import { reading } from '../../support/waiting.ts';

let hearth: Hearth;
afterEach(() => hearth.stop());

const messages = [{ role: 'user', content: 'Why?' }];
const model = 'llama3.2';
type Words = (code: string) => unknown;
const openai: Words = (code) => ({
  error: { message: expect.stringMatching(/\.$/) as unknown, type: 'api_error', param: null, code },
});
const ollama: Words = () => ({ error: expect.stringMatching(/./) as unknown });
const DIALECTS: readonly [path: string, body: object, last: Words][] = [
  ['/api/chat-optimized', { messages }, (code) => ({ code, done: true, error: expect.any(String) as unknown })],
  ['/api/chat', { model, messages }, ollama],
  ['/api/generate', { model, prompt: 'Why?' }, ollama],
  ['/v1/chat/completions', { model, messages }, openai],
  ['/v1/completions', { model, prompt: 'Why?' }, openai],
];

/** The pieces of a stream, each of which must be whole JSON and the last of which must be ended. */
function piecesIn(text: string): unknown[] {
  const end = text.startsWith('data: ') ? '\n\n' : '\n';
  const blocks = text.split(end);
  expect(blocks.pop()).toBe('');
  return blocks.map((block) => JSON.parse(block.replace(/^data: /, '')) as unknown);
}

describe.each(DIALECTS)('%s', (path, body, last) => {
  const begin = async (): Promise<{ rest(): Promise<string> }> => {
    const response = await hearth.post(path, { ...body, stream: true }, { headers: { 'x-request-id': 'it' } });
    expect(response.status).toBe(200);
    const answer = reading(response);
    await answer.until((text) => text.includes('first words'));
    return answer;
  };
  const held = {
    pieces: ['first words', 'more'],
    pauseAfter: { pieces: 1, until: new Promise<void>(() => undefined) },
  };

  test('when Ollama breaks off', async () => {
    hearth = await startHearth();
    hearth.fake.next({ pieces: ['first words', 'more'], cutAfter: 1 });
    const pieces = piecesIn(await (await begin()).rest());
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.at(-1)).toMatchObject(last('upstream_failed') as object);
  });

  test('when it is cancelled', async () => {
    hearth = await startHearth();
    hearth.fake.next(held);
    const stream = await begin();
    hearth.backend.control.cancel('it');
    expect(piecesIn(await stream.rest()).at(-1)).toMatchObject(last('cancelled') as object);
    await hearth.fake.until(({ active }) => active === 0);
  });

  test('when the time to finish is up', async () => {
    hearth = await startHearth({ config: { server: { drain_timeout_ms: 50 } } });
    hearth.fake.next(held);
    const stream = await begin();
    await hearth.backend.stop();
    expect(piecesIn(await stream.rest()).at(-1)).toMatchObject(last('shutting_down') as object);
  });
});
