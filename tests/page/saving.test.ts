// A setting that is saved in the form: what is typed stays in its field while it is on its way, and nothing that was so
// before comes back over it.
import { beforeAll, expect, test } from 'vitest';
import type { View } from '../../backend/contract/window/desktop.ts';
import { startPages, type PageStage } from '../support/page/browser.ts';
import { view } from '../support/page/views.ts';
import { deferred } from '../support/waiting.ts';

let stage: PageStage;
beforeAll(async () => {
  stage = await startPages();
});

const PATH = 'ollama.api_url';

function withAddress(url: string): View['settings'] {
  const { settings } = view();
  return { ...settings, values: { ...settings.values, [PATH]: url } };
}

test('what is saved is in the form with the answer, before any push', async () => {
  const answers = { set_setting: ({ value }: { value: string }) => withAddress(`${value}:11434`) };
  const open = await stage.open(view({ go: { tab: 'settings', n: 1 } }), { answers });
  const row = open.page.locator(`[data-path="${PATH}"]`);
  const input = row.getByRole('textbox');
  await input.fill('http://10.0.0.1');
  await input.press('Enter');
  await row.getByText('Saved and in use.').waitFor();
  expect(await input.inputValue()).toBe('http://10.0.0.1:11434');
  await input.blur();
  expect(open.calls).toHaveLength(1);
  await open.close();
});

test('a push of the old value does not undo what is being saved, and the test uses what is typed', async () => {
  const { promise, resolve: answer } = deferred<View['settings']>();
  const answers = {
    set_setting: () => promise,
    test_connection: () => ({ version: '0.33.0', latency_ms: 2, models: [] }),
  };
  const open = await stage.open(view({ go: { tab: 'settings', n: 1 } }), { answers });
  const row = open.page.locator(`[data-path="${PATH}"]`);
  const input = row.getByRole('textbox');
  await input.fill('http://10.0.0.2:11434');
  await input.press('Enter');
  await expect.poll(() => open.calls.length).toBe(1);
  await open.push({ settings: withAddress('http://10.0.0.1:11434') });
  await open.page.evaluate(() => new Promise((painted) => requestAnimationFrame(() => setTimeout(painted))));
  expect(await input.inputValue()).toBe('http://10.0.0.2:11434');
  await row.getByRole('button', { name: 'Test' }).click();
  await row.getByText('Reached in').waitFor();
  expect(open.calls.at(-1)).toEqual({ command: 'test_connection', input: { url: 'http://10.0.0.2:11434' } });
  answer(withAddress('http://10.0.0.2:11434'));
  expect(await input.inputValue()).toBe('http://10.0.0.2:11434');
  await open.close();
});

test('what is typed while an earlier value is being saved stays', async () => {
  const { promise, resolve: answer } = deferred<View['settings']>();
  const answers = { set_setting: () => promise };
  const open = await stage.open(view({ go: { tab: 'settings', n: 1 } }), { answers });
  const input = open.page.locator(`[data-path="${PATH}"]`).getByRole('textbox');
  await input.fill('http://10.0.0.1:11434');
  await input.press('Enter');
  await expect.poll(() => open.calls.length).toBe(1);
  await input.fill('http://10.0.0.3:11434');
  answer(withAddress('http://10.0.0.1:11434'));
  await open.page.getByText('Saved and in use.').waitFor();
  expect(await input.inputValue()).toBe('http://10.0.0.3:11434');
  await open.close();
});
