// The promise: a page or a name from elsewhere is refused before any work, and an allowed page can read everything.
// On real sockets, since odd Host headers come from no client library. The rules one by one are in unit/guard.test.ts.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'smol-toml';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../../backend/contract/errors.ts';
import { EXPOSED_HEADERS } from '../../../backend/http/door/guard.ts';
import { exchange, openDoor, type Door } from '../../support/door.ts';

let door: Door;
let worked = 0;

beforeEach(async () => {
  worked = 0;
  door = await openDoor((req) => {
    worked += 1;
    if (req.url === '/broken') throw new AppError('upstream_failed', 'Ollama is out.');
    return 'inside';
  });
});
afterEach(() => door.close());

const PAGE = 'http://localhost:3000';
/** Header lines between the request line and the empty line. */
const ask = (...lines: string[]): Promise<string> =>
  exchange(door.port, ['GET / HTTP/1.1', ...lines, 'Connection: close', '', ''].join('\r\n'));
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);

describe('Host on the wire', () => {
  test('localhost, 127.0.0.1 and [::1] with this port reach the inside', async () => {
    for (const name of ['localhost', 'LOCALHOST.', 'x.localhost', '127.0.0.1', '[::1]']) {
      expect(statusOf(await ask(`Host: ${name}:${door.port}`))).toBe(200);
    }
    expect(worked).toBe(5);
  });

  test.each([
    ['a foreign name (DNS rebinding)', () => [`Host: evil.com:${door.port}`]],
    ['another port, from a page', () => [`Host: localhost:${door.port + 1}`, `Origin: ${PAGE}`]],
    ['no port, from a browser', () => ['Host: localhost', 'Sec-Fetch-Mode: navigate']],
    ['an empty one', () => ['Host:']],
    ['two, the good one first', () => [`Host: localhost:${door.port}`, 'Host: evil.com']],
    ['two, the good one last', () => ['Host: evil.com', `Host: localhost:${door.port}`]],
    ['two equal ones', () => [`Host: localhost:${door.port}`, `host: localhost:${door.port}`]],
    ['two names in one', () => [`Host: localhost:${door.port}, evil.com`]],
    ['a user name', () => [`Host: evil.com@localhost:${door.port}`]],
    ['bytes beyond ASCII', () => [`Host: l\u00f6calhost:${door.port}`]],
  ])('%s: 403 before any work', async (_name, lines) => {
    const answer = await ask(...lines());
    expect(statusOf(answer)).toBe(403);
    expect(answer).toContain('"code":"host_not_allowed"');
    expect(worked).toBe(0);
  });

  test('a target with a host in it is the host, whatever the header says', async () => {
    const to = (target: string, header: string): Promise<string> =>
      exchange(door.port, `GET ${target} HTTP/1.1\r\nHost: ${header}\r\nConnection: close\r\n\r\n`);
    const own = `localhost:${door.port}`;
    for (const foreign of ['http://evil.com/', `http://evil.com:${door.port}`, `HTTP://evil.com@${own}/`, 'http:///']) {
      expect([foreign, statusOf(await to(foreign, own))]).toEqual([foreign, 403]);
    }
    expect(worked).toBe(0);
    expect(statusOf(await to(`http://${own}/`, 'evil.com'))).toBe(200);
    // The path is that of the target, also where none is written.
    expect(statusOf(await to(`http://${own}/broken`, own))).toBe(502);
    expect(statusOf(await to(`http://${own}?x`, own))).toBe(200);
  });

  test('a program may say another port, or none', async () => {
    expect(statusOf(await ask(`Host: localhost:${door.port + 1}`))).toBe(200);
    expect(statusOf(await ask('Host: 127.0.0.1'))).toBe(200);
  });

  test('a missing Host is 400 in HTTP/1.1, and fine in HTTP/1.0 unless a browser asks', async () => {
    expect(statusOf(await ask())).toBe(400);
    expect(statusOf(await exchange(door.port, 'GET / HTTP/1.0\r\nSec-Fetch-Site: none\r\n\r\n'))).toBe(403);
    expect(worked).toBe(0);
    expect(statusOf(await exchange(door.port, 'GET / HTTP/1.0\r\n\r\n'))).toBe(200);
  });

  test('it stays on when everybody may connect', async () => {
    const open = await openDoor(() => 'inside', { server: { lan: true, allow_anonymous: true } });
    const answer = await exchange(
      open.port,
      `GET / HTTP/1.1\r\nHost: evil.com:${open.port}\r\nConnection: close\r\n\r\n`,
    );
    expect(statusOf(answer)).toBe(403);
    await open.close();
  });
});

const call = (origin: string | undefined, init: RequestInit = {}, path = '/'): Promise<Response> =>
  fetch(door.url + path, {
    ...init,
    headers: { ...init.headers, ...(origin === undefined ? {} : { Origin: origin }) },
  });

