// npm `ollama`, every method of it, sees through the gateway what it sees of Ollama.
import { Ollama } from 'ollama';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bothWays, type BothWays, type Side } from '../support/both-ways.ts';
import { deferred } from '../support/waiting.ts';

let both: BothWays;
beforeAll(async () => {
  both = await bothWays({ config: { cache: { enabled: false } } });
});
afterAll(() => both.stop());

const at = ({ url }: Side): Ollama => new Ollama({ host: url });
const messages = [{ role: 'user', content: 'Why does bread rise?' }];
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const weather = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'The weather of a city',
    parameters: {
      type: 'object',
      required: ['city'],
      properties: { city: { type: 'string', description: 'Its name' } },
    },
  },
};

async function all<T>(stream: Promise<AsyncIterable<T>>): Promise<T[]> {
  const parts: T[] = [];
  for await (const part of await stream) parts.push(part);
  return parts;
}

const METHODS: Record<string, (side: Side) => Promise<unknown>> = {
  chat: (side) => at(side).chat({ model: 'llama3.2', messages }),
  'chat, streamed': (side) => all(at(side).chat({ model: 'llama3.2', messages, stream: true })),
  'chat with thinking': (side) => all(at(side).chat({ model: 'deepseek-r1:8b', messages, stream: true, think: true })),
  'chat with tools': (side) => {
    const call = { id: 'call_1', function: { name: 'weather', arguments: { city: 'Ulm', unit: 'C' } } };
    side.fake.next({ pieces: [{ content: 'Let me see. ' }, { tool_calls: [call] }] });
    return all(at(side).chat({ model: 'llama3.2', messages, tools: [weather], stream: true }));
  },
  'chat with tools, whole': (side) => {
    side.fake.next({ pieces: [{ tool_calls: [{ function: { name: 'weather', arguments: { b: 1, a: 2 } } }] }] });
    return at(side).chat({ model: 'llama3.2', messages, tools: [weather] });
  },
  'chat with a picture': (side) =>
    at(side).chat({ model: 'llama3.2', messages: [{ role: 'user', content: 'What is it?', images: [PIXEL] }] }),
  'chat, structured': (side) => at(side).chat({ model: 'llama3.2', messages, format: { type: 'object' } }),
  'chat with logprobs': (side) => all(at(side).chat({ model: 'llama3.2', messages, logprobs: true, stream: true })),
  generate: (side) => at(side).generate({ model: 'llama3.2', prompt: 'Hello' }),
  'generate, streamed': (side) => all(at(side).generate({ model: 'llama3.2', prompt: 'Hello', stream: true })),
  'generate, raw': (side) => at(side).generate({ model: 'llama3.2', prompt: 'Hello', raw: true }),
  embed: (side) => at(side).embed({ model: 'nomic-embed-text', input: ['a', 'b', 'a'] }),
  embeddings: (side) => at(side).embeddings({ model: 'nomic-embed-text', prompt: 'a' }),
  list: (side) => at(side).list(),
  ps: async (side) => {
    await at(side).chat({ model: 'llama3.2', messages });
    const { models } = await at(side).ps();
    return models.map(({ name }) => name).toSorted();
  },
  show: (side) => at(side).show({ model: 'llama3.2' }),
  version: (side) => at(side).version(),
  pull: (side) => all(at(side).pull({ model: 'llama3.2', stream: true })),
  push: (side) => at(side).push({ model: 'llama3.2' }),
  create: (side) => at(side).create({ model: 'mine', from: 'llama3.2', system: 'Be brief.' }),
  copy: (side) => at(side).copy({ source: 'mine', destination: 'mine-too' }),
  delete: (side) => at(side).delete({ model: 'mine-too' }),
  'an unknown model': (side) => at(side).chat({ model: 'nope', messages }),
  'an unknown model to generate': (side) => at(side).generate({ model: 'nope', prompt: 'x' }),
  'an unknown model to embed': (side) => at(side).embed({ model: 'nope', input: 'x' }),
  'a model that cannot think': (side) => at(side).chat({ model: 'llama3.2', messages, think: true }),
  'an option of the wrong type': (side) =>
    at(side).chat({ model: 'llama3.2', messages, options: { temperature: 'hot' as never } }),
  'a failure before the first piece': (side) => {
    side.fake.next({ fail: { status: 500, error: 'model runner has unexpectedly stopped' } });
    return at(side).chat({ model: 'llama3.2', messages });
  },
  'a failure in the middle': (side) => {
    side.fake.next({ failAfter: { pieces: 2, error: 'the runner stopped' } });
    return all(at(side).chat({ model: 'llama3.2', messages, stream: true }));
  },
};

describe('the same, directly and through the gateway', () => {
  test.each(Object.keys(METHODS))('%s', async (name) => {
    const { direct, through } = await both.see(METHODS[name] as (side: Side) => Promise<unknown>);
    expect(through).toEqual(direct);
  });
});

describe('leaving', () => {
  test('abort() in the middle of a stream ends the run', async () => {
    const { direct, through } = await both.see(async (side) => {
      const client = at(side);
      const gate = deferred();
      side.fake.next({ pauseAfter: { pieces: 2, until: gate.promise } });
      const stream = await client.chat({ model: 'llama3.2', messages, stream: true });
      const got: string[] = [];
      try {
        for await (const part of stream) {
          got.push(part.message.content);
          if (got.length === 2) stream.abort();
        }
      } catch (error) {
        await side.fake.until(({ active }) => active === 0, 500);
        gate.resolve();
        return { got, thrown: (error as Error).name };
      }
      return got;
    });
    expect(through).toEqual(direct);
    expect(through).toMatchObject({ thrown: 'AbortError' });
  });
});
