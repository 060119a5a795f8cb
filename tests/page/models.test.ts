// The tab Models in the page: a model is downloaded, looked at and deleted; the memory is freed; profiles are made and changed.
import { beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { AppError } from '../../backend/contract/errors.ts';
import { resize, startPages, type OpenOptions, type OpenPage, type PageStage } from '../support/page/browser.ts';
import { loadedModel } from '../support/live-view.ts';
import { MACHINES } from '../support/page/fleet-views.ts';
import { PULLS, quiet, view, withProfiles } from '../support/page/views.ts';
import { cutTexts, SIZES, violations, withAxe } from './looks.ts';

let stage: PageStage;
beforeAll(async () => {
  stage = await startPages();
});

const opened = async (shown = view(), options: OpenOptions = {}): Promise<OpenPage> => {
  const open = await stage.open(shown, options);
  await open.page.locator('#tab-models').click();
  return open;
};
const focused = (page: Page): Promise<string | null> =>
  page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? null);
const last = ({ calls }: OpenPage): unknown => calls.at(-1);
/** What is open is readable at every size, and axe finds nothing. */
async function looksWell(page: Page, what: string): Promise<void> {
  for (const [width, height] of SIZES) {
    await resize(page, width, height);
    expect(await cutTexts(page), `${what} at ${width} px`).toEqual([]);
  }
  await withAxe(page);
  expect(await violations(page), `${what}, by axe`).toEqual([]);
}

test('a model is downloaded by its name, a refusal stands at the field, each can be stopped', async () => {
  const refusal = new AppError('invalid_request', '"no name" cannot be a model\'s name.');
  const open = await opened(view({ live: quiet() }), {
    answers: { pull_model: ({ model }: { model: string }) => (model === 'no name' ? refusal : PULLS[0]) },
  });
  const { page } = open;
  const field = page.getByLabel('Model to download');
  await field.fill('no name');
  await page.getByRole('button', { name: 'Download', exact: true }).click();
  await page.getByRole('alert').getByText("cannot be a model's name").waitFor();
  expect(await field.inputValue()).toBe('no name');
  // One that is often wanted is put into the field, and Enter takes it.
  await page.getByRole('button', { name: 'qwen3:8b' }).click();
  await field.press('Enter');
  await expect.poll(() => last(open)).toEqual({ command: 'pull_model', input: { model: 'qwen3:8b' } });
  await expect.poll(() => field.inputValue()).toBe('');

  await open.push({ live: { ...quiet(), pulls: PULLS } });
  await page.getByText('3.1 of 5.2 GB, about 50 s left').waitFor();
  await page.getByText('Ollama: “connection reset by peer”').waitFor();
  await page.getByText('Waits for its turn').waitFor();
  await page.getByText('No byte for 40 s').waitFor();
  for (const [name, command, model] of [
    ['Pause the download of qwen3:8b', 'pause_pull', 'qwen3:8b'],
    ['Resume the download of gemma3:27b', 'pull_model', 'gemma3:27b'],
    ['Remove gemma3:27b from the list', 'cancel_pull', 'gemma3:27b'],
    ['Cancel the download of phi4:14b', 'cancel_pull', 'phi4:14b'],
  ] as const) {
    await page.getByRole('button', { name }).press('Enter');
    await expect.poll(() => last(open)).toEqual({ command, input: { model } });
  }
  await open.close();
});

