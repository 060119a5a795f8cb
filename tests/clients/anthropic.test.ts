// npm `@anthropic-ai/sdk` sees through the gateway what it sees of Ollama's own /v1/messages, and its own classes of error.
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bothWays, type BothWays, type Side } from '../support/both-ways.ts';
import { DEFAULT_MODELS } from '../support/fake-ollama/fake-ollama.ts';
import { deferred } from '../support/waiting.ts';

let both: BothWays;
beforeAll(async () => {
  const models = [...DEFAULT_MODELS, { name: 'llava', capabilities: ['completion', 'vision', 'tools'] }];
  both = await bothWays({ fake: { models }, config: { cache: { enabled: false } } });
});
afterAll(() => both.stop());

const at = ({ url }: Side): Anthropic => new Anthropic({ baseURL: url, apiKey: 'ollama', maxRetries: 0 });
const model = 'llama3.2';
const messages = [{ role: 'user' as const, content: 'Why does bread rise?' }];
const usual = { model, max_tokens: 100, messages };
const thinking = { type: 'enabled' as const, budget_tokens: 1024 };
const tools = [
  {
    name: 'weather',
    description: 'The weather of a town',
    input_schema: { type: 'object' as const, properties: { town: { type: 'string' } }, required: ['town'] },
  },
];
const picture = {
  type: 'image' as const,
  source: { type: 'base64' as const, media_type: 'image/png' as const, data: 'aGVsbG8=' },
};
const CALLS = [
  { id: 'call_9', function: { name: 'weather', arguments: { town: 'Ulm', days: 2 } } },
  { id: 'call_8', function: { name: 'weather', arguments: {} } },
];

async function all<T>(stream: Promise<AsyncIterable<T>>): Promise<T[]> {
  const events: T[] = [];
  for await (const event of await stream) events.push(event);
  return events;
}

/** A stream as the client shows it: each event, and the message that it makes of them. */
async function told(side: Side, body: Anthropic.MessageStreamParams): Promise<unknown> {
  const stream = at(side).messages.stream(body);
  const events: unknown[] = [];
  for await (const event of stream) events.push(event);
  return { events, message: await stream.finalMessage() };
}

/** What the model was asked in the end, in Ollama's own form. */
function question({ fake }: Side): unknown {
  const call = fake.calls.findLast(({ kind }) => kind === 'run');
  const { messages: said, tools: offered, options, think } = call?.native ?? call?.body ?? {};
  return { said, offered, options, think };
}

/** What the client throws, without the id of the request, which stands in its sentence. */
async function thrown(asked: Promise<unknown>): Promise<unknown> {
  const error: unknown = await asked.catch((reason: unknown) => reason);
  if (!(error instanceof Anthropic.APIError)) return { nothing: error };
  const { error: said } = error.error as { error: unknown };
  return { class: error.constructor.name, status: error.status as unknown, said };
}

const SEEN: Record<string, (side: Side) => Promise<unknown>> = {
  'a message': (side) => at(side).messages.create(usual),
  'a message, streamed': (side) => told(side, usual),
  'the raw events': (side) => all(at(side).messages.create({ ...usual, stream: true })),
  'a system prompt as a text, and options': (side) => {
    // The client has no types for these any more.
    const options = { temperature: 0, top_p: 0.5, top_k: 3 };
    return at(side).messages.create({ ...usual, ...options, system: 'Be terse.' });
  },
  'a system prompt in blocks': (side) =>
    told(side, {
      ...usual,
      system: [
        { type: 'text', text: 'Be terse.', cache_control: { type: 'ephemeral' } },
        { type: 'text', text: ' Be kind.' },
      ],
    }),
  'an answer cut at max_tokens': (side) => told(side, { ...usual, max_tokens: 2 }),
  'a word to stop at': (side) => at(side).messages.create({ ...usual, stop_sequences: ['rise', 'fall'] }),
  'thinking, streamed': (side) => told(side, { ...usual, model: 'deepseek-r1:8b', thinking }),
  thinking: (side) => at(side).messages.create({ ...usual, model: 'deepseek-r1:8b', thinking }),
  'no thinking': (side) =>
    at(side).messages.create({ ...usual, model: 'deepseek-r1:8b', thinking: { type: 'disabled' } }),
  'an effort, which is thinking too': (side) =>
    told(side, { ...usual, model: 'deepseek-r1:8b', output_config: { effort: 'high' } }),
  'thinking of a model that cannot': (side) => told(side, { ...usual, thinking }),
  tools: (side) => {
    side.fake.next({ pieces: ['Let me look. ', { tool_calls: CALLS }] });
    return at(side).messages.create({ ...usual, tools });
  },
  'tools, streamed': (side) => {
    side.fake.next({ pieces: [{ thinking: 'Where?' }, 'Let me look. ', { tool_calls: CALLS }] });
    return told(side, { ...usual, tools });
  },
  'a tool, and nothing said': (side) => {
    side.fake.next({ pieces: [{ tool_calls: CALLS.slice(1) }] });
    return told(side, { ...usual, tools, tool_choice: { type: 'any' } });
  },
  'a conversation with results of tools': (side) =>
    told(side, {
      ...usual,
      model: 'llava',
      tools,
      messages: [
        ...messages,
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Where?', signature: 's' },
            { type: 'text', text: 'Let me look.' },
            { type: 'tool_use', id: 'a', name: 'weather', input: { town: 'Ulm' } },
            { type: 'tool_use', id: 'b', name: 'weather', input: {} },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'a', content: 'rain' },
            { type: 'tool_result', tool_use_id: 'b', content: [{ type: 'text', text: 'a map:' }, picture] },
            { type: 'text', text: 'And now?' },
          ],
        },
      ],
    }),
  'a picture': (side) =>
    at(side).messages.create({
      ...usual,
      model: 'llava',
      messages: [{ role: 'user', content: [picture, { type: 'text', text: 'What is it?' }] }],
    }),
  'tokens that Ollama had in its cache': (side) => {
    side.fake.next({ usage: { prompt_tokens: 40, completion_tokens: 3, cached_tokens: 30 } });
    return told(side, usual);
  },
};

