// The settings form: what is seldom needed is folded, a search finds whole words first, what is wrong stands out, and an
// address is tested without being saved.
import { beforeAll, describe, expect, test } from 'vitest';
import { AppError } from '../../backend/contract/errors.ts';
import { startPages, type PageStage } from '../support/page/browser.ts';
import { MACHINES } from '../support/page/fleet-views.ts';
import { quiet, settings, view } from '../support/page/views.ts';

let stage: PageStage;
beforeAll(async () => {
  stage = await startPages();
});

const form = view({ go: { tab: 'settings', n: 1 } });
const FOLD = 'details.fold';

test('the groups come by how often they are needed, the last one folded', async () => {
  const open = await stage.open(form);
  const { page } = open;
  expect(await page.locator('section.group > h2').allTextContents()).toEqual([
    'Ollama',
    'Apps and queue',
    'Keeping answers',
    'Network and keys',
    'Desktop',
    'Advanced',
  ]);
  expect(await page.locator(`${FOLD} .field`).count()).toBe(0);
  await page.locator(`${FOLD} summary`).click();
  await page.locator('[data-path="batch.batch_timeout_ms"]').waitFor();
  await open.close();
});

test('a folded setting that is wanted is shown, and again when it is wanted again', async () => {
  const open = await stage.open(view());
  const { page } = open;
  const field = page.locator('[data-path="batch.batch_timeout_ms"] input');
  const hasFocus = (): Promise<boolean> => field.evaluate((each) => each === document.activeElement);
  await open.push({ go: { tab: 'settings', setting: 'batch.batch_timeout_ms', n: 1 } });
  await expect.poll(hasFocus).toBe(true);
  await page.locator(`${FOLD} summary`).click();
  await field.waitFor({ state: 'detached' });
  await open.push({ go: { tab: 'settings', setting: 'batch.batch_timeout_ms', n: 2 } });
  await expect.poll(hasFocus).toBe(true);
  await open.close();
});

test('a wrong value in the file opens the fold, is counted, and is outlined by two pixels', async () => {
  const problems = {
    'batch.batch_timeout_ms': 'config.json: batch.batch_timeout_ms must be a whole number. It was "x".',
  };
  const open = await stage.open(view({ go: { tab: 'settings', n: 1 }, settings: { problems } }));
  const { page } = open;
  await page.getByText(/\d+ settings, all as they came, 1 to correct/).waitFor();
  const row = page.locator('[data-path="batch.batch_timeout_ms"]');
  await row.getByText(/It was "x"\. In use: 2.s\./).waitFor();
  const drawn = await row.getByRole('textbox').evaluate((input) => {
    const { borderTopWidth, borderTopColor, outlineWidth, outlineColor, outlineStyle } = getComputedStyle(input);
    return {
      width: Number.parseFloat(borderTopWidth) + Number.parseFloat(outlineWidth),
      same: borderTopColor === outlineColor,
      outlineStyle,
    };
  });
  expect(drawn).toEqual({ width: 2, same: true, outlineStyle: 'solid' });
  await open.close();
});

test('machines are listed, one is added by its address, and one is taken off the list', async () => {
  const list = [
    { name: 'desktop', url: 'http://desktop.local:11434', key: 'hidden', wake: { mac: '9c:6b:00:12:34:56' } },
    { name: 'laptop', url: 'http://127.0.0.1:11434', priority: 2, models: ['llama*'] },
  ];
  const live = quiet();
  const open = await stage.open(
    view({
      go: { tab: 'settings', setting: 'upstreams', n: 1 },
      settings: { values: { ...settings().values, upstreams: list } },
      live: { ...live, health: { ...live.health, upstreams: [...MACHINES] } },
    }),
  );
  const { page } = open;
  const row = page.locator('[data-path="upstreams"]');
  await row.getByText(/http:\/\/127\.0\.0\.1:11434 · .*2 · .*llama\*/).waitFor();
  const saved = (): unknown => open.calls.findLast(({ command }) => command === 'set_setting');
  const field = row.locator('input[inputmode="url"]');
  await field.fill('not an address');
  await field.press('Enter');
  await row.getByRole('alert').waitFor();
  expect(saved()).toBeUndefined();
  await field.fill('http://nas:11434');
  await field.press('Enter');
  await expect
    .poll(saved)
    .toMatchObject({ input: { path: 'upstreams', value: [...list, { url: 'http://nas:11434' }] } });
  await row.getByRole('button', { name: /desktop/ }).click();
  await expect.poll(saved).toMatchObject({ input: { path: 'upstreams', value: list.slice(1) } });
  await open.close();
});

describe('the search', () => {
  test('shows the best first, with what was found underlined, and its own button clears it', async () => {
    const open = await stage.open(form);
    const { page } = open;
    const search = page.getByRole('searchbox');
    await search.fill('port');
    expect(await page.locator('.field').first().getAttribute('data-path')).toBe('server.port');
    expect(await page.locator('[data-path="server.port"] mark').allTextContents()).toEqual(['Port', 'port', 'port']);
    await page.getByText(/^\d+ settings match “port”$/).waitFor();
    await page.getByRole('button', { name: 'Clear the search' }).click();
    expect(await search.inputValue()).toBe('');
    expect(await search.evaluate((each) => each === document.activeElement)).toBe(true);
    await page.keyboard.type('zebra');
    await page.locator('.empty').getByText('No setting matches “zebra”').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.empty').waitFor({ state: 'detached' });
    await open.close();
  });
});

