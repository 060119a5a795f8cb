// The folder that a gateway keeps its data in: it is for one alone, and /health says what is wrong with it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startHearth, type Hearth } from '../../support/hearth.ts';

let folder = '';
const started: Hearth[] = [];
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'hearth-data-'))));
afterEach(async () => {
  for (const each of started.splice(0)) await each.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(): Promise<Hearth> {
  const hearth = await startHearth({ dataFolder: folder });
  started.push(hearth);
  return hearth;
}

const noticesOf = async (hearth: Hearth): Promise<unknown> =>
  ((await (await hearth.get('/health')).json()) as { notices?: unknown }).notices;

/** A job that has ended, as it is told. */
async function job(hearth: Hearth): Promise<unknown> {
  const accepted = await hearth.post('/api/chat-queue', { messages: [{ role: 'user', content: 'hello' }] });
  const { request_id: id } = (await accepted.json()) as { request_id: string };
  const told = async (): Promise<unknown> => (await hearth.get(`/api/chat-queue?requestId=${id}`)).json();
  await expect.poll(told).toMatchObject({ status: 'completed' });
  return told();
}

test('a second gateway on it says so in /health, and does its jobs in memory', async () => {
  const first = await start();
  await job(first);
  const second = await start();
  await expect.poll(() => noticesOf(second)).toEqual([expect.stringMatching(/^Another Hearth uses /)]);
  await job(second);
  expect(await noticesOf(first)).toBeUndefined();
});

test('a file in it that is no database does not keep a gateway from starting', async () => {
  writeFileSync(join(folder, 'hearth.db'), 'not a database, and longer than its head '.repeat(100));
  const hearth = await start();
  await expect
    .poll(() => noticesOf(hearth))
    .toEqual([expect.stringMatching(/hearth\.db\.aside-.* begun a new one\.$/)]);
  await job(hearth);
});
