// The AI SDK with its Ollama provider sees through the gateway what it sees of Ollama.
import { embedMany, generateObject, generateText, streamText, tool, type ToolSet } from 'ai';
import { createOllama } from 'ollama-ai-provider-v2';
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
const at = ({ url }: Side): ReturnType<typeof createOllama> => createOllama({ baseURL: `${url}/api` });
const prompt = 'Why does bread rise?';

const CALLS: Record<string, (side: Side) => Promise<unknown>> = {
  generateText: async (side) => {
    const { text, finishReason, usage } = await generateText({ model: at(side)('llama3.2'), prompt, maxRetries: 0 });
    return { text, finishReason, usage };
  },
  streamText: async (side) => {
    const parts: string[] = [];
    for await (const part of streamText({ model: at(side)('llama3.2'), prompt }).textStream) parts.push(part);
    return parts;
  },
  thinking: async (side) => {
    const providerOptions = { ollama: { think: true } };
    const answer = await generateText({ model: at(side)('deepseek-r1:8b'), prompt, providerOptions, maxRetries: 0 });
    return { text: answer.text, thought: answer.reasoningText };
  },
  tools: async (side) => {
    side.fake.next({ pieces: [{ tool_calls: [{ function: { name: 'weather', arguments: { city: 'Ulm' } } }] }] });
    // The provider's types were not written with exactOptionalPropertyTypes in mind.
    const tools = {
      weather: tool({ description: 'x', inputSchema: z.object({ city: z.string() }) }),
    } as unknown as ToolSet;
    const answer = await generateText({ model: at(side)('llama3.2'), prompt, tools, maxRetries: 0 });
    return answer.toolCalls.map(({ toolName, input }) => ({ toolName, input }));
  },
  'a picture': async (side) => {
    const content = [
      { type: 'text' as const, text: 'What is it?' },
      { type: 'image' as const, image: PIXEL },
    ];
    const messages = [{ role: 'user' as const, content }];
    return (await generateText({ model: at(side)('llama3.2'), messages, maxRetries: 0 })).text;
  },
  'structured output': async (side) => {
    side.fake.next({ pieces: ['{"answer"', ':"yeast"}'] });
    const schema = z.object({ answer: z.string() });
    return (await generateObject({ model: at(side)('llama3.2'), prompt, schema, maxRetries: 0 })).object;
  },
  embeddings: async (side) => {
    const model = at(side).textEmbeddingModel('nomic-embed-text');
    return (await embedMany({ model, values: ['a', 'b'], maxRetries: 0 })).embeddings;
  },
  'an unknown model': async (side) => await generateText({ model: at(side)('nope'), prompt, maxRetries: 0 }),
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
      const parts: string[] = [];
      const asked = { model: at(side)('llama3.2'), prompt, abortSignal: leave.signal };
      for await (const part of streamText(asked).textStream) {
        parts.push(part);
        if (parts.length === 2) leave.abort();
      }
      await side.fake.until(({ active }) => active === 0, 2000);
      go();
      return parts;
    });
    expect(through).toEqual(direct);
  });
});
