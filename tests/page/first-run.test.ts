// The page of the first run: a model is proposed and saved with Done, Done waits for it, there is one main button, and the
// keyboard goes on where the address is typed.
import { beforeAll, describe, expect, test } from 'vitest';
import type { View } from '../../backend/contract/window/desktop.ts';
import { AppError } from '../../backend/contract/errors.ts';
import { startPages, type PageStage } from '../support/page/browser.ts';
import { downloading } from '../support/live-view.ts';
import { edgesOf } from './looks.ts';
import { quiet, STATES, view } from '../support/page/views.ts';

let stage: PageStage;
beforeAll(async () => {
  stage = await startPages();
});

const state = (name: string): View => (STATES[name] as () => View)();

test('where the default is not installed another is proposed with the reason, and Done saves it', async () => {
  const open = await stage.open(state('first run, model missing'));
  const { page } = open;
  expect(await page.locator('.choice .name').allTextContents()).not.toContain('mxbai-embed-large');
  expect(await page.locator('.choice').allTextContents()).not.toContainEqual(expect.stringContaining('cloud'));
  await page.getByText('Not in the list: mxbai-embed-large (cannot chat), gpt-oss:120b-cloud (runs on').waitFor();
  expect(await page.getByRole('radio', { checked: true }).count()).toBe(1);
  await page.getByText('deepseek-r1:8b is chosen because it was installed last.').waitFor();
  await page.getByRole('button', { name: 'Done' }).click();
  await expect
    .poll(() => open.calls)
    .toEqual([
      { command: 'set_setting', input: { path: 'ollama.model', value: 'deepseek-r1:8b' } },
      { command: 'finish_first_run', input: {} },
    ]);
  await open.close();
});

test('the installed default is left as it is', async () => {
  const open = await stage.open(state('first run'), { width: 1000 });
  // The lower edge stands in line with what is above it.
  expect(await edgesOf(open.page, '.status, .steps, .finish')).toHaveLength(1);
  await open.page.getByRole('button', { name: 'Done' }).click();
  await expect.poll(() => open.calls).toEqual([{ command: 'finish_first_run', input: {} }]);
  await open.close();
});

test.each([
  ['first run, no ollama', 'Waits for Ollama.'],
  ['first run, nothing that chats', 'Waits for a model.'],
  ['first run, port taken', 'Waits for the gateway.'],
])('%s: Done says what it waits for, and the page can be put off', async (name, words) => {
  const open = await stage.open(state(name));
  const { page } = open;
  const done = page.getByRole('button', { name: 'Done' });
  expect(await done.getAttribute('aria-disabled')).toBe('true');
  await done.click({ force: true });
  await page.getByText(words).waitFor();
  expect(open.calls).toEqual([]);
  await page.getByRole('button', { name: 'Later' }).click();
  await expect.poll(() => open.calls).toEqual([{ command: 'finish_first_run', input: {} }]);
  await open.close();
});

test('Done waits for a model that the environment names and that is not installed', async () => {
  const missing = quiet({ upstream: { model: 'gone', model_available: false } });
  const locked = { locked: { 'ollama.model': 'OLLAMA_MODEL' } };
  const open = await stage.open(view({ app: { first_run: true }, live: missing, settings: locked }));
  expect(await open.page.getByRole('button', { name: 'Done' }).getAttribute('aria-disabled')).toBe('true');
  await open.page.getByText('gone is set by OLLAMA_MODEL in the environment and is not installed.').waitFor();
  await open.close();
});

test.each(Object.keys(STATES).filter((name) => name.startsWith('first run')))('%s: one main button', async (name) => {
  const open = await stage.open(state(name));
  expect(await open.page.locator('.btn.primary').count()).toBeLessThanOrEqual(1);
  await open.close();
});

describe('another address', () => {
  test('is typed at once, and Escape leads back to the button', async () => {
    const open = await stage.open(state('first run, no ollama'));
    const { page } = open;
    const other = page.getByRole('button', { name: 'Use another address…' });
    await other.focus();
    await page.keyboard.press('Enter');
    await page.keyboard.type('192.168.1.20');
    const input = page.getByRole('textbox', { name: 'Address of Ollama' });
    expect(await input.inputValue()).toBe('192.168.1.20');
    await page.keyboard.press('Escape');
    await expect.poll(() => other.evaluate((each) => each === document.activeElement)).toBe(true);
    await open.close();
  });

  test('that does not answer is not saved', async () => {
    const refusal = new AppError('upstream_unreachable', 'Ollama does not answer at http://127.0.0.1:9.');
    const open = await stage.open(state('first run, wrong address'), { answers: { test_connection: () => refusal } });
    const { page } = open;
    await page.getByText('No Ollama at 127.0.0.1:9').waitFor();
    expect(await page.getByRole('button', { name: 'Get Ollama' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Use another address…' }).click();
    await page.keyboard.press('Enter');
    await page.getByText('Ollama does not answer at http://127.0.0.1:9.').waitFor();
    expect(open.calls.map(({ command }) => command)).toEqual(['test_connection']);
    await open.close();
  });
});

test('without a model that chats one is downloaded here, and proposed once it is there', async () => {
  const empty = quiet({ models: [], status: 'degraded', upstream: { model_available: false } });
  const open = await stage.open(view({ app: { first_run: true }, live: empty }));
  const { page } = open;
  const download = page.getByRole('button', { name: 'Download llama3.2:3b' });
  await download.focus();
  await page.keyboard.press('Enter');
  await expect.poll(() => open.calls).toEqual([{ command: 'pull_model', input: { model: 'llama3.2:3b' } }]);
  await open.push({ live: { ...empty, pulls: [downloading('llama3.2:3b')] } });
  const pause = page.getByRole('button', { name: 'Pause the download of llama3.2:3b' });
  await expect.poll(() => pause.evaluate((each) => each === document.activeElement)).toBe(true);
  expect(await page.getByRole('progressbar', { name: /llama3.2:3b/ }).getAttribute('value')).toBe('596');
  expect(await download.count()).toBe(0);
  await open.push({ live: quiet() });
  await page.getByRole('radio', { name: /llama3.2:3b/, checked: true }).waitFor();
  expect(await page.getByRole('button', { name: 'Done' }).getAttribute('aria-disabled')).toBe('false');
  await open.close();
});

test('where something else answers nobody is told to start Ollama', async () => {
  const open = await stage.open(state('first run, no ollama at the address'));
  await open.page.getByText('Something else answers there. Say where Ollama is.').waitFor();
  await open.close();
});

test('without a default model nothing is offered to try that must fail', async () => {
  const fresh = state('nothing yet');
  const missing = quiet({ upstream: { model: 'gone', model_available: false } });
  const open = await stage.open({ ...fresh, live: missing });
  await open.page.getByText('No requests yet').waitFor();
  expect(await open.page.locator('.cmd').count()).toBe(0);
  await open.close();
});
