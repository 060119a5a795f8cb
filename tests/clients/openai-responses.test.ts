// npm `openai` sees on /v1/responses through the gateway what it sees of Ollama's own, and its own classes of error.
import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import type { ResponseInputItem, ResponseStreamEvent, Tool } from 'openai/resources/responses/responses';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { bothWays, type BothWays, type Side } from '../support/both-ways.ts';
import { deferred } from '../support/waiting.ts';

let both: BothWays;
beforeAll(async () => {
  both = await bothWays({ config: { cache: { enabled: false } } });
});
afterAll(() => both.stop());

const at = ({ url }: Side): OpenAI['responses'] =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: 'ollama', maxRetries: 0 }).responses;
const model = 'llama3.2';
const thinker = 'deepseek-r1:8b';
const input = 'Why does bread rise?';
const parameters = {
  type: 'object',
  properties: { city: { type: 'string' }, at: { type: 'string', description: 'When' } },
  required: ['city'],
  additionalProperties: false,
};
const tools: Tool[] = [
  { type: 'function', name: 'weather', description: 'Weather of a city', strict: true, parameters },
];
const calls = [
  { id: 'call_9', function: { name: 'weather', arguments: { z: 1, a: 2 } } },
  { id: 'call_10', function: { name: 'weather', arguments: {} } },
];
const before: ResponseInputItem[] = [
  { role: 'developer', content: 'Be kind.' },
  {
    role: 'user',
    content: [
      { type: 'input_text', text: 'Weather in ' },
      { type: 'input_text', text: 'Ulm?' },
    ],
  },
  { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'Look it up.' },
  { type: 'function_call', call_id: 'c', name: 'weather', arguments: '{"city":"Ulm"}' },
  { type: 'message', role: 'assistant', content: 'One moment.' },
  { type: 'function_call_output', call_id: 'c', output: [{ type: 'input_text', text: 'rain' }] },
];

async function all<T>(stream: Promise<AsyncIterable<T>>): Promise<T[]> {
  const parts: T[] = [];
  for await (const part of await stream) parts.push(part);
  return parts;
}

/** Without the events that Ollama leaves out; the test below says what for they are there. */
async function allOfOllamas(stream: Promise<AsyncIterable<ResponseStreamEvent>>): Promise<object[]> {
  const events = (await all(stream)).filter(({ type }) => !type.startsWith('response.reasoning_summary_part.'));
  return events.map((event, sequence_number) => ({ ...event, sequence_number }));
}

const CALLS: Record<string, (side: Side) => Promise<unknown>> = {
  'an answer': (side) => at(side).create({ model, input }),
  'an answer, streamed': (side) => all(at(side).create({ model, input, stream: true })),
  'what the helper makes of a stream': (side) => at(side).stream({ model, input }).finalResponse(),
  'all that an answer repeats of its request': (side) =>
    at(side).create({
      model,
      input,
      instructions: 'Be brief.',
      temperature: 0,
      top_p: 0.5,
      max_output_tokens: 3,
      truncation: 'auto',
      background: false,
      store: true,
      previous_response_id: 'resp_1',
      metadata: { a: 'b' },
      tool_choice: 'required',
      tools,
    }),
  'a thought': (side) => at(side).create({ model: thinker, input, reasoning: { effort: 'high', summary: 'auto' } }),
  'a thought, streamed': (side) =>
    allOfOllamas(at(side).create({ model: thinker, input, reasoning: { effort: 'low' }, stream: true })),
  'tools that are called': (side) => {
    side.fake.next({ pieces: [{ thinking: 'Hm.' }, { tool_calls: calls }] });
    return at(side).create({ model, input, tools });
  },
  'tools that are called, streamed': (side) => {
    side.fake.next({ pieces: [{ thinking: 'Hm.' }, { tool_calls: calls }] });
    return allOfOllamas(at(side).create({ model, input, tools, stream: true }));
  },
  'tools of a namespace': (side) =>
    at(side).create({ model, input, tools: [{ type: 'namespace', name: 'sky', description: '', tools } as Tool] }),
  'a conversation with what was said before': (side) => at(side).create({ model, input: before, tools }),
  'structured output': async (side) => {
    side.fake.next({ pieces: ['{"answer"', ':"yeast"}'] });
    const format = zodTextFormat(z.object({ answer: z.string() }), 'answer');
    const answer = await at(side).parse({ model, input, text: { format } });
    return [answer, answer.output_parsed];
  },
  'a picture': (side) =>
    at(side).create({
      model: 'gemma3',
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'What is it?' },
            { type: 'input_image', detail: 'auto', image_url: 'data:image/png;base64,aGVsbG8=' },
          ],
        },
      ],
    }),
  'nothing to answer, which loads the model': (side) => at(side).create({ model, input: '' }),
  'nothing to answer, streamed': (side) => all(at(side).create({ model, input: [], stream: true })),
  'an unknown model': (side) => at(side).create({ model: 'nope', input }),
  'an unknown model, streamed': (side) => all(at(side).create({ model: 'nope', input, stream: true })),
  'a model that cannot think': (side) => at(side).create({ model, input, reasoning: { effort: 'low' } }),
  'an effort that is none': (side) => at(side).create({ model, input, reasoning: { effort: 'lots' as 'low' } }),
  'a file': (side) =>
    at(side).create({ model, input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'file_1' }] }] }),
  'an item that is none': (side) =>
    at(side).create({ model, input: [{ type: 'nothing' } as unknown as ResponseInputItem] }),
  'a failure before the first piece': (side) => {
    side.fake.next({ fail: { status: 500, error: 'model runner has unexpectedly stopped' } });
    return at(side).create({ model, input, stream: true });
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
      const stream = await at(side).create({ model, input, stream: true });
      const got: string[] = [];
      for await (const { type } of stream) {
        got.push(type);
        if (got.filter((each) => each === 'response.output_text.delta').length === 2) stream.controller.abort();
      }
      await side.fake.until(({ active }) => active === 0, 500);
      go();
      return got;
    });
    expect(through).toEqual(direct);
  });
});

