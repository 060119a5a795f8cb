// Ollama's replies as our events and lists: nothing known is lost, nothing unknown is dropped, any age of server is read.
import { describe, expect, test } from 'vitest';
import type { ChatEvent } from '../../../backend/contract/chat/chat.ts';
import { AppError } from '../../../backend/contract/errors.ts';
import {
  embedSchema,
  modelfileSchema,
  parametersSchema,
  psSchema,
  tagsSchema,
  versionSchema,
} from '../../../backend/upstream/replies.ts';
import { eventsIn } from '../../../backend/upstream/reply.ts';

const NOW = Date.UTC(2026, 0, 2);
const events = (chunk: Record<string, unknown>): ChatEvent[] => [...eventsIn('chat', chunk, () => NOW)];
const NO_METRICS = {
  total_duration: 0,
  load_duration: 0,
  prompt_eval_count: 0,
  prompt_eval_duration: 0,
  eval_count: 0,
  eval_duration: 0,
};

describe('a line of /api/chat', () => {
  const known = { model: 'm', created_at: '2026-01-01T00:00:00.123456789Z', done: false };

  test('texts, each in its own field', () => {
    expect(events({ ...known, message: { role: 'assistant', content: 'a', thinking: 'b' } })).toEqual([
      { type: 'piece', piece: { content: 'a', thinking: 'b' } },
    ]);
  });

  test('a line without news is an empty piece, since routes that show chunks show it too', () => {
    const empty = { role: 'assistant', content: '', thinking: null, tool_calls: null };
    for (const message of [undefined, null, {}, empty, { content: null, tool_calls: [] }]) {
      expect(events({ ...known, message })).toEqual([{ type: 'piece', piece: { content: '', thinking: '' } }]);
    }
  });

  test('tool calls keep the order of their arguments and what we do not know of', () => {
    const text =
      '{"id":"call_1","x":1,"function":{"index":0,"name":"f","arguments":{"z":1,"a":{"y":1,"b":2}},"strict":true}}';
    const [event] = events({ ...known, message: { content: '', tool_calls: [JSON.parse(text)] } });
    expect(event?.type === 'piece' && JSON.stringify(event.piece.tool_calls?.[0])).toBe(text);
  });

  test('a call without arguments has none', () => {
    const none = [undefined, null, '', ' ', 'null', '{}'];
    for (const called of none.map((given) => ({ name: 'now', arguments: given }))) {
      expect(events({ ...known, message: { tool_calls: [{ function: called }] } })).toEqual([
        {
          type: 'piece',
          piece: { content: '', thinking: '', tool_calls: [{ function: { name: 'now', arguments: {} } }] },
        },
      ]);
    }
  });

  test('arguments that come as a JSON text are read, in their order, whatever their names', () => {
    const text = '{"z":1,"a":{"y":[1,null],"b":"é\\n"},"__proto__":2}';
    const [event] = events({ ...known, message: { tool_calls: [{ function: { name: 'f', arguments: text } }] } });
    expect(event?.type === 'piece' && JSON.stringify(event.piece.tool_calls?.[0]?.function.arguments)).toBe(text);
  });

  test('the last line may bring content and tool calls: first the piece, then the end', () => {
    const calls = [{ function: { name: 'f', arguments: { a: 1 } } }];
    const chunk = {
      ...known,
      message: { role: 'assistant', content: 'last', tool_calls: calls },
      done: true,
      done_reason: 'length',
      total_duration: 5,
      load_duration: 4,
      prompt_eval_count: 3,
      prompt_eval_duration: 2,
      eval_count: 1,
      eval_duration: 9,
    };
    expect(events(chunk)).toEqual([
      { type: 'piece', piece: { content: 'last', thinking: '', tool_calls: calls, last: true } },
      {
        type: 'end',
        end: {
          created_at: known.created_at,
          done_reason: 'length',
          metrics: {
            total_duration: 5,
            load_duration: 4,
            prompt_eval_count: 3,
            prompt_eval_duration: 2,
            eval_count: 1,
            eval_duration: 9,
          },
          joined: true,
        },
      },
    ]);
  });

  test('an end that says little is filled in', () => {
    expect(events({ done: true, total_duration: null, eval_count: 'many' })).toEqual([
      {
        type: 'end',
        end: { created_at: new Date(NOW).toISOString(), done_reason: 'stop', metrics: NO_METRICS },
      },
    ]);
  });

  test('unknown fields survive, in a line of their own too', () => {
    const extra = { logprobs: [{ token: 'a', logprob: -0.1 }], remote_model: 'big', remote_host: 'https://x', n: null };
    expect(events({ ...known, ...extra, message: { content: '' } })).toEqual([
      { type: 'piece', piece: { content: '', thinking: '', extra } },
    ]);
    expect(events({ ...known, message: { role: 'assistant', content: 'a', images: ['b'] } })).toEqual([
      { type: 'piece', piece: { content: 'a', thinking: '', extra: { message: { images: ['b'] } } } },
    ]);
  });

  test('unknown fields of the last line are the end’s', () => {
    const [piece, end] = events({ message: { content: 'a', mood: 'good' }, done: true, remote_host: 'x' });
    expect(piece).toEqual({ type: 'piece', piece: { content: 'a', thinking: '', last: true } });
    expect(end).toMatchObject({ type: 'end', end: { extra: { remote_host: 'x', message: { mood: 'good' } } } });
  });

  test('a field of the wrong type is refused, not dropped', () => {
    const wrong = [
      'text',
      [],
      { content: ['a'] },
      { content: 3 },
      { thinking: {} },
      { tool_calls: {} },
      { tool_calls: ['f'] },
      { tool_calls: [null] },
      { tool_calls: [{}] },
      { tool_calls: [{ function: { arguments: {} } }] },
      ...['{"a":1', '[1]', '"text"', '5', 'true'].map((given) => ({
        tool_calls: [{ function: { name: 'f', arguments: given } }],
      })),
    ];
    for (const message of wrong) {
      expect(() => events({ ...known, message }), `${JSON.stringify(message)}`).toThrow(AppError);
    }
  });
});

