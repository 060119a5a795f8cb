// The promise: the day is told in figures, by app and in words, to this machine of all and to a key of its own, and a restart
// forgets none of it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addKey } from '../../../backend/core/access/api-keys.ts';
import type { Day } from '../../../backend/contract/views/day.ts';
import { SPAN_WORDS } from '../../../backend/contract/views/spans.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';

const { key, secret } = addKey([], { name: 'phone', scopes: ['chat', 'cache'] }, new Date('2026-01-01T00:00:00Z'));
const chatter = addKey([], { name: 'chatter', scopes: ['chat'] }, new Date('2026-01-01T00:00:00Z'));
const showing = (shown: string) => ({ 'x-forwarded-for': '203.0.113.7', authorization: `Bearer ${shown}` });

let folder: string;
let hearth: Hearth;

async function start(): Promise<void> {
  hearth = await startHearth({ dataFolder: folder, config: { server: { api_keys: [key, chatter.key] } } });
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-day-'));
  await start();
});
afterEach(async () => {
  await hearth.stop();
  rmSync(folder, { recursive: true });
});

const ask = async (content: string, headers: Record<string, string>): Promise<void> =>
  void (await (await hearth.chat(content, {}, { headers })).text());

async function day(span: string, headers: Record<string, string> = {}): Promise<Day> {
  const response = await fetch(`${hearth.url}/api/day?span=${span}`, { headers });
  expect(response.status).toBe(200);
  return (await response.json()) as Day;
}

test('tells what was saved for whom, the times, what failed; each owner its own; after a restart', async () => {
  await ask('one', { 'user-agent': 'app/1' });
  await ask('one', { 'user-agent': 'app/2' });
  await ask('one', { 'user-agent': 'app/2' });
  await ask('two', showing(secret));
  hearth.fake.next({ fail: { status: 500, error: 'model runner has unexpectedly stopped' } });
  await ask('three', { 'user-agent': 'app/1', 'x-request-id': 'broken' });
  for (const restart of [false, true]) {
    if (restart) {
      await hearth.stop();
      await start();
    }
    for (const span of ['15m', '1h', '24h', '7d', '30d']) {
      const all = await day(span);
      expect(all).toMatchObject({ span, requests: 5, no_model_time: 2, failed: 1, cancelled: 0, more_apps: null });
      expect(all.sources).toEqual({ hit: 2, coalesced: 0, miss: 3, bypass: 0 });
      expect(all.apps.map(({ caller, requests, no_model_time }) => [caller, requests, no_model_time])).toEqual([
        ['app/2', 2, 2],
        ['app/1', 2, 0],
        ['phone', 1, 0],
      ]);
      expect(
        all.failures.map(({ request_id, caller, error }) => [
          request_id,
          caller,
          /unexpectedly stopped/.test(error ?? ''),
        ]),
      ).toEqual([['broken', 'app/1', true]]);
      expect(all.time_saved_ms).toBe(all.apps[0]?.time_saved_ms);
      expect(all.tokens_saved).toBeGreaterThan(0);
      expect(all.wait?.longest_ms).toBeGreaterThanOrEqual(all.wait?.median_ms ?? Infinity);
      expect(Date.parse(all.since)).toBeLessThanOrEqual(Date.parse(all.until));
    }
    const own = await day('24h', showing(secret));
    expect(own).toMatchObject({ requests: 1, no_model_time: 0, failed: 0, failures: [] });
    expect(own.apps.map(({ caller }) => caller)).toEqual(['phone']);
  }
  const refused = await fetch(`${hearth.url}/api/day`, { headers: showing(chatter.secret) });
  expect(refused.status).toBe(403);
  expect((await fetch(`${hearth.url}/api/day?span=2d`)).status).toBe(400);
});

test('tells the prompt tokens that were sent, read, reused and reusable, also after a restart', async () => {
  const app = { 'user-agent': 'app/1' };
  const bread = 'Why does bread rise? '.repeat(200);
  for (const cached_tokens of [0, 0, 0])
    hearth.fake.next({ usage: { prompt_tokens: 1000, completion_tokens: 5, cached_tokens } });
  await ask(bread, app);
  await ask('Why is the sky blue? '.repeat(200), app);
  // The same prompt once more: nothing of it was there any more, and all of it could have been.
  void (await (await hearth.chat(bread, {}, { headers: { ...app, 'cache-control': 'no-cache' } })).text());
  const told = async (): Promise<unknown> => (await day('24h')).prompts;
  const expected = { sent_tokens: 3000, processed_tokens: 3000, reused_tokens: 0, reusable_tokens: 1000 };
  expect(await told()).toEqual(expected);
  const metrics = await (await hearth.get('/metrics')).text();
  expect(metrics).toMatch(/hearth_reusable_tokens_total\{[^}]*\} 1000\n/);
  await hearth.stop();
  await start();
  expect(await told()).toEqual(expected);
});

test('what has hardly begun is shown in shorter steps, so that its plots are not empty', async () => {
  await ask('one', {});
  const steps = async (): Promise<number[]> => {
    const views = await Promise.all(SPAN_WORDS.map((span) => hearth.backend.control.day(span)));
    return views.map((view) => view.steps.step_s);
  };
  expect(await steps()).toEqual([15, 15, 15, 15, 15]);
  hearth.clock.forward(20 * 60_000);
  expect((await steps()).slice(2)).toEqual([60, 60, 60]);
  hearth.clock.forward(3 * 3_600_000);
  expect((await steps()).slice(2)).toEqual([900, 900, 900]);
});
