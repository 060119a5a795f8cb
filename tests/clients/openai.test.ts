// npm `openai` sees through the gateway what it sees of Ollama's own /v1, and its own classes of error.
import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { bothWays, type BothWays, type Side } from '../support/both-ways.ts';
import { deferred } from '../support/waiting.ts';

let both: BothWays;
beforeAll(async () => {
  both = await bothWays({ config: { cache: { enabled: false } } });
});
afterAll(() => both.stop());

const at = ({ url }: Side): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'ollama', maxRetries: 0 });
const messages = [{ role: 'user' as const, content: 'Why does bread rise?' }];
const model = 'llama3.2';
const tools = [
  {
    type: 'function' as const,
    function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
  },
];

async function all<T>(stream: Promise<AsyncIterable<T>>): Promise<T[]> {
  const parts: T[] = [];
  for await (const part of await stream) parts.push(part);
  return parts;
}

const CALLS: Record<string, (side: Side) => Promise<unknown>> = {
  chat: (side) => at(side).chat.completions.create({ model, messages }),
  'chat, streamed': (side) => all(at(side).chat.completions.create({ model, messages, stream: true })),
  'chat, streamed, with usage': (side) =>
    all(at(side).chat.completions.create({ model, messages, stream: true, stream_options: { include_usage: true } })),
  'chat with thinking': (side) =>
    at(side).chat.completions.create({ model: 'deepseek-r1:8b', messages, reasoning_effort: 'high' }),
  'chat with tools': (side) => {
    side.fake.next({
      pieces: [{ tool_calls: [{ id: 'call_9', function: { name: 'weather', arguments: { z: 1, a: 2 } } }] }],
    });
    return at(side).chat.completions.create({ model, messages, tools });
  },
  'chat with tools, streamed': (side) => {
    side.fake.next({
      pieces: [{ content: 'Hm. ' }, { tool_calls: [{ id: 'c', function: { name: 'weather', arguments: {} } }] }],
    });
    return all(at(side).chat.completions.create({ model, messages, tools, stream: true }));
  },
  'a conversation with a tool’s result': (side) =>
    at(side).chat.completions.create({
      model,
      messages: [
        ...messages,
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'weather', arguments: '{"city":"Ulm"}' } }],
        },
        { role: 'tool', tool_call_id: 'c', content: 'rain' },
      ],
    }),
  'structured output': async (side) => {
    side.fake.next({ pieces: ['{"answer"', ':"yeast"}'] });
    const answer = await at(side).chat.completions.parse({
      model,
      messages,
      response_format: zodResponseFormat(z.object({ answer: z.string() }), 'answer'),
    });
    return answer.choices[0]?.message.parsed;
  },
  'chat with a picture': (side) =>
    at(side).chat.completions.create({
      model,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is it?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,aGVsbG8=' } },
          ],
        },
      ],
    }),
  'completion, streamed': (side) =>
    all(at(side).completions.create({ model, prompt: 'Hello', stream: true, stream_options: { include_usage: true } })),
  completion: (side) => at(side).completions.create({ model, prompt: 'Hello' }),
  'embeddings, as the client asks for them': (side) =>
    at(side).embeddings.create({ model: 'nomic-embed-text', input: ['a', 'b'] }),
  'embeddings, as numbers': (side) =>
    at(side).embeddings.create({ model: 'nomic-embed-text', input: 'a', encoding_format: 'float' }),
  models: (side) => all(Promise.resolve(at(side).models.list())),
  'one model': (side) => at(side).models.retrieve('llama3.2:latest'),
  'one model that is not there': (side) => at(side).models.retrieve('nope'),
  'an unknown model': (side) => at(side).chat.completions.create({ model: 'nope', messages }),
  'no messages': (side) => at(side).chat.completions.create({ model, messages: [] }),
  'a failure before the first piece': (side) => {
    side.fake.next({ fail: { status: 500, error: 'model runner has unexpectedly stopped' } });
    return at(side).chat.completions.create({ model, messages });
  },
};

describe('the same, directly and through the gateway', () => {
  test.each(Object.keys(CALLS))('%s', async (name) => {
    const { direct, through } = await both.see(CALLS[name] as (side: Side) => Promise<unknown>);
    expect(through).toEqual(direct);
  });

  test('abort in the middle of a stream ends the run', async () => {
    const { direct, through } = await both.see(async (side) => {
      const { promise: until, resolve: go } = deferred();
      side.fake.next({ pauseAfter: { pieces: 2, until } });
      const stream = await at(side).chat.completions.create({ model, messages, stream: true });
      let got = 0;
      for await (const _part of stream) if (++got === 2) stream.controller.abort();
      await side.fake.until(({ active }) => active === 0, 500);
      go();
      return got;
    });
    expect(through).toEqual(direct);
  });
});

describe('better than Ollama’s own', () => {
  const through = (): OpenAI => at({ url: both.hearth.url, fake: both.hearth.fake });

  test('a failure in the middle of a stream is thrown, where Ollama lets it look like an end', async () => {
    both.hearth.fake.next({ failAfter: { pieces: 2, error: 'the runner stopped' } });
    await expect(all(through().chat.completions.create({ model, messages, stream: true }))).rejects.toThrow(
      /the runner stopped/,
    );
  });

  test('max_completion_tokens is honoured', async () => {
    const answer = await through().chat.completions.create({ model, messages, max_completion_tokens: 2 });
    expect(answer.choices[0]?.finish_reason).toBe('length');
    expect(answer.usage?.completion_tokens).toBe(2);
  });

  test('a machine without models has an empty list', async () => {
    const empty = await bothWays({ fake: { models: [] } });
    const client = at({ url: empty.hearth.url, fake: empty.hearth.fake });
    expect((await client.models.list()).data).toEqual([]);
    await empty.stop();
  });

  test('a full queue is the client’s RateLimitError, which it waits for by itself', async () => {
    const full = await bothWays({ config: { queue: { max_queue_size: 1 }, cache: { enabled: false } } });
    const client = at({ url: full.hearth.url, fake: full.hearth.fake });
    const gate = full.hearth.fake.gate();
    const held = [1, 2].map((seed) => client.chat.completions.create({ model, messages, seed }));
    await full.hearth.fake.until(({ active }) => active === 1);
    await expect.poll(() => full.hearth.backend.control.live().queue.queue_length).toBe(1);
    await expect(client.chat.completions.create({ model, messages, seed: 3 })).rejects.toBeInstanceOf(
      OpenAI.RateLimitError,
    );
    gate.release();
    await Promise.all(held);
    await full.stop();
  });
});
