// The promise: what is asked and answered is kept only while somebody watches closely, without secrets, for its owner alone, and when
// it is taken away it is in no file any more. On real sockets, with the files searched byte for byte.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Health } from '../../../backend/contract/views/control.ts';
import type { RequestBody, Watching } from '../../../backend/contract/views/request-body.ts';
import { addKey } from '../../../backend/core/access/api-keys.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';
import { eventually } from '../../support/waiting.ts';

const KEY = 'sk-proj-abcdefghijklmnopqrstuvwxyz0123456789';
const { secret, key } = addKey([], { name: 'app', scopes: ['chat'] }, new Date('2026-01-01T00:00:00Z'));
const APP = { 'x-forwarded-for': '203.0.113.7', authorization: `Bearer ${secret}` };

let folder: string;
let hearth: Hearth;
const start = async (): Promise<void> => {
  hearth = await startHearth({ dataFolder: folder, config: { server: { api_keys: [key] } } });
};
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-texts-'));
  await start();
});
afterEach(async () => {
  await hearth.stop();
  rmSync(folder, { recursive: true });
});

const json = async <T>(response: Response | Promise<Response>): Promise<T> => (await (await response).json()) as T;
const watch = (body: object = {}): Promise<Watching> => json(hearth.post('/api/requests/watch', body));
const health = (): Promise<Health> => json(hearth.get('/health'));
const bodyOf = (id: string, headers = {}): Promise<RequestBody> =>
  json(fetch(`${hearth.url}/api/requests/${id}/body`, { headers }));
const forget = (headers = {}): Promise<{ removed: number }> =>
  json(fetch(`${hearth.url}/api/requests/bodies`, { method: 'DELETE', headers }));

/** Asks, and gives the id of the request once it is answered. */
async function ask(content: string, headers = {}, path = '/api/chat-optimized'): Promise<string> {
  const messages = [{ role: 'user', content }];
  const answer = await hearth.post(
    path,
    { model: 'llama3.2', stream: path.startsWith('/api/chat-o'), messages },
    { headers },
  );
  await answer.text();
  return answer.headers.get('x-request-id') ?? '';
}

/** Whether a text stands in any file of the folder. */
function isOnDisk(text: string): boolean {
  return readdirSync(folder).some((name) => readFileSync(join(folder, name)).includes(text));
}

test('a request is kept with its answer from when somebody watches until that ends by itself', async () => {
  hearth.fake.always({ pieces: ['Yeast makes', ' gas.'] });
  const before = await bodyOf(await ask('Before'));
  expect(before.request?.text).toContain('Before');
  expect(before).toMatchObject({ answer: null, why: expect.stringContaining('"Watch closely"') as string });
  expect((await health()).watching_until).toBeUndefined();

  const { watching_until } = await watch();
  expect(Date.parse(watching_until ?? '') - hearth.clock.now()).toBeGreaterThan(9 * 60_000);
  expect((await health()).watching_until).toBe(watching_until);
  const during = await bodyOf(await ask('During'));
  expect(during.request).toMatchObject({ method: 'POST', path: '/api/chat-optimized', cut: 0 });
  expect(during.request?.text).toContain('During');
  expect(during.answer).toEqual({ text: 'Yeast makes gas.', bytes: 16, cut: 0 });
  expect(during.why).toBeUndefined();
  await eventually('it is written', () => isOnDisk('During'));
  expect(isOnDisk('Before')).toBe(false);

  hearth.clock.forward(10 * 60_000);
  expect((await health()).watching_until).toBeUndefined();
  expect(await bodyOf(await ask('After'))).toMatchObject({ answer: null });
});

test('a hit is kept as well while somebody watches, however often it comes', async () => {
  hearth.fake.always({ pieces: ['Yeast.'] });
  for (let i = 0; i < 3; i++) await ask('Bread?');
  await watch();
  const { request, answer } = await bodyOf(await ask('Bread?'));
  expect([request?.text.includes('Bread?'), answer?.text]).toEqual([true, 'Yeast.']);
});

test('no secret of a request or an answer reaches the disk', async () => {
  hearth.fake.always({ pieces: ['The key sk-proj-abcdef', 'ghijklmnopqrstuvwxyz', '0123456789 is yours.'] });
  await watch();
  const id = await ask(`Deploy with ${KEY}, {"password":"hunter2"} and https://me:pw1234@example.com`, {
    ...APP,
    'x-api-key': 'not-ours-either-123',
    // What the cache keeps is another matter.
    'x-cache-control': 'no-store',
  });
  const { request, answer } = await bodyOf(id);
  expect(answer?.text).toBe('The key ******** is yours.');
  expect(request?.headers).toMatchObject({ authorization: '********', 'x-api-key': '********' });
  expect(request?.text).toContain('Deploy with ********,');
  await eventually('it is written', () => isOnDisk('Deploy with'));
  for (const hidden of [KEY, KEY.slice(8, 20), 'hunter2', 'pw1234', secret, secret.slice(7, 20), 'not-ours-either']) {
    expect([hidden, isOnDisk(hidden)]).toEqual([hidden, false]);
  }
});

test('what is taken away is in no file any more, and each takes away its own', async () => {
  hearth.fake.always({ pieces: ['ANSWERED'] });
  await watch();
  // What the cache keeps is another matter.
  const mine = await ask('ASKED-BY-APP', { ...APP, 'x-cache-control': 'no-store' });
  const others = await ask('ASKED-HERE', { 'x-cache-control': 'no-store' });
  await eventually('both are written', () => isOnDisk('ASKED-BY-APP') && isOnDisk('ASKED-HERE'));
  expect((await bodyOf(others, APP)).request).toBeUndefined();
  expect((await bodyOf(mine)).request?.text).toContain('ASKED-BY-APP');

  expect(await forget(APP)).toEqual({ removed: 1 });
  expect([isOnDisk('ASKED-BY-APP'), isOnDisk('ASKED-HERE')]).toEqual([false, true]);
  expect(await forget()).toEqual({ removed: 1 });
  expect([isOnDisk('ASKED-HERE'), isOnDisk('ANSWERED')]).toEqual([false, false]);
  expect(await bodyOf(mine)).toMatchObject({
    request: null,
    answer: null,
    why: expect.stringContaining('gone') as string,
  });
});