/** How the time of a loaded model is read. */
function at(expires_at: unknown): number | undefined {
  return psSchema.parse({ models: [{ name: 'a', expires_at }] })[0]?.expires_at;
}

describe('lists', () => {
  test('/api/tags of a new server', () => {
    const model = {
      name: 'llama3.2:latest',
      model: 'llama3.2:latest',
      modified_at: '2026-01-01T00:00:00Z',
      size: 5,
      digest: 'ab',
      details: { family: 'llama', families: null, context_length: 4096 },
      capabilities: ['completion'],
    };
    expect(tagsSchema.parse({ models: [model] })).toEqual([
      {
        name: 'llama3.2:latest',
        digest: 'ab',
        size: 5,
        modified_at: '2026-01-01T00:00:00Z',
        capabilities: ['completion'],
        remote: false,
        details: model.details,
      },
    ]);
  });

  test('/api/tags of an old server, and of one that has nothing', () => {
    expect(tagsSchema.parse({ models: [{ name: 'a' }, { model: 'b', details: null, capabilities: null }] })).toEqual([
      { name: 'a', digest: '', size: 0, modified_at: '', remote: false, details: {} },
      { name: 'b', digest: '', size: 0, modified_at: '', remote: false, details: {} },
    ]);
    expect(tagsSchema.parse({ models: null })).toEqual([]);
    expect(tagsSchema.parse({ models: [{ digest: 'nameless' }] })).toEqual([]);
    expect(tagsSchema.safeParse({ data: [] }).success).toBe(false);
  });

  test('a model that runs elsewhere is remote', () => {
    const models = [
      { name: 'a', remote_host: 'https://ollama.com' },
      { name: 'b', remote_model: 'big' },
      { name: 'c', remote_host: '', remote_model: '' },
    ];
    expect(tagsSchema.parse({ models }).map(({ remote }) => remote)).toEqual([true, true, false]);
  });

  test('/api/ps with times of every kind', () => {
    expect(at('2026-01-01T02:00:00.123456789+02:00')).toBe(Date.UTC(2026, 0, 1, 0, 0, 0, 123));
    expect(at('2026-01-01T00:00:00Z')).toBe(Date.UTC(2026, 0, 1));
    expect(at('2318-04-10T15:10:05.999999999-07:00')).toBe(Date.UTC(2318, 3, 10, 22, 10, 5, 999));
    expect(at('0001-01-01T00:00:00Z')).toBeLessThan(0);
    expect([at(undefined), at(null), at('soon')]).toEqual([0, 0, 0]);
  });

  test('/api/ps of new and old servers', () => {
    const model = {
      model: 'a',
      digest: 'ab',
      size: 3,
      size_vram: 2,
      context_length: 4096,
      details: { families: null },
    };
    expect(psSchema.parse({ models: [model, { name: 'b', context_length: 0 }] })).toEqual([
      { name: 'a', digest: 'ab', size: 3, size_vram: 2, expires_at: 0, context_length: 4096 },
      { name: 'b', digest: '', size: 0, size_vram: 0, expires_at: 0 },
    ]);
    expect(psSchema.parse({ models: null })).toEqual([]);
  });

  test('/api/version', () => {
    expect(versionSchema.parse({ version: '0.33.0', more: 1 })).toBe('0.33.0');
    expect(versionSchema.safeParse({}).success).toBe(false);
  });
});