describe('Origin on the wire', () => {
  test.each(['null', 'https://evil.com', 'http://localhost.evil.com'])('%s: 403 before any work', async (origin) => {
    // Neither of these would be preceded by a preflight: a browser sends them at once and hides only the answer.
    for (const init of [
      {},
      { method: 'POST', body: '{"action":"clear"}', headers: { 'Content-Type': 'text/plain' } },
    ]) {
      const response = await call(origin, init);
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ code: 'origin_not_allowed', retryable: false });
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
      expect(response.headers.get('vary')).toBe('Origin');
    }
    expect(worked).toBe(0);
  });

  test('two Origin lines are refused', async () => {
    const answer = await ask(`Host: localhost:${door.port}`, `Origin: ${PAGE}`, 'Origin: https://evil.com');
    expect(statusOf(answer)).toBe(403);
    expect(worked).toBe(0);
  });

  test('an allowed page gets its exact origin once, may read our headers, and sends no cookies', async () => {
    const answer = await ask(`Host: localhost:${door.port}`, `Origin: ${PAGE}`);
    expect(answer.match(/^access-control-allow-origin:.*$/gim)).toEqual([`Access-Control-Allow-Origin: ${PAGE}`]);
    expect(answer).toContain(`Access-Control-Expose-Headers: ${EXPOSED_HEADERS.join(', ')}`);
    expect(answer).toMatch(/^Vary: Origin\r$/m);
    expect(answer).not.toMatch(/credentials/i);
  });

  test('errors too can be read by an allowed page, also that of a wrong Host', async () => {
    const response = await call(PAGE, {}, '/broken');
    expect(response.status).toBe(502);
    expect(response.headers.get('access-control-allow-origin')).toBe(PAGE);
    expect(response.headers.get('access-control-expose-headers')).toContain('X-Request-ID');
    const answer = await ask('Host: evil.com', `Origin: ${PAGE}`);
    expect(statusOf(answer)).toBe(403);
    expect(answer).toContain(`Access-Control-Allow-Origin: ${PAGE}`);
  });

  test('without an Origin there are no CORS headers, but caches are told that it matters', async () => {
    const response = await call(undefined);
    expect(response.status).toBe(200);
    expect(response.headers.get('vary')).toBe('Origin');
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

const preflight = (origin: string, headers: Record<string, string> = {}): Promise<Response> =>
  call(origin, { method: 'OPTIONS', headers: { 'Access-Control-Request-Method': 'POST', ...headers } });

describe('preflight', () => {
  test('an allowed page is told what it may do', async () => {
    const response = await preflight(PAGE, { 'Access-Control-Request-Headers': 'content-type, x-stainless-os,x-any' });
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': PAGE,
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
      'access-control-allow-headers': 'content-type, x-stainless-os,x-any',
      'access-control-max-age': '600',
      vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers, Access-Control-Request-Private-Network',
    });
    expect(response.headers.has('access-control-allow-private-network')).toBe(false);
    expect(response.headers.has('access-control-allow-credentials')).toBe(false);
    expect(worked).toBe(0);
  });

  test('the private network is opened only when asked for', async () => {
    for (const [asked, told] of [
      ['true', 'true'],
      ['false', null],
    ] as const) {
      const response = await preflight(PAGE, { 'Access-Control-Request-Private-Network': asked });
      expect(response.headers.get('access-control-allow-private-network')).toBe(told);
    }
  });

  test('a foreign page gets nothing', async () => {
    const response = await preflight('https://evil.com', { 'Access-Control-Request-Private-Network': 'true' });
    expect(response.status).toBe(403);
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test.each([
    ['not tokens', 'content-type, x y'],
    ['an empty name', 'content-type,,x-any'],
    ['a name with a colon', 'x-any: 1'],
    ['far too long', `${'x'.repeat(5000)}`],
  ])('requested headers that are %s are not echoed', async (_name, requested) => {
    const response = await preflight(PAGE, { 'Access-Control-Request-Headers': requested });
    expect(response.status).toBe(204);
    expect(response.headers.has('access-control-allow-headers')).toBe(false);
  });

  test('OPTIONS that is no preflight goes on to the route', async () => {
    expect(await (await call(PAGE, { method: 'OPTIONS' })).text()).toBe('inside');
    expect(await (await call(undefined, { method: 'OPTIONS' })).text()).toBe('inside');
    expect(worked).toBe(2);
  });
});

test('what docs/security.md gives for browser extensions lets them in', async () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../../docs/security.md'), 'utf8');
  const toml = /### Browser extensions\n[^]*?```toml\n([^]*?)```/.exec(page)?.[1] ?? '';
  const { cors } = parse(toml) as { cors: object };
  const open = await openDoor(() => 'inside', { cors });
  const ask = async (origin: string): Promise<number> => (await fetch(open.url, { headers: { origin } })).status;
  expect([
    await ask('chrome-extension://abcdefghijklmnopabcdefghijklmnop'),
    await ask('moz-extension://0b9a8f2e-6d1c-4e1f-9a57-3c1d2b4f5a60'),
    await ask('https://chrome-extension.example'),
    await ask('null'),
  ]).toEqual([200, 200, 403, 403]);
  await open.close();
});
