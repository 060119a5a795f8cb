// Whose keep_alive counts, by queue.rules: an app that sends 5m with everything must not undo what somebody set here.
import { afterEach, expect, test } from 'vitest';
import { startHearth, type Hearth } from '../../support/hearth.ts';
import type { KeepAliveRule } from '../../../backend/contract/rules/queue-rule.ts';

let hearth: Hearth;
afterEach(() => hearth.stop());

const start = async (keep_alive?: KeepAliveRule): Promise<void> => {
  const rules = keep_alive === undefined ? [] : [{ when: { user_agent: 'app/*' }, then: { keep_alive } }];
  hearth = await startHearth({
    fake: { models: [{ name: 'm', capabilities: ['completion', 'embedding'] }], keepAliveMs: 120_000 },
    config: { ollama: { model: 'm', keep_alive: '30m' }, queue: { rules } },
  });
};
const from = async (agent: string, path: string, body: object): Promise<void> => {
  const headers = { 'user-agent': agent };
  const answer = await hearth.post(path, { model: 'm', stream: false, ...body }, { headers });
  expect(answer.status).toBe(200);
  await answer.text();
};
const QUESTIONS = [
  ['/api/chat', { messages: [{ role: 'user', content: 'hi' }] }],
  ['/api/embed', { input: 'a' }],
] as const;
/** Seconds that the model stays. */
const stays = (): number => {
  const until = hearth.fake.loaded()[0]?.expires_at ?? '';
  return Math.round((Date.parse(until) - Date.now()) / 1000);
};

test.each(QUESTIONS)(
  '%s: without a rule an app’s own time counts, and ours where it says nothing',
  async (path, body) => {
    await start();
    await from('app/1', path, { ...body, keep_alive: '5m' });
    expect(stays()).toBeLessThanOrEqual(300);
    await from('app/1', path, { ...body, options: { seed: 1 } });
    expect(stays()).toBeGreaterThan(1700);
  },
);

test.each(QUESTIONS)('%s: "force" leaves ours in force, for this app alone', async (path, body) => {
  await start('force');
  await from('app/1', path, { ...body, keep_alive: '5m' });
  expect(stays()).toBeGreaterThan(1700);
  await from('other/1', path, { ...body, keep_alive: '5m', options: { seed: 1 } });
  expect(stays()).toBeLessThanOrEqual(300);
});

test.each(QUESTIONS)('%s: "pass" adds nothing of ours', async (path, body) => {
  await start('pass');
  await from('app/1', path, body);
  expect(stays()).toBeLessThanOrEqual(120);
  await from('app/1', path, { ...body, keep_alive: '5m', options: { seed: 1 } });
  expect(stays()).toBeGreaterThan(250);
});

test('"force" does not keep an app from unloading a model, which is no wish on the way', async () => {
  await start('force');
  await from('app/1', '/api/chat', QUESTIONS[0][1]);
  await from('app/1', '/api/generate', { keep_alive: 0 });
  await expect.poll(() => hearth.fake.loaded()).toEqual([]);
});
