// Models in memory: what Hearth has loaded, kept and unloaded for its callers, and what it leaves as others want it.
import { afterEach, describe, expect, test } from 'vitest';
import { startHearth, type Hearth, type HearthOptions } from '../support/hearth.ts';

let hearth: Hearth;
const start = async (options: HearthOptions = {}): Promise<void> => {
  hearth = await startHearth(options);
};
afterEach(() => hearth.stop());

type Body = Record<string, unknown>;

/** The last object of an answer: the whole of it, or the last line of a stream. */
async function last(path: string, body: object): Promise<Body> {
  const text = await (await hearth.post(path, body)).text();
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return JSON.parse((lines.at(-1) ?? '').replace(/^data: /, '')) as Body;
}

describe('load_duration contains the load that was made for the request', () => {
  /** Milliseconds; a timer may be a little early by another clock. */
  const LOAD_MS = 290;
  const cold = { models: [{ name: 'm', loadMs: 300, capabilities: ['completion', 'embedding'] }] };
  const messages = [{ role: 'user', content: 'hi' }];

  test.each([
    ['chat, whole', '/api/chat', { messages, stream: false }],
    ['chat, streamed', '/api/chat', { messages }],
    ['generate, whole', '/api/generate', { prompt: 'hi', stream: false }],
    ['generate, streamed', '/api/generate', { prompt: 'hi' }],
    ['embed', '/api/embed', { input: 'hi' }],
    ['embed, several texts', '/api/embed', { input: ['a', 'b'] }],
  ])('%s', async (_name, path, body) => {
    await start({ fake: cold });
    const [first, second] = [await last(path, { model: 'm', ...body }), await last(path, { model: 'm', ...body })];
    expect(hearth.fake.loads).toHaveLength(1);
    expect(first['load_duration']).toBeGreaterThanOrEqual(LOAD_MS * 1e6);
    expect(first['total_duration']).toBeGreaterThanOrEqual(Number(first['load_duration']));
    // It stood ready for the second, unless that was the first one's answer again.
    if (path !== '/api/embed') expect(second['load_duration'] ?? 0).toBeLessThan(LOAD_MS * 1e6);
  });

  test('on our own routes the load is no wait in line, but part of the time to the first piece', async () => {
    await start({ fake: cold, config: { ollama: { model: 'm' } } });
    const { timing } = (await (await hearth.chat('hi')).json()) as { timing: Record<string, number> };
    expect(timing['ttft_ms']).toBeGreaterThanOrEqual(LOAD_MS);
    expect(timing['queue_ms']).toBeLessThan(LOAD_MS);
  });

  test('a load by itself tells no figures, as Ollama tells none', async () => {
    await start({ fake: cold });
    const fields = Object.keys(await last('/api/chat', { model: 'm' }));
    expect(fields.join(' ')).toBe('model created_at message done done_reason');
  });
});