describe('an address', () => {
  const PATH = 'ollama.api_url';

  test('is tested without being saved, and saved when the user says so', async () => {
    const answers = {
      test_connection: () => ({ url: 'http://10.0.0.2:11434', version: '0.33.0', latency_ms: 2, models: ['a'] }),
    };
    const open = await stage.open(form, { answers });
    const row = open.page.locator(`[data-path="${PATH}"]`);
    await row.getByRole('textbox').fill('http://10.0.0.2:11434');
    await row.getByRole('button', { name: 'Test' }).click();
    await row.getByText('Reached in').waitFor();
    expect(open.calls.map(({ command }) => command)).toEqual(['test_connection']);
    await row.getByRole('button', { name: 'Use it' }).click();
    await expect
      .poll(() => open.calls.at(-1))
      .toEqual({
        command: 'set_setting',
        input: { path: PATH, value: 'http://10.0.0.2:11434' },
      });
    await open.close();
  });

  test('is tested by keyboard without being saved', async () => {
    const refusal = new AppError('upstream_unreachable', 'Ollama does not answer at http://10.0.0.2:11434.');
    const open = await stage.open(form, { answers: { test_connection: () => refusal } });
    const { page } = open;
    const row = page.locator(`[data-path="${PATH}"]`);
    await row.getByRole('textbox').fill('http://10.0.0.2:11434');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await row.getByText(refusal.message).waitFor();
    expect(open.calls.map(({ command }) => command)).toEqual(['test_connection']);
    await open.close();
  });
});

test('an entry that does not fit its list is told of at the list, without a way to main', async () => {
  const open = await stage.open(form);
  const row = open.page.locator('[data-path="cors.allowed_origins"]');
  // A row with its number until it is opened, by a button that keeps the focus.
  await row.getByText('Web pages that may connect: 1').waitFor();
  expect(await row.locator('.ctl').count()).toBe(0);
  await row.getByRole('button', { name: 'Show Web pages that may connect' }).press('Enter');
  const hide = row.getByRole('button', { name: 'Hide Web pages that may connect' });
  expect(await hide.evaluate((each) => each === document.activeElement)).toBe(true);
  const input = row.getByPlaceholder('Add an origin');
  await input.fill('nonsense');
  await input.press('Enter');
  await row.getByText('“nonsense” cannot be added. It must be a list of').waitFor();
  expect(await input.getAttribute('aria-invalid')).toBe('true');
  expect(open.calls).toEqual([]);
  await open.close();
});

test('another setting is named by its label, which leads to it, also where that is folded away', async () => {
  const open = await stage.open(form);
  const { page } = open;
  await page.locator('[data-path="ollama.num_ctx_policy"]').getByRole('button', { name: 'Context size' }).click();
  const size = page.locator('[data-path="ollama.num_ctx"] input');
  await expect.poll(() => size.evaluate((each) => each === document.activeElement)).toBe(true);
  await open.close();
});

test('what is typed and wrong is counted with what is wrong in the file, until it is right', async () => {
  const problems = { 'queue.max_queue_size': 'config.json: queue.max_queue_size must be a whole number. It was "x".' };
  const shown = view({ go: { tab: 'settings', n: 1 }, settings: { problems } });
  const open = await stage.open(shown, { width: 1000, answers: { set_setting: () => settings() } });
  const { page } = open;
  const counted = (): Promise<string | null> => page.locator('.rail a').nth(1).textContent();
  await expect.poll(counted).toBe('Apps and queue 1 to correct');
  const wait = page.locator('[data-path="queue.max_wait_ms"]');
  await wait.getByRole('textbox').fill('10 minits');
  await wait.getByRole('textbox').press('Enter');
  await wait.getByText('“10 minits” is not a time. Write 30').waitFor();
  await expect.poll(counted).toBe('Apps and queue 2 to correct');
  await wait.getByRole('textbox').press('Escape');
  await expect.poll(counted).toBe('Apps and queue 1 to correct');
  // The value that is in use in place of the wrong one is put into the file.
  await page.locator('[data-path="queue.max_queue_size"]').getByRole('button', { name: 'Keep it' }).click();
  await expect.poll(counted).toBe('Apps and queue ');
  expect(open.calls).toEqual([{ command: 'set_setting', input: { path: 'queue.max_queue_size', value: 100 } }]);
  await open.close();
});

test('what is saved while the gateway does not run is not said to be in use', async () => {
  const answers = { set_setting: () => ({ ...settings(), values: { ...settings().values, 'server.port': 8090 } }) };
  const failed = { state: 'failed', since: null } as const;
  const open = await stage.open(view({ go: { tab: 'settings', n: 1 }, gateway: failed, live: null }), { answers });
  const row = open.page.locator('[data-path="server.port"]');
  await row.getByRole('textbox').fill('8090');
  await row.getByRole('textbox').press('Enter');
  await row.getByText('Saved. In use once the gateway runs. Was 8080.').waitFor();
  await open.close();
});