describe('a line of /api/generate', () => {
  const generated = (chunk: Record<string, unknown>): ChatEvent[] => [...eventsIn('generate', chunk, () => NOW)];
  const known = { model: 'm', created_at: '2026-01-01T00:00:00.123456789Z', done: false };

  test('the response is the content, the thinking stays in its own field', () => {
    expect(generated({ ...known, response: 'a', thinking: 'b' })).toEqual([
      { type: 'piece', piece: { content: 'a', thinking: 'b' } },
    ]);
  });

  test('context and other fields of the last line are kept', () => {
    const [end] = generated({ ...known, response: '', done: true, done_reason: 'stop', context: [1, 2], odd: true });
    expect(end).toMatchObject({ type: 'end', end: { done_reason: 'stop', extra: { context: [1, 2], odd: true } } });
  });
});

describe('answers in one piece', () => {
  test('vectors of /api/embed, with figures or without', () => {
    const figures = { total_duration: 3, load_duration: 2, prompt_eval_count: 1 };
    expect(embedSchema.parse({ model: 'm', embeddings: [[0.5, -1]], ...figures })).toEqual({
      vectors: [[0.5, -1]],
      ...figures,
    });
    expect(embedSchema.parse({ embeddings: null })).toMatchObject({ vectors: [], prompt_eval_count: 0 });
    expect(embedSchema.safeParse({ embeddings: [['x']] }).success).toBe(false);
  });

  const BLOB = 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53';
  const OTHER = BLOB.replace('b1', '1b');
  test.each([
    [
      'as Ollama writes it',
      `# Modelfile generated by "ollama show"\n# FROM m:latest\n\nFROM /var/lib/ollama/blobs/sha256-${BLOB}\nTEMPLATE x\n`,
      BLOB,
    ],
    ['of older servers, with a colon', `FROM /root/.ollama/models/blobs/sha256:${BLOB}\n`, BLOB],
    [
      'on Windows, in a path with a space',
      `FROM "C:\\Users\\Jo Doe\\.ollama\\models\\blobs\\sha256-${BLOB}"\r\n`,
      BLOB,
    ],
    ['with an adapter', `FROM /b/sha256-${BLOB}\nADAPTER /b/sha256-${OTHER}\nSYSTEM x`, `${BLOB} ${OTHER}`],
    ['with a projector', `FROM /b/sha256-${BLOB}\nFROM /b/sha256-${OTHER}\n`, `${BLOB} ${OTHER}`],
    ['with a FROM inside a text', `FROM /b/sha256-${BLOB}\nSYSTEM """Hm.\nFROM /b/sha256-${OTHER}\n"""`, BLOB],
    ['of a cloud model', 'FROM gpt-oss:120b-cloud\n', undefined],
    ['that is empty', '', undefined],
    ['that is not told', undefined, undefined],
  ])('the weights of a Modelfile %s', (_what, modelfile, weights) => {
    expect(modelfileSchema.parse({ modelfile }).weights).toBe(weights);
  });

  test('the parameters of a Modelfile are one name and value a line, stop words quoted and several', () => {
    const text = 'temperature                    0\nstop                           "<|end|>"\nstop   "a b"\n\nodd';
    expect([...parametersSchema.parse({ parameters: text })]).toEqual([
      ['temperature', ['0']],
      ['stop', ['<|end|>', 'a b']],
    ]);
    expect(parametersSchema.parse({}).size).toBe(0);
  });
});