test('of several machines one is chosen for a download, and each row says which has its model', async () => {
  const base = quiet();
  const live = {
    ...base,
    health: { ...base.health, upstreams: [...MACHINES] },
    models: base.models.map((model) => ({ ...model, upstreams: ['desktop', 'laptop'] })),
  };
  const open = await opened(view({ live }), { answers: { pull_model: () => PULLS[0] } });
  const { page } = open;
  await page.getByText('on desktop and laptop').first().waitFor();
  await page.getByLabel('Model to download').fill('qwen3:8b');
  await page.getByRole('button', { name: 'Download', exact: true }).click();
  await expect.poll(() => last(open)).toEqual({ command: 'pull_model', input: { model: 'qwen3:8b' } });
  await page.getByLabel('Machine to download it to').selectOption('laptop');
  await page.getByLabel('Model to download').fill('qwen3:8b');
  await page.getByRole('button', { name: 'Download', exact: true }).click();
  await expect
    .poll(() => last(open))
    .toEqual({ command: 'pull_model', input: { model: 'qwen3:8b', upstream: 'laptop' } });
  const pulls = ['desktop', 'laptop'].flatMap((upstream) => PULLS.slice(0, 1).map((pull) => ({ ...pull, upstream })));
  await open.push({ live: { ...live, pulls } });
  await page.getByRole('button', { name: 'Pause the download of qwen3:8b on laptop' }).press('Enter');
  await expect
    .poll(() => last(open))
    .toEqual({ command: 'pause_pull', input: { model: 'qwen3:8b', upstream: 'laptop' } });
  await looksWell(page, 'several machines');
  await open.close();
});

