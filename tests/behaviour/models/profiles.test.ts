// Profiles: a name of one's own that every app finds among the models and can ask, in every dialect, and that is the same
// question as one that says all of it.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startHearth, type Hearth } from '../../support/hearth.ts';

let hearth: Hearth;
beforeEach(async () => {
  hearth = await startHearth({
    fake: {
      models: [
        { name: 'm', parameters: { num_ctx: 2048, top_k: 3 }, system: 'of the Modelfile' },
        { name: 'taken' },
        { name: 'e', capabilities: ['embedding'] },
      ],
    },
    config: {
      ollama: { model: 'fast', system_prompt: 'of everybody' },
      models: {
        fast: { model: 'm', options: { temperature: 0, num_ctx: 4096 }, system_prompt: 'Be brief.' },
        taken: { model: 'm', class: 'background' },
        vectors: { model: 'e' },
        lost: { model: 'nowhere' },
      },
    },
  });
});
afterEach(() => hearth.stop());

type Body = Record<string, unknown>;
const json = async (answer: Promise<Response>): Promise<Body> => (await (await answer).json()) as Body;
const messages = [{ role: 'user', content: 'hi' }];
const lastSent = (): Body => hearth.fake.chats().at(-1)?.body as Body;

describe('where clients look for models', () => {
  test('/api/tags has them as the model that they stand for, in the place of one of the same name', async () => {
    const { models } = (await json(hearth.get('/api/tags'))) as { models: Body[] };
    expect(models.map(({ name, model }) => [name, model])).toEqual([
      ['fast', 'fast'],
      ['taken', 'taken'],
      ['vectors', 'vectors'],
      ['m:latest', 'm:latest'],
      ['e:latest', 'e:latest'],
    ]);
    const direct = (await (await fetch(`${hearth.fake.url}/api/tags`)).json()) as { models: Body[] };
    const own = direct.models.find(({ name }) => name === 'm:latest');
    expect(models[0]).toEqual({ ...own, name: 'fast', model: 'fast' });
  });

  test('/v1/models and /v1/models/:name have them', async () => {
    const { data } = (await json(hearth.get('/v1/models'))) as { data: Body[] };
    expect(data.map(({ id }) => id)).toEqual(['fast', 'taken', 'vectors', 'm:latest', 'e:latest']);
    expect(await json(hearth.get('/v1/models/fast'))).toMatchObject({ id: 'fast', object: 'model' });
    expect((await hearth.get('/v1/models/lost')).status).toBe(404);
  });

  test('/api/show tells of their model with their own system prompt and options', async () => {
    const shown = await json(hearth.post('/api/show', { model: 'FAST:latest' }));
    expect(shown['system']).toBe('Be brief.');
    expect(shown['capabilities']).toEqual(['completion']);
    const lines = String(shown['parameters'])
      .split('\n')
      .map((line) => line.replace(/\s+/g, ' '));
    expect(lines).toEqual(['top_k 3', 'temperature 0', 'num_ctx 4096']);
    expect(await json(hearth.post('/api/show', { name: 'm' }))).toMatchObject({ system: 'of the Modelfile' });
    expect((await hearth.post('/api/show', { model: 'lost' })).status).toBe(404);
    expect((await hearth.post('/api/show', 'no JSON')).status).toBe(400);
  });

  test('health knows the model behind the default', async () => {
    const upstream = (): object => hearth.backend.control.live().health.upstream;
    await expect.poll(upstream).toMatchObject({ model: 'fast', model_available: true });
  });
});