describe('better than Ollama’s own', () => {
  const through = (): OpenAI['responses'] => at({ url: both.hearth.url, fake: both.hearth.fake });

  test('a failure in the middle of a stream is thrown, and told as a failed response too', async () => {
    both.hearth.fake.next({ failAfter: { pieces: 2, error: 'the runner stopped' } });
    const seen: unknown[] = [];
    const read = async (): Promise<void> => {
      for await (const event of await through().create({ model, input, stream: true })) seen.push(event);
    };
    await expect(read()).rejects.toThrow(/the runner stopped/);
    expect(seen.at(-1)).toMatchObject({
      type: 'response.failed',
      sequence_number: seen.length - 1,
      response: { status: 'failed', error: { code: 'server_error', message: 'the runner stopped' } },
    });
  });

  test('an answer that Ollama stopped without a word says that it is incomplete', async () => {
    const stopped = { pieces: ['la', 'la'], endWithoutDone: true };
    const details = { status: 'incomplete', incomplete_details: { reason: 'incomplete' }, completed_at: null };
    both.hearth.fake.next(stopped);
    expect(await through().create({ model, input })).toMatchObject({ ...details, output_text: 'lala' });
    both.hearth.fake.next(stopped);
    const events = await all(through().create({ model, input, stream: true }));
    expect(events.at(-1)).toMatchObject({ type: 'response.incomplete', response: details });
  });

  test('a thought is told as a part, without which the helper fails', async () => {
    const stream = through().stream({ model: thinker, input, reasoning: { effort: 'low' } });
    const { output } = await stream.finalResponse();
    expect(output.map(({ type }) => type)).toEqual(['reasoning', 'message']);
    expect(output[0]).toMatchObject({ summary: [{ type: 'summary_text', text: expect.stringMatching(/\w/) }] });
  });

  test('a text before a call is closed, and each item has a place of its own', async () => {
    both.hearth.fake.next({ pieces: ['I look. ', { tool_calls: calls }] });
    const stream = through().stream({ model, input, tools });
    const places: unknown[] = [];
    stream.on('response.output_item.done', ({ output_index: at_, item }) => places.push([at_, item.type]));
    const { output } = await stream.finalResponse();
    expect(places).toEqual([
      [0, 'message'],
      [1, 'function_call'],
      [2, 'function_call'],
    ]);
    expect(output.map(({ type }) => type)).toEqual(['message', 'function_call', 'function_call']);
  });

  test('the tokens that Ollama had in its cache are told where it tells them', async () => {
    both.hearth.fake.next({ usage: { prompt_tokens: 40, completion_tokens: 2, cached_tokens: 32 } });
    const { usage } = await through().create({ model, input });
    expect(usage).toMatchObject({ input_tokens: 40, input_tokens_details: { cached_tokens: 32 }, total_tokens: 42 });
  });

  test('a full queue is the client’s RateLimitError, which it waits for by itself', async () => {
    const full = await bothWays({ config: { queue: { max_queue_size: 1 }, cache: { enabled: false } } });
    const client = at({ url: full.hearth.url, fake: full.hearth.fake });
    const gate = full.hearth.fake.gate();
    const held = ['a', 'b'].map((each) => client.create({ model, input: each }));
    await full.hearth.fake.until(({ active }) => active === 1);
    await expect.poll(() => full.hearth.backend.control.live().queue.queue_length).toBe(1);
    await expect(client.create({ model, input })).rejects.toBeInstanceOf(OpenAI.RateLimitError);
    gate.release();
    await Promise.all(held);
    await full.stop();
  });
});