test('under the pointer nothing moves, though a download has ended and its model is there', async () => {
  const open = await opened(view({ live: { ...quiet(), pulls: PULLS } }));
  const { page } = open;
  const places = (): Promise<number[]> =>
    page.locator('.m-row').evaluateAll((rows) => rows.map((row) => Math.round(row.getBoundingClientRect().top)));
  await page.getByRole('button', { name: 'Warm gemma3:12b' }).hover();
  const [before, loaded] = [await places(), quiet().models];
  await open.push({
    live: { ...quiet({ models: [loadedModel('qwen3:8b', false), ...loaded] }), pulls: PULLS.slice(1) },
  });
  await page.locator('[data-row="pull qwen3:8b"]').getByText('Installed', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Warm qwen3:8b' }).waitFor();
  expect((await places()).slice(0, before.length)).toEqual(before);
  await page.mouse.move(5, 5);
  await page.locator('[data-row="pull qwen3:8b"]').waitFor({ state: 'detached' });
  await open.close();
});

test('a newer version that was cancelled is not said to be installed, though an older one is', async () => {
  const older = quiet({ models: [loadedModel('qwen3:8b', false), ...quiet().models] });
  const open = await opened(view({ live: { ...older, pulls: PULLS.slice(0, 1) } }));
  await open.page.getByRole('button', { name: 'Cancel the download of qwen3:8b' }).click();
  await open.push({ live: { ...older, pulls: [] } });
  await open.page.locator('[data-row="pull qwen3:8b"]').getByText('Cancelled', { exact: true }).waitFor();
  await open.page.getByText('Ollama frees what came when it is started again').waitFor();
  await open.close();
});

test('the text of a row opens its details, one at a time; deleting asks, with the focus on Keep', async () => {
  const details = {
    most_context: 131_072,
    vector_length: null,
    license: 'Apache License Version 2.0, January 2004',
    used_by: ['Open WebUI', 'Continue'],
    reads_tokens_per_s: 2900,
  };
  const profiles = { fast: { model: 'llama3.2:3b' }, coder: { model: 'qwen3:8b' }, brief: { model: 'llama3.2:3b' } };
  const open = await opened(view({ settings: { values: { models: profiles } } }), {
    answers: { model_details: () => details },
  });
  const { page } = open;
  const row = (name: string) => page.locator(`[data-row="${name}"]`);
  await row('deepseek-r1:8b').locator('summary').press('Enter');
  expect(last(open)).toEqual({ command: 'model_details', input: { model: 'deepseek-r1:8b' } });
  await row('llama3.2:3b').locator('summary').click();
  await row('llama3.2:3b').getByText('8,192 of 131,072 tokens').waitFor();
  for (const text of [
    'Apache License Version 2.0',
    'Open WebUI and Continue',
    'reads 2,900 tokens/s',
    'Q4_K_M, 3.2B',
  ]) {
    await row('llama3.2:3b').getByText(text).waitFor();
  }
  expect(await page.locator('.m-open[open]').count()).toBe(1);
  await looksWell(page, 'details');

  await row('llama3.2:3b').getByRole('button', { name: 'Delete… llama3.2:3b' }).click();
  await expect.poll(() => focused(page)).toBe('Keep llama3.2:3b');
  const ask = page.getByRole('group', { name: 'Delete llama3.2:3b?' });
  for (const text of [
    'It is the default',
    'The profiles fast and brief use it.',
    'It is answering just now',
    '2 requests wait for it.',
    'It frees 2.0',
  ]) {
    await ask.getByText(text).waitFor();
  }
  await looksWell(page, 'asking');
  await page.keyboard.press('Escape');
  await ask.waitFor({ state: 'detached' });
  expect(open.calls.map(({ command }) => command)).not.toContain('delete_model');
  await row('gemma3:12b').locator('summary').click();
  await row('gemma3:12b').getByRole('button', { name: 'Delete… gemma3:12b' }).click();
  await page.getByRole('button', { name: 'Delete gemma3:12b' }).click();
  await page.getByRole('button', { name: 'Delete gemma3:12b' }).waitFor({ state: 'detached' });
  expect(open.calls).toContainEqual({ command: 'delete_model', input: { model: 'gemma3:12b' } });
  await open.close();
});

test('freeing the memory says what came of it, and what stays', async () => {
  const result = {
    success: true,
    action: 'unload_idle',
    unloaded: ['nomic-embed-text'],
    in_use: ['llama3.2:3b'],
    refused: ['b'],
  };
  const open = await opened(view(), { answers: { act: () => ({ ...result, freed_bytes: 600_000_000 }) } });
  await open.page.getByRole('button', { name: 'Free VRAM' }).press('Enter');
  await open.page
    .getByRole('status')
    .getByText(/600.MB are free\. llama3\.2:3b stays: it is in use\. Ollama did not unload b\./)
    .waitFor();
  expect(last(open)).toEqual({ command: 'act', input: { action: 'unload_idle', data: {} } });
  await open.close();
});

test('a profile is made, changed and removed in place, and what is wrong is told there', async () => {
  const settings = withProfiles();
  const models = settings.values['models'] as Record<string, unknown>;
  const open = await opened(view({ settings }), { answers: { set_setting: () => settings } });
  const { page } = open;
  const saved = (): unknown => last(open);
  await page.getByRole('button', { name: 'Edit the profile fast' }).click();
  const form = page.getByRole('form');
  expect(await form.getByLabel('Context').inputValue()).toBe('8192');
  await looksWell(page, 'the form');
  await form.getByLabel('Context').fill('much');
  await form.getByLabel('Context').press('Enter');
  await form.getByText('This must be a number.').waitFor();
  await form.getByLabel('Context').fill('4096');
  await form.getByLabel('In line as').selectOption('background');
  await form.getByRole('button', { name: 'Save' }).click();
  const fast = { model: 'llama3.2:3b', options: { temperature: 0, num_ctx: 4096 }, class: 'background' };
  await expect.poll(saved).toEqual({ command: 'set_setting', input: { path: 'models', value: { ...models, fast } } });

  await page.getByRole('button', { name: 'Add…' }).click();
  await form.getByLabel('Name').fill('coder');
  await form.getByLabel('Model', { exact: true }).fill('qwen2.5-coder:7b');
  await form.getByLabel('Other options').fill('{"seed": 1}');
  await form.getByRole('button', { name: 'Save' }).click();
  const coder = { model: 'qwen2.5-coder:7b', options: { seed: 1 } };
  await expect.poll(saved).toEqual({ command: 'set_setting', input: { path: 'models', value: { ...models, coder } } });

  await page.getByRole('button', { name: 'Edit the profile gpt-4o-mini' }).click();
  await form.getByRole('button', { name: 'Remove the profile gpt-4o-mini' }).click();
  await expect.poll(saved).toEqual({
    command: 'set_setting',
    input: { path: 'models', value: { fast: models['fast'] } },
  });
  await open.close();
});
