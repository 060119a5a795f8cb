// LangChain's Ollama classes see through the gateway what they see of Ollama.
import { HumanMessage } from '@langchain/core/messages';
import { ChatOllama, Ollama, OllamaEmbeddings } from '@langchain/ollama';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { bothWays, type BothWays, type Side } from '../support/both-ways.ts';
import { deferred } from '../support/waiting.ts';

let both: BothWays;
beforeAll(async () => {
  both = await bothWays({ config: { cache: { enabled: false } } });
});
afterAll(() => both.stop());

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const chat = ({ url }: Side, more: object = {}): ChatOllama =>
  new ChatOllama({ baseUrl: url, model: 'llama3.2', maxRetries: 0, ...more });

const CALLS: Record<string, (side: Side) => Promise<unknown>> = {
  invoke: async (side) => {
    const {
      content,
      usage_metadata: usage,
      response_metadata: about,
    } = await chat(side).invoke('Why does bread rise?');
    return { content, usage, about };
  },
  stream: async (side) => {
    const parts: unknown[] = [];
    for await (const part of await chat(side).stream('Why does bread rise?')) parts.push(part.content);
    return parts;
  },
  thinking: async (side) => {
    const { content, additional_kwargs: more } = await chat(side, { model: 'deepseek-r1:8b', think: true }).invoke(
      'Why?',
    );
    return { content, more };
  },
  tools: async (side) => {
    side.fake.next({ pieces: [{ tool_calls: [{ function: { name: 'weather', arguments: { city: 'Ulm' } } }] }] });
    const tool = { name: 'weather', description: 'x', schema: z.object({ city: z.string() }) };
    const answer = await chat(side).bindTools([tool]).invoke('Does it rain?');
    return (answer.tool_calls ?? []).map(({ name, args }) => ({ name, args }));
  },
  'a picture': async (side) => {
    const url = `data:image/png;base64,${PIXEL}`;
    const content = [
      { type: 'text', text: 'What is it?' },
      { type: 'image_url', image_url: url },
    ];
    return (await chat(side).invoke([new HumanMessage({ content })])).content;
  },
  'structured output': async (side) => {
    side.fake.next({ pieces: ['{"answer"', ':"yeast"}'] });
    const asks = chat(side).withStructuredOutput(z.object({ answer: z.string() }), { method: 'jsonSchema' });
    return await asks.invoke('Why?');
  },
  'a text model': (side) => new Ollama({ baseUrl: side.url, model: 'llama3.2', maxRetries: 0 }).invoke('Hello'),
  embeddings: (side) =>
    new OllamaEmbeddings({ baseUrl: side.url, model: 'nomic-embed-text', maxRetries: 0 }).embedDocuments(['a', 'b']),
  'an unknown model': (side) => chat(side, { model: 'nope' }).invoke('x'),
  'a failure in the middle': async (side) => {
    side.fake.next({ failAfter: { pieces: 2, error: 'the runner stopped' } });
    return await chat(side).invoke('x');
  },
};

describe('the same, directly and through the gateway', () => {
  test.each(Object.keys(CALLS))('%s', async (name) => {
    const { direct, through } = await both.see(CALLS[name] as (side: Side) => Promise<unknown>);
    expect(through).toEqual(direct);
  });

  test('an aborted stream ends the run', async () => {
    const { direct, through } = await both.see(async (side) => {
      const { promise: until, resolve: go } = deferred();
      side.fake.next({ pauseAfter: { pieces: 2, until } });
      const leave = new AbortController();
      const got: unknown[] = [];
      try {
        for await (const part of await chat(side).stream('Why?', { signal: leave.signal })) {
          got.push(part.content);
          if (got.length === 2) leave.abort();
        }
      } catch {
        got.push('thrown');
      }
      // This client notices its signal at the next piece alone, on either side.
      go();
      await side.fake.until(({ active }) => active === 0, 2000);
      return got;
    });
    expect(through).toEqual(direct);
  });
});
