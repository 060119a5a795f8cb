// GET /openapi.json tells the truth: a validator finds it well formed, every route is in it, and what a running gateway
// answers is what it says.
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DROP_IN_ROUTES, OWN_ROUTES } from '../../../backend/contract/routes.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';

interface Described {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}
interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, { readonly content?: Record<string, { schema: object }> }>>;
}

let hearth: Hearth;
let described: Described;
let ajv: Ajv2020;
beforeAll(async () => {
  hearth = await startHearth();
  described = (await (await hearth.get('/openapi.json')).json()) as Described;
  ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  ajv.addSchema({ $id: 'https://hearth.test/openapi.json', ...described });
});
afterAll(() => hearth.stop());

/** What is wrong with an answer, by the description of its route and status. */
async function wrongs(path: string, method: string, response: Response): Promise<unknown> {
  const content = described.paths[path]?.[method]?.responses[String(response.status)]?.content;
  const schema = content?.['application/json']?.schema;
  if (schema === undefined) return `no ${response.status} for ${method} ${path}`;
  // References stand for the whole document.
  const text = JSON.stringify(schema).replaceAll('"#/', '"https://hearth.test/openapi.json#/');
  const check = ajv.compile(JSON.parse(text) as object);
  return check(await response.json()) ? 'nothing' : check.errors;
}

describe('the description', () => {
  test('is well formed by the rules of OpenAPI 3.1', async () => {
    const result = await new Validator().validate(structuredClone(described) as never);
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
    expect(described.openapi).toBe('3.1.0');
    expect(described.info.version).toBe('0.0.0-test');
  });

  test('says how a key is shown, and what the front door may answer everywhere', () => {
    expect(described).toMatchObject({
      security: [{}, { bearer: [] }, { apiKey: [] }],
      components: { securitySchemes: { bearer: { scheme: 'bearer' }, apiKey: { name: 'x-api-key' } } },
    });
    for (const [path] of OWN_ROUTES.map((route) => [route.path.replace(/:(\w+)/g, '{$1}')])) {
      for (const operation of Object.values(described.paths[path ?? ''] ?? {}) as { responses?: object }[]) {
        if (operation.responses === undefined) continue;
        expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['401', '403', '429']));
      }
    }
  });

  test('says what a query may name', () => {
    const named = Object.entries(described.paths).flatMap(([path, operations]) =>
      Object.entries(operations).flatMap(([method, { parameters = [] }]) =>
        parameters.map(({ name, in: where }) => `${method} ${path} ${where} ${name}`),
      ),
    );
    expect(named.toSorted()).toEqual([
      'delete /api/chat-queue query batch',
      'delete /api/chat-queue query requestId',
      'delete /api/conversations/{id} query namespace',
      'delete /api/pulls query model',
      'delete /api/pulls query upstream',
      'get /api/chat-queue query after',
      'get /api/chat-queue query batch',
      'get /api/chat-queue query limit',
      'get /api/chat-queue query requestId',
      'get /api/conversations/{id} query namespace',
      'get /api/day query span',
      'get /api/requests query app',
      'get /api/requests query class',
      'get /api/requests query cursor',
      'get /api/requests query from',
      'get /api/requests query limit',
      'get /api/requests query model',
      'get /api/requests query q',
      'get /api/requests query source',
      'get /api/requests query status',
      'get /api/requests query to',
      'get /health query ready',
      'post /api/chat-queue query batch',
    ]);
  });

  test('has every route with every method, and no other', () => {
    const expected = [...OWN_ROUTES, ...DROP_IN_ROUTES].map(({ path, methods }) => [
      path.replace(/:(\w+)/g, '{$1}'),
      methods.map((method) => method.toLowerCase()).toSorted(),
    ]);
    const found = Object.entries(described.paths).map(([path, operations]) => [
      path,
      Object.keys(operations)
        .filter((name) => name !== 'parameters')
        .toSorted(),
    ]);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
  });
});

describe('a running gateway answers as described', () => {
  const messages = [{ role: 'user', content: 'hello' }];
  const remove = { method: 'DELETE' };
  const cancelBatch = async (): Promise<Response> => {
    await hearth.post('/api/chat-queue?batch=c', [{ messages: [{ role: 'user', content: 'another' }] }]);
    return fetch(`${hearth.url}/api/chat-queue?batch=c`, remove);
  };
  const asks: Record<string, [path: string, method: string, status: number, ask: () => Promise<Response>]> = {
    health: ['/health', 'get', 200, () => hearth.get('/health')],
    chat: ['/api/chat-optimized', 'post', 200, () => hearth.chat('hello')],
    'a kept chat': ['/api/chat-optimized', 'post', 200, () => hearth.chat('hello', { conversation_id: 'x' })],
    'a wrong chat': ['/api/chat-optimized', 'post', 400, () => hearth.post('/api/chat-optimized', {})],
    'an unknown model': ['/api/chat-optimized', 'post', 404, () => hearth.chat('hello', { model: 'nope' })],
    'handed in': ['/api/chat-queue', 'post', 202, () => hearth.post('/api/chat-queue', { messages, requestId: 'a' })],
    'its state': ['/api/chat-queue', 'get', 200, () => hearth.get('/api/chat-queue?requestId=a')],
    'a list handed in': ['/api/chat-queue', 'post', 202, () => hearth.post('/api/chat-queue?batch=b', [{ messages }])],
    'its batch': ['/api/chat-queue', 'get', 200, () => hearth.get('/api/chat-queue?batch=b')],
    'another one, cancelled': ['/api/chat-queue', 'delete', 200, cancelBatch],
    'the queue': ['/api/chat-queue', 'get', 200, () => hearth.get('/api/chat-queue')],
    'an unknown request': ['/api/chat-queue', 'get', 404, () => hearth.get('/api/chat-queue?requestId=b')],
    'too late': ['/api/chat-queue', 'delete', 409, () => fetch(`${hearth.url}/api/chat-queue?requestId=a`, remove)],
    conversation: ['/api/conversations/{id}', 'get', 200, () => hearth.get('/api/conversations/x')],
    forgotten: ['/api/conversations/{id}', 'delete', 200, () => fetch(`${hearth.url}/api/conversations/x`, remove)],
    'no conversation': ['/api/conversations/{id}', 'get', 404, () => hearth.get('/api/conversations/x')],
    'what has ended': ['/api/requests', 'get', 200, () => hearth.get('/api/requests')],
    'a wrong page of it': ['/api/requests', 'get', 400, () => hearth.get('/api/requests?limit=0')],
    'none with this id': ['/api/requests/{id}', 'get', 404, () => hearth.get('/api/requests/nobody')],
    statistics: ['/api/cache-stats', 'get', 200, () => hearth.get('/api/cache-stats')],
    warmed: ['/api/cache-stats', 'post', 200, () => hearth.post('/api/cache-stats', { action: 'warm_model' })],
    cleared: ['/api/cache-stats', 'post', 200, () => hearth.post('/api/cache-stats', { action: 'clear' })],
    'no such action': ['/api/cache-stats', 'post', 400, () => hearth.post('/api/cache-stats', { action: 'x' })],
  };

  test.each(Object.keys(asks))('%s', async (name) => {
    const [path, method, status, ask] = asks[name] as (typeof asks)[string];
    const response = await ask();
    expect(response.status).toBe(status);
    expect(await wrongs(path, method, response)).toBe('nothing');
  });
});