const REFUSED: Record<string, (side: Side) => Promise<unknown>> = {
  'an unknown model': (side) => at(side).messages.create({ ...usual, model: 'nope' }),
  'an unknown model, streamed': (side) => all(at(side).messages.create({ ...usual, model: 'nope', stream: true })),
  'no messages': (side) => at(side).messages.create({ ...usual, messages: [] }),
  'no max_tokens': (side) => at(side).messages.create({ ...usual, max_tokens: 0 }),
  'an address of a picture': (side) => {
    const source = { type: 'url' as const, url: 'https://example.com/a.png' };
    return at(side).messages.create({ ...usual, messages: [{ role: 'user', content: [{ type: 'image', source }] }] });
  },
  'a picture for a model without eyes': (side) =>
    at(side).messages.create({ ...usual, messages: [{ role: 'user', content: [picture] }] }),
  'tools of a model that has none': (side) => at(side).messages.create({ ...usual, model: 'deepseek-r1:8b', tools }),
  'a failure before the first piece': (side) => {
    side.fake.next({ fail: { status: 500, error: 'model runner has unexpectedly stopped' } });
    return told(side, usual);
  },
};

describe('the same, directly and through the gateway', () => {
  test.each(Object.keys(SEEN))('%s', async (name) => {
    const { direct, through } = await both.see(async (side) => ({
      answer: await SEEN[name]?.(side),
      question: question(side),
    }));
    expect(through).toEqual(direct);
  });

  test.each(Object.keys(REFUSED))('refused: %s', async (name) => {
    const refused = REFUSED[name] as (side: Side) => Promise<unknown>;
    const { direct, through } = await both.see((side) => thrown(refused(side)));
    expect(through).toEqual(direct);
    expect(through).toMatchObject({ status: expect.any(Number) as unknown });
  });

  test('abort in the middle of a stream ends the run', async () => {
    const { direct, through } = await both.see(async (side) => {
      const { promise: until, resolve: go } = deferred();
      side.fake.next({ pauseAfter: { pieces: 2, until } });
      const stream = await at(side).messages.create({ ...usual, stream: true });
      let got = 0;
      for await (const _event of stream) if (++got === 3) stream.controller.abort();
      await side.fake.until(({ active }) => active === 0, 500);
      go();
      return got;
    });
    expect(through).toEqual(direct);
  });
});

describe('better than Ollama’s own', () => {
  const through = (): Anthropic => at({ url: both.hearth.url, fake: both.hearth.fake });

  test('a failure in the middle of a stream is thrown, where Ollama lets it look like an end', async () => {
    both.hearth.fake.next({ failAfter: { pieces: 2, error: 'the runner stopped' } });
    await expect(all(through().messages.create({ ...usual, stream: true }))).rejects.toThrow(/the runner stopped/);
  });

  test('tokens are counted, which is an estimate and says so', async () => {
    const counted = await through().messages.countTokens({ model, messages, system: 'Be terse.', tools });
    expect(counted).toMatchObject({ input_tokens: 34, estimated: true });
  });

  test('an answer without a word has an empty content', async () => {
    both.hearth.fake.next({ pieces: [] });
    expect((await through().messages.create(usual)).content).toEqual([]);
  });

  test('a full queue is overloaded, which the client waits for by itself', async () => {
    const full = await bothWays({ config: { queue: { max_queue_size: 1 }, cache: { enabled: false } } });
    const client = at({ url: full.hearth.url, fake: full.hearth.fake });
    const gate = full.hearth.fake.gate();
    const held = [1, 2].map((max_tokens) => client.messages.create({ ...usual, max_tokens }));
    await full.hearth.fake.until(({ active }) => active === 1);
    await expect.poll(() => full.hearth.backend.control.live().queue.queue_length).toBe(1);
    const refused = await client.messages.create({ ...usual, max_tokens: 3 }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Anthropic.InternalServerError);
    expect(refused).toMatchObject({ status: 503, error: { type: 'error', error: { type: 'overloaded_error' } } });
    gate.release();
    await Promise.all(held);
    await full.stop();
  });
});
