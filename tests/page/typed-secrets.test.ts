// Secrets in the window: shown as dots, replaced by typing, taken away by a button; a page that is asked for its own
// contents has none of them.
import { beforeAll, expect, test } from 'vitest';
import type { View } from '../../backend/contract/window/desktop.ts';
import { HIDDEN } from '../../backend/contract/secret.ts';
import { startPages, type PageStage } from '../support/page/browser.ts';
import { STATES, view } from '../support/page/views.ts';

let stage: PageStage;
beforeAll(async () => {
  stage = await startPages();
});

const state = (name: string): View => (STATES[name] as () => View)();

const KEY = '[data-path="ollama.api_key"]';
const HEADERS = '[data-path="ollama.headers"]';

test('a key is typed unseen, saved with Enter, replaced by typing another, and removed', async () => {
  const kept = state('secrets kept').settings;
  const answers = { set_setting: () => kept };
  const open = await stage.open(view({ go: { tab: 'settings', n: 1, setting: 'ollama.api_key' } }), { answers });
  const row = open.page.locator(KEY);
  const input = row.getByLabel('Key for Ollama', { exact: false }).first();
  expect(await input.getAttribute('type')).toBe('password');
  expect(await row.getByRole('button').count()).toBe(0);
  await input.fill('sk-one');
  await input.press('Enter');
  await row.getByText('Saved and in use.').waitFor();
  expect(open.calls).toEqual([{ command: 'set_setting', input: { path: 'ollama.api_key', value: 'sk-one' } }]);
  expect(await input.inputValue()).toBe('');
  expect(await input.getAttribute('placeholder')).toBe('••••••••');
  await input.fill('sk-two');
  await input.blur();
  await expect.poll(() => open.calls.at(-1)?.input).toEqual({ path: 'ollama.api_key', value: 'sk-two' });
  // The old one is not known here, so it is not offered to be brought back.
  expect(await row.getByRole('button', { name: 'Undo' }).count()).toBe(0);
  await input.focus();
  await input.blur();
  expect(open.calls).toHaveLength(2);
  await row.getByRole('button', { name: 'Remove Key for Ollama' }).click();
  await expect.poll(() => open.calls.at(-1)?.input).toEqual({ path: 'ollama.api_key', value: '' });
  await open.close();
});

test('headers are added, replaced and removed by name', async () => {
  const kept = state('secrets kept');
  const open = await stage.open(kept, { answers: { set_setting: () => kept.settings } });
  const { page } = open;
  await page.locator('details.fold summary').click();
  const row = page.locator(HEADERS);
  await row.getByRole('button', { name: 'Show Headers for Ollama' }).click();
  await row.getByText('CF-Access-Client-Id: ••••••••').waitFor();
  const name = row.getByLabel('Name of a header');
  const value = row.getByLabel('Value of the header');
  await name.fill('Host');
  await value.fill('x');
  await value.press('Enter');
  await row.getByText('“Host” cannot be added.').waitFor();
  expect(open.calls).toEqual([]);
  await name.fill('cf-access-client-id');
  await value.fill('new-id');
  await row.getByRole('button', { name: 'Add to Headers for Ollama' }).click();
  await expect
    .poll(() => open.calls.at(-1)?.input)
    .toEqual({
      path: 'ollama.headers',
      value: { 'CF-Access-Client-Secret': HIDDEN, 'cf-access-client-id': 'new-id' },
    });
  await expect.poll(() => value.inputValue()).toBe('');
  await row.getByRole('button', { name: 'Remove CF-Access-Client-Secret' }).click();
  await expect
    .poll(() => open.calls.at(-1)?.input)
    .toEqual({ path: 'ollama.headers', value: { 'CF-Access-Client-Id': HIDDEN } });
  await open.close();
});

test('an address with a hidden user is changed without touching what is hidden', async () => {
  const kept = state('secrets kept');
  const open = await stage.open(kept, { answers: { set_setting: () => kept.settings } });
  const input = open.page.locator('[data-path="ollama.api_url"]').getByRole('textbox');
  expect(await input.inputValue()).toBe(`https://${HIDDEN}@gpu.lan:8443`);
  await input.fill(`https://${HIDDEN}@gpu.lan:9000`);
  await input.press('Enter');
  await expect
    .poll(() => open.calls.at(-1)?.input)
    .toEqual({ path: 'ollama.api_url', value: `https://${HIDDEN}@gpu.lan:9000` });
  await open.close();
});

test('an export says what is not in it', async () => {
  const answers = { export_settings: () => ({ file: '/tmp/x.json', left_out: ['Key for Ollama'] }) };
  const open = await stage.open(view({ go: { tab: 'settings', n: 1 } }), { answers });
  await open.page.getByRole('button', { name: 'Export…' }).click();
  await open.page.getByText('Written to /tmp/x.json. Secrets are not in it: Key for Ollama.').waitFor();
  await open.close();
});

test('the first run says that Ollama wants a key, and tries the typed one before it is saved', async () => {
  const answers = {
    test_connection: () => ({ url: 'http://127.0.0.1:11434', version: '0.33.0', latency_ms: 1, models: [] }),
  };
  const open = await stage.open(state('first run, ollama wants a key'), { answers });
  const { page } = open;
  await page.getByRole('heading', { name: 'Ollama wants a key' }).waitFor();
  expect(await page.getByRole('button', { name: 'Start Ollama' }).count()).toBe(0);
  await page.getByRole('button', { name: 'Change address or key…' }).click();
  const key = page.getByLabel('Key, if it wants one');
  expect(await key.getAttribute('type')).toBe('password');
  await key.fill('sk-one');
  await key.press('Enter');
  await expect
    .poll(() => open.calls)
    .toEqual([
      { command: 'test_connection', input: { url: 'http://127.0.0.1:11434', api_key: 'sk-one' } },
      { command: 'set_setting', input: { path: 'ollama.api_key', value: 'sk-one' } },
      { command: 'set_setting', input: { path: 'ollama.api_url', value: 'http://127.0.0.1:11434' } },
    ]);
  await open.close();
});
