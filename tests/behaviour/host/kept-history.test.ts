// The promise: what happened is still known after a restart. The list of requests and the figures by model and caller are on
// the disk, without a word of a prompt or an answer; with cache.persist off they are in memory, and nothing is written.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RequestFact, RequestList } from '../../../backend/contract/views/control.ts';
import { openDatabase } from '../../../backend/storage/database.ts';
import { historyStore } from '../../../backend/storage/history-store.ts';
import { NO_LOG } from '../../support/builders.ts';
import { ManualClock } from '../../support/clocks.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';

let folder: string;
let hearth: Hearth;

async function start(persist = true): Promise<void> {
  hearth = await startHearth({ dataFolder: folder, config: { cache: { persist } } });
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-kept-'));
});
afterEach(async () => {
  await hearth.stop();
  rmSync(folder, { recursive: true });
});

const list = async (query = ''): Promise<RequestList> => (await (await hearth.get(`/api/requests${query}`)).json()) as RequestList; // prettier-ignore

/** Its answer is read to the end, so that the request has ended. */
async function ask(content: string, id: string, headers: Record<string, string> = {}): Promise<void> {
  await (await hearth.chat(content, {}, { headers: { 'x-request-id': id, ...headers } })).text();
}

const told = ({ request_id, source, status, caller }: RequestFact): string => [request_id, source, status, caller].join(' '); // prettier-ignore

test('a restart finds the requests in the list again, the newest first, and goes on with it', async () => {
  await start();
  await ask('a secret question', 'first', { 'user-agent': 'app/1' });
  await ask('a secret question', 'second', { 'user-agent': 'app/2' });
  await hearth.post(
    '/v1/chat/completions',
    { model: 'nope', messages: [] },
    { headers: { 'x-request-id': 'refused' } },
  );
  await hearth.stop();
  await start();
  await ask('another', 'third', { 'user-agent': 'app/1' });
  const { requests, next } = await list();
  expect(requests.map(told)).toEqual([
    'third miss completed app/1',
    'refused none failed node',
    'second hit completed app/2',
    'first miss completed app/1',
  ]);
  expect(next).toBeNull();
  const page = await list('?limit=2');
  expect(page.requests).toEqual(requests.slice(0, 2));
  expect((await list(`?limit=2&cursor=${page.next}`)).requests).toEqual(requests.slice(2));
  const one = await hearth.get('/api/requests/first');
  expect([one.status, await one.json()]).toMatchObject([
    200,
    { ...requests[3], detail: { phases: { turn_ms: null } } },
  ]);
  const [first] = requests.slice(3);
  expect(Date.parse(first?.created_at ?? '')).toBeLessThanOrEqual(Date.now());
  expect(first).toMatchObject({
    route: '/api/chat-optimized',
    model: 'llama3.2',
    class: 'normal',
    class_by: 'default',
  });
});

test('a restart finds what each model and each caller asked for', async () => {
  await start();
  await ask('one', 'a', { 'user-agent': 'app/1' });
  await ask('one', 'b', { 'user-agent': 'app/2' });
  await ask('two', 'c', { 'user-agent': 'app/2' });
  await hearth.stop();
  const database = openDatabase({ folder, clock: new ManualClock(), log: NO_LOG });
  const store = historyStore(database);
  const sums = (group: 'all' | 'model' | 'caller') =>
    store
      .sums('d30', { first: 0, last: Number.MAX_SAFE_INTEGER }, { group })
      .map(({ name, figures: { sums: counted, ttfts } }) => {
        return [name, counted.hits, counted.misses, counted.tokens > 0, counted.saved_tokens > 0, ttfts.isEmpty];
      });
  const found = [sums('caller'), sums('model'), sums('all')];
  database.close();
  await start();
  expect(found).toEqual([
    [
      ['app/2', 1, 1, true, true, false],
      ['app/1', 0, 1, true, false, false],
    ],
    [['llama3.2:latest', 1, 2, true, true, false]],
    [['', 1, 2, true, true, false]],
  ]);
});

test('nothing of what was asked or answered is in the list or in the figures', async () => {
  await start(false);
  await ask('a very secret question', 'a');
  expect(JSON.stringify(await list())).not.toContain('secret');
  expect((await list()).requests).toHaveLength(1);
  expect(readdirSync(folder)).toEqual([]);
  await hearth.stop();
  await start();
  // Its answer is not kept either, so that the file holds the list and the figures alone.
  await (await hearth.chat('a very secret question', { cache: { 'no-store': true } })).text();
  expect((await list()).requests).toHaveLength(1);
  await hearth.stop();
  const written = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1')).join(''); // prettier-ignore
  await start();
  expect(written).toContain('/api/chat-optimized');
  expect(written).not.toContain('very secret');
});

test('a wrong page of the list is refused with what is allowed', async () => {
  await start();
  for (const query of ['?limit=0', '?limit=501', '?limit=x', '?cursor=-1']) {
    const response = await hearth.get(`/api/requests${query}`);
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([400, 'invalid_request']);
  }
  expect((await hearth.get('/api/requests/nobody')).status).toBe(404);
});
