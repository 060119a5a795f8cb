// The promise: a kept answer's tool calls have new ids each time they are told, and a question that goes on with them is
// the same question whatever the ids were.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHearth, type Hearth } from '../../support/hearth.ts';

let hearth: Hearth;
beforeAll(async () => {
  hearth = await startHearth({
    fake: { models: [{ name: 'm', capabilities: ['completion', 'tools'] }] },
    config: { ollama: { model: 'm' } },
  });
});
afterAll(() => hearth.stop());

interface Call {
  readonly id?: string;
  readonly function: { readonly name: string };
}

const weather = { name: 'weather', arguments: { b: 1, a: 2 } };
const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } }];
/** In both forms: on each route the other one's is not read. */
const ask = (content: string): object => ({ model: 'm', messages: [{ role: 'user', content }], input: content, tools });

/** Every call in an answer of any form, streamed or whole. */
function callsIn(text: string): Call[] {
  const found: Call[] = [];
  for (const line of text.split('\n').map((each) => each.replace(/^data: /, ''))) {
    if (!line.startsWith('{')) continue;
    JSON.parse(line, (name, value: unknown) => {
      if (name === 'tool_calls' && Array.isArray(value)) found.push(...(value as Call[]));
      if (name === 'output' && Array.isArray(value)) found.push(...(value as Item[]).map(callOf));
      return value;
    });
  }
  return found;
}

/** A call in the form of OpenAI's Responses, of which the last event of a stream has all. */
interface Item {
  readonly call_id: string;
  readonly name: string;
  readonly arguments: string;
}

const callOf = ({ call_id: id, name, arguments: given }: Item): Call & { readonly arguments: string } => ({
  id,
  function: { name },
  arguments: given,
});

async function answered(path: string, body: object): Promise<{ cache: string | null; calls: Call[] }> {
  const response = await hearth.post(path, body);
  expect(response.status).toBe(200);
  return { cache: response.headers.get('x-cache'), calls: callsIn(await response.text()) };
}

const FORMS: readonly [form: string, path: string, more: object][] = [
  ['/api/chat, streamed', '/api/chat', { options: { temperature: 0 } }],
  ['/api/chat, whole', '/api/chat', { options: { temperature: 0 }, stream: false }],
  ['/v1, streamed', '/v1/chat/completions', { temperature: 0, stream: true }],
  ['/v1, whole', '/v1/chat/completions', { temperature: 0 }],
  ['Responses, streamed', '/v1/responses', { temperature: 0, stream: true }],
  ['Responses, whole', '/v1/responses', { temperature: 0 }],
  ['our own route, streamed', '/api/chat-optimized', { stream: true }],
  ['our own route, whole', '/api/chat-optimized', { stream: false }],
];

describe.each(FORMS)('%s', (form, path, more) => {
  test('new ids in every replay, and the rest as it was', async () => {
    hearth.fake.next({
      pieces: [
        {
          tool_calls: [
            { id: 'call_first', function: weather },
            { id: 'call_other', function: weather },
          ],
        },
      ],
    });
    const body = { ...ask(`ids: ${form}`), ...more };
    const told = [await answered(path, body), await answered(path, body), await answered(path, body)];
    expect(told.map(({ cache }) => cache)).toEqual(['MISS', 'HIT', 'HIT']);
    const ids = told.flatMap(({ calls }) => calls.map(({ id }) => id));
    expect(ids).toHaveLength(6);
    expect(new Set(ids).size).toBe(6);
    for (const id of ids) expect(id).toMatch(/^call_\w+$/);
    const rest = told.map(({ calls }) => calls.map(({ id: _id, ...each }) => JSON.stringify(each)));
    expect(rest[1]).toEqual(rest[0]);
    expect(rest[2]).toEqual(rest[0]);
  });

  test('calls that Ollama gave no id', async () => {
    hearth.fake.next({ pieces: [{ tool_calls: [{ function: weather }] }] });
    const body = { ...ask(`no ids: ${form}`), ...more };
    const told = [await answered(path, body), await answered(path, body)];
    const ids = told.flatMap(({ calls }) => calls.map(({ id }) => id));
    // OpenAI's form always has one.
    if (path.startsWith('/v1')) expect(new Set(ids).size).toBe(2);
    else expect(ids).toEqual([undefined, undefined]);
  });
});

describe('what goes on with calls', () => {
  const call = (id: string, city: string): object => ({ id, function: { name: 'weather', arguments: { city } } });
  const result = (id: string, content: string): object => ({ role: 'tool', content, tool_call_id: id });
  const goOn = (calls: object[], results: object[]): object => ({
    model: 'm',
    stream: false,
    options: { temperature: 0 },
    messages: [
      { role: 'user', content: 'Ulm and Bonn?' },
      { role: 'assistant', content: '', tool_calls: calls },
      ...results,
    ],
  });
  const first = goOn(
    [call('call_1', 'Ulm'), call('call_2', 'Bonn')],
    [result('call_1', 'rain'), result('call_2', 'sun')],
  );

  test('is one question whatever the ids', async () => {
    await answered('/api/chat', first);
    const other = goOn([call('x', 'Ulm'), call('y', 'Bonn')], [result('x', 'rain'), result('y', 'sun')]);
    expect((await answered('/api/chat', other)).cache).toBe('HIT');
  });

  test.each([
    ['the result of the other call', [result('call_2', 'rain'), result('call_1', 'sun')]],
    ['the result of no call', [result('call_1', 'rain'), result('call_3', 'sun')]],
  ])('is another with %s', async (_what, results) => {
    await answered('/api/chat', first);
    const other = goOn([call('call_1', 'Ulm'), call('call_2', 'Bonn')], results);
    expect((await answered('/api/chat', other)).cache).toBe('MISS');
  });
});