describe('a request that names one', () => {
  test.each([
    ['/api/chat', { messages }],
    ['/v1/chat/completions', { messages }],
    ['/api/chat-optimized', { messages }],
    ['/api/generate', { prompt: 'hi' }],
    ['/v1/completions', { prompt: 'hi' }],
    ['/v1/responses', { input: 'hi' }],
    ['/v1/messages', { messages, max_tokens: 9 }],
  ])('%s runs its model with its options and its system prompt', async (path, body) => {
    const answer = await hearth.post(path, { model: 'fast', stream: false, ...body });
    expect(answer.status).toBe(200);
    const said = (await answer.json()) as Body;
    expect(said['model']).toBe(path === '/api/chat-optimized' ? 'm' : 'fast');
    const sent = lastSent();
    expect(sent).toMatchObject({ model: 'm', options: { temperature: 0, num_ctx: 4096 } });
    const system = (sent['messages'] as Body[] | undefined)?.[0]?.['content'] ?? sent['system'];
    expect(system).toBe('Be brief.');
  });

  test('keeps the system prompt that it brings, or brings by saying that it wants none', async () => {
    const own = [{ role: 'system', content: 'mine' }, ...messages];
    await hearth.post('/api/chat', { model: 'fast', messages: own, stream: false });
    expect(lastSent()['messages']).toEqual(own);
    await hearth.post('/api/chat-optimized', { model: 'fast', messages, system_prompt: '' });
    expect(lastSent()['messages']).toEqual(messages);
    await hearth.post('/api/chat-optimized', { model: 'm', messages });
    expect(lastSent()['messages']).toEqual([{ role: 'system', content: 'of everybody' }, ...messages]);
  });

  test('is the same question as one that says all of it, and is answered again in one go', async () => {
    const written = [{ role: 'system', content: 'Be brief.' }, ...messages];
    const options = { temperature: 0, num_ctx: 4096 };
    const first = await hearth.post('/api/chat', { model: 'fast', messages, stream: false });
    const same = await hearth.post('/api/chat', { model: 'm', messages: written, options, stream: false });
    for (const round of [1, 2, 3]) {
      const other = await hearth.post('/v1/chat/completions', { model: 'fast', messages });
      expect([round, other.headers.get('x-cache')]).toEqual([round, 'HIT']);
      expect(((await other.json()) as Body)['model']).toBe('fast');
      expect(other.headers.get('x-cache-key')).toBe(first.headers.get('x-cache-key'));
    }
    expect(same.headers.get('x-cache-key')).toBe(first.headers.get('x-cache-key'));
    expect(hearth.fake.chats()).toHaveLength(1);
  });

  test('may want vectors, a load, a warm-up, an unload, or a route that nobody here knows', async () => {
    const { embeddings } = await json(hearth.post('/api/embed', { model: 'vectors', input: 'a' }));
    expect(embeddings).toHaveLength(1);
    expect(await json(hearth.post('/api/chat', { model: 'fast' }))).toMatchObject({
      done_reason: 'load',
      model: 'fast',
    });
    expect(hearth.fake.loaded().map(({ name }) => name)).toContain('m:latest');
    await hearth.post('/api/generate', { model: 'fast', keep_alive: 0 });
    await expect.poll(() => hearth.fake.loaded().map(({ name }) => name)).not.toContain('m:latest');
    const warmed = await json(hearth.post('/api/cache-stats', { action: 'warm_model', data: { model: 'fast' } }));
    expect(warmed).toMatchObject({ success: true, model: 'm' });
    await hearth.post('/v1/new-thing', { model: 'fast', words: 1 });
    expect(hearth.fake.calls.at(-1)).toMatchObject({ path: '/v1/new-thing', body: { model: 'm', words: 1 } });
  });

  test('stands in line with its class, unless the request says another one itself', async () => {
    const classOf = async (more: object, headers = {}): Promise<string | null> => {
      const answer = await hearth.post('/v1/chat/completions', { model: 'taken', messages, ...more }, { headers });
      return answer.headers.get('x-queue-class');
    };
    expect(await classOf({})).toBe('background; by="profile taken"');
    expect(await classOf({}, { 'x-queue-priority': 'interactive' })).toBe('interactive; by="the request"');
    const tools = [{ type: 'web_search_20250305', name: 'web_search' }];
    const handedOn = await hearth.post('/v1/messages', { model: 'taken', messages, max_tokens: 9, tools });
    expect(handedOn.headers.get('x-queue-class')).toBe('background; by="profile taken"');
    const chat = await hearth.chat('hi', { model: 'taken', use_cache: false });
    expect(chat.headers.get('x-queue-class')).toBe('background; by="profile taken"');
  });

  test.each(['TAKEN:latest', ' taken\n', 'ta\u212Aen'])(
    'is told as the settings name it, also for %j',
    async (model) => {
      const answer = await hearth.post('/v1/chat/completions', { model, messages });
      expect([answer.status, answer.headers.get('x-queue-class')]).toEqual([200, 'background; by="profile taken"']);
    },
  );

  test('fails by the name of a model that is not there', async () => {
    const answer = await hearth.post('/api/chat', { model: 'lost', messages });
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('nowhere');
  });
});

test('without profiles the list of models goes through as it came', async () => {
  hearth.backend.configure(hearth.config({}));
  const [through, direct] = await Promise.all([hearth.get('/api/tags'), fetch(`${hearth.fake.url}/api/tags`)]);
  expect(await through.text()).toBe(await direct.text());
});
