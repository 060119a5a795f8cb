// The one table of routes: which row stands for which address, and what follows from it at the router.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { dialectOf, OWN_ROUTES, routeOf, ROUTES } from '../../../backend/contract/routes.ts';
import { isManagement } from '../../../backend/http/door/management.ts';
import { Arrival } from '../../../backend/http/wire/arrival.ts';
import { createRouter, type Handlers } from '../../../backend/http/router.ts';

/** An address that a row stands for. */
const addressOf = (path: string): string => path.replace(/:\w+$/, (name) => (name === ':rest' ? 'others' : 'mine'));

describe('the table of routes', () => {
  test.each(ROUTES)('finds the row of $path by an address of it', (route) => {
    expect(routeOf(addressOf(route.path))).toBe(route);
    expect(dialectOf(addressOf(route.path))).toBe(route.dialect);
  });

  test.each([
    ['/API/Chat-Optimized/', '/api/chat-optimized'],
    ['/api/conversations', '/api/conversations/:id'],
    ['/api/conversations/a/b', '/api/conversations/:id'],
    ['/v1/models/hf.co/a/b', '/v1/models/:name'],
    ['/v1/messages/count_tokens', '/v1/messages/count_tokens'],
    ['/v1/messages/batches', '/v1/messages/:rest'],
    ['/api/chat/', '/api/:rest'],
    ['/api/', '/api/:rest'],
    ['/v1/', '/v1/:rest'],
    ['/v1/messages/', '/v1/messages/:rest'],
    ['/api/blobs/sha256:00', '/api/blobs/:digest'],
    ['/API/chat', undefined],
    ['/v2/chat', undefined],
  ])('takes %s for %s', (path, row) => expect(routeOf(path)?.path).toBe(row));

  test('takes a doubled slash for one, as Ollama does, but only to know who is spoken to', () => {
    expect(dialectOf('//api//chat')).toBe('ollama');
    expect(routeOf('//api//chat')).toBeUndefined();
  });

  test.each(ROUTES.filter(({ does }) => does === 'manage'))('has $path for programs of this machine', ({ path }) => {
    expect(isManagement('POST', addressOf(path))).toBe(true);
    expect(isManagement('POST', addressOf(path).toUpperCase())).toBe(true);
    expect(isManagement('GET', addressOf(path))).toBe(false);
  });
});

describe('the router', () => {
  const told: string[] = [];
  const handler = (name: string) => async (): Promise<void> => void told.push(name);
  const handlers = Object.fromEntries(
    ROUTES.filter(({ by }) => by === 'hearth').map(({ path, methods }) => [
      path,
      Object.fromEntries(methods.map((method) => [method, handler(`${method} ${path}`)])),
    ]),
  ) as unknown as Handlers;

  /** What becomes of a request. */
  async function asked(method: string, url: string): Promise<string | undefined> {
    const headers: string[] = [];
    const res = { setHeader: (name: string, value: string) => headers.push(`${name}: ${value}`) };
    await new Promise<void>((resolve, reject) => {
      const route = createRouter(handlers, handler('handed on'), (req, response, found) => {
        found(req, response, new Arrival('id', undefined)).then(resolve, reject);
      });
      route({ method, url, headers: {} } as IncomingMessage, res as unknown as ServerResponse);
    }).catch((error: Error) => told.push(error.message, ...headers));
    return told.splice(0).join(' ');
  }

  // So that a row that is added here goes to no one else.
  test.each(ROUTES.filter(({ by }) => by === 'hearth'))('finds the handlers of $path', async ({ path, methods }) => {
    for (const method of methods) {
      expect(await asked(method, addressOf(path))).toBe(`${method} ${path}`);
      expect(await asked(method, `${addressOf(path)}?a=b`)).toBe(`${method} ${path}`);
    }
  });

  test.each(ROUTES.filter(({ by }) => by === 'ollama'))('hands $path on', async ({ path }) => {
    expect(await asked('POST', addressOf(path))).toBe('handed on');
  });

  test.each(OWN_ROUTES)('refuses another method on $path, in any spelling', async ({ path, methods }) => {
    const refusal = `PATCH is not possible on ${path}. Use ${methods.join(' or ')}. Allow: ${methods.join(', ')}`;
    expect(await asked('PATCH', addressOf(path))).toBe(refusal);
    expect(await asked('PATCH', `${addressOf(path).toUpperCase()}/`)).toBe(refusal);
  });

  test('hands on other methods on a route of a dialect, since Ollama has its own words for them', async () => {
    expect(await asked('GET', '/api/chat')).toBe('handed on');
    expect(await asked('POST', '/v1/models/llama3.2')).toBe('handed on');
  });

  test('names our routes where there is none', async () => {
    expect(await asked('GET', '/chat')).toContain('There is no GET /chat here. The routes are /health, /api/chat-opt');
    expect(await asked('POST', '/api/conversations')).toContain('There is no POST /api/conversations here');
  });
});
