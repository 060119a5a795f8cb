// A setting that is a table: its entries are shown as the file has them, changed, added and removed, and a mistake is told.
import { beforeAll, expect, test } from 'vitest';
import { startPages, type PageStage } from '../support/page/browser.ts';
import { settings, view } from '../support/page/views.ts';

let stage: PageStage;
beforeAll(async () => {
  stage = await startPages();
});

test('an entry of a table is changed, one is added, one removed, and a wrong one is told', async () => {
  const fast = { model: 'llama3.2:3b', options: { temperature: 0 } };
  const kept = { ...settings(), values: { ...settings().values, models: { fast } } };
  const shown = view({ settings: kept, go: { tab: 'settings', n: 1, setting: 'models' } });
  const open = await stage.open(shown, { answers: { set_setting: () => kept } });
  const row = open.page.locator('[data-path="models"]');
  await row.getByText('fast: {"model":"llama3.2:3b","options":{"temperature":0}}').waitFor();
  const last = (): unknown => open.calls.at(-1)?.input;

  await row.getByRole('button', { name: 'Edit fast' }).click();
  const text = row.getByLabel('What is said of it', { exact: false });
  expect(await text.inputValue()).toBe(JSON.stringify(fast));
  await text.fill('{"model":"qwen3:8b"}');
  await text.press('Enter');
  await expect.poll(last).toEqual({ path: 'models', value: { fast: { model: 'qwen3:8b' } } });

  const name = row.getByLabel('Name of a profile', { exact: false });
  await name.fill('coder');
  await text.fill('{"modell":"qwen3:8b"}');
  await row.getByRole('button', { name: 'Add to Profiles' }).click();
  await row.getByText('“coder” cannot be added.', { exact: false }).waitFor();
  await text.fill('{"model":"qwen3:8b"}');
  await text.press('Enter');
  await expect.poll(last).toEqual({ path: 'models', value: { fast, coder: { model: 'qwen3:8b' } } });

  await row.getByRole('button', { name: 'Remove fast' }).click();
  await expect.poll(last).toEqual({ path: 'models', value: {} });
  await open.close();
});
