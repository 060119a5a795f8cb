// The fake's /v1/responses in the order of events of openai/responses.go, also where that is odd. What was recorded of a real
// one is fake-transcripts.test.ts; here are calls, which the recorded model never made.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startFakeOllama } from '../../support/fake-ollama/fake-ollama.ts';
import type { FakeOllama, ScriptedPiece } from '../../support/fake-ollama/fake-ollama.ts';
import { responsesEvents } from '../../support/strict-readers.ts';

let fake: FakeOllama;
beforeEach(async () => {
  fake = await startFakeOllama();
});
afterEach(() => fake.stop());

const call = { tool_calls: [{ id: 'c', function: { name: 'f', arguments: {} } }] };

async function ask(pieces: readonly ScriptedPiece[], stream: boolean): Promise<string> {
  fake.next({ pieces });
  const tools = [{ type: 'function', name: 'f' }];
  const body = JSON.stringify({ model: 'llama3.2', input: 'x', tools, stream });
  return (await fetch(`${fake.url}/v1/responses`, { method: 'POST', body })).text();
}

/** The events without those at both ends, and the place of each. */
const middle = (text: string): readonly string[] =>
  responsesEvents(text)
    .slice(2, -1)
    .map(({ type, output_index: at }) => `${String(at)} ${String(type).replace('response.', '')}`);

const CALL = ['output_item.added', 'function_call_arguments.delta', 'function_call_arguments.done', 'output_item.done'];
const at = (place: number): readonly string[] => CALL.map((type) => `${place} ${type}`);

test('a thought is closed before a call, and calls follow each other', async () => {
  expect(middle(await ask([{ thinking: 'Hm.' }, call, call], true))).toEqual([
    '0 output_item.added',
    '0 reasoning_summary_text.delta',
    '0 reasoning_summary_text.done',
    '0 output_item.done',
    ...at(1),
    ...at(2),
  ]);
});

test('a text before a call is never closed, shares its place, and stands behind it in the end', async () => {
  const text = await ask(['I look.', call, 'Unheard.'], true);
  expect(middle(text)).toEqual(['0 output_item.added', '0 content_part.added', '0 output_text.delta', ...at(0)]);
  expect(responsesEvents(text).at(-1)).toMatchObject({
    response: { output: [{ type: 'function_call' }, { type: 'message' }] },
  });
});

test('whole, the text of an answer that calls is left out', async () => {
  const { output } = JSON.parse(await ask(['I look.', call], false)) as { output: { type: string }[] };
  expect(output.map(({ type }) => type)).toEqual(['function_call']);
});
