// The window in the real app, in front of a real gateway: traffic changes its figures and plots, a setting changed in the
// form changes the gateway, wrong values are refused at the field, cancelling in the queue reaches Ollama.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { freePort, startDesktop, type Desktop } from '../support/desktop/real-app.ts';
import { piecesOf } from '../support/hearth.ts';
import { startFakeOllama, type FakeOllama } from '../support/fake-ollama/fake-ollama.ts';
import { eventually } from '../support/waiting.ts';

let desktop: Desktop;
let page: Page;
let second: FakeOllama;
beforeAll(async () => {
  second = await startFakeOllama({ models: [{ name: 'second:1b' }, { name: 'llama3.2:latest' }] as never });
  desktop = await startDesktop({ args: [] });
  await desktop.ready();
  page = await desktop.window();
  page.setDefaultTimeout(8000);
  await page.getByRole('tab', { name: 'Overview' }).waitFor();
});
afterAll(async () => {
  await desktop.stop();
  await second.stop();
});

const tab = (name: string): Promise<void> => page.getByRole('tab', { name }).click();
const field = (path: string) =>
  page.locator('.field', { has: page.locator('.key', { hasText: new RegExp(`^${path}$`) }) });
const stats = async (): Promise<{ ttl_seconds: number; max_size_mb: number }> =>
  ((await (await fetch(`${desktop.url}/api/cache-stats`)).json()) as { response_cache: never }).response_cache;
const health = async (url = desktop.url): Promise<{ upstream: { model: string; url: string } }> =>
  (await (await fetch(`${url}/health`)).json()) as never;

test('traffic changes figures and plots', async () => {
  await page.getByText('No requests yet').waitFor();
  await (await desktop.chat('one')).text();
  await (await desktop.chat('one')).text();
  await page.getByText('1 of 2 requests cost no model time.').waitFor();
  await page.getByRole('img', { name: /^Of 2 requests: 1 hit, 0 coalesced, 1 miss, 0 bypass$/ }).waitFor();
  const requests = page.getByRole('img', { name: /^Requests in steps of 15 seconds since \d\d:\d\d: 2 in all/ });
  await requests.waitFor();
  // The plot is a canvas with something painted on it.
  const painted = (): Promise<boolean> =>
    page.evaluate(() =>
      [...document.querySelectorAll<HTMLCanvasElement>('.strip canvas')].some((canvas) => {
        const { data } = (canvas.getContext('2d') as CanvasRenderingContext2D).getImageData(
          0,
          0,
          canvas.width,
          canvas.height,
        );
        return data.some((value) => value !== 0);
      }),
    );
  await expect.poll(painted, { timeout: 8000 }).toBe(true);
});

test('what is asked in Try it goes through the gateway, and is among the requests as Hearth', async () => {
  const box = page.getByLabel('Question');
  await box.fill('What stays warm?');
  await box.press('Enter');
  await page.getByText('Miss, the model worked').waitFor();
  expect(desktop.fake.chats().at(-1)?.body?.['messages']).toEqual([{ role: 'user', content: 'What stays warm?' }]);
  await tab('Requests');
  await page.locator('.req', { hasText: 'Hearth' }).first().waitFor();
  await tab('Overview');
  // Asked once more it is a kept answer.
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await box.fill('What stays warm?');
  await box.press('Enter');
  await page.getByText(/^Hit, kept at/).waitFor();
});

test('the queue shows who runs and who waits; cancelling there aborts upstream', async () => {
  const gate = desktop.fake.gate();
  const first = desktop.chat('runs', { stream: true });
  await desktop.fake.until(({ active }) => active === 1);
  const waiting = desktop.chat('waits');
  await tab('Queue');
  await page.getByText('1 of 1 slot').waitFor();
  await page.getByText('1 of 100 places').waitFor();
  await page.getByRole('button', { name: /^Cancel the running request of/ }).click();
  expect((await piecesOf(await first)).at(-1)).toMatchObject({ code: 'cancelled' });
  await desktop.fake.until(({ calls }) => calls.some(({ kind, outcome }) => kind === 'run' && outcome === 'aborted'));
  gate.release();
  expect((await waiting).status).toBe(200);
  await page.getByText('Nothing is waiting', { exact: true }).waitFor();
});

test('what an app changes without need is offered with Show and Pin, and a click does it', async () => {
  const reads = { prompt_eval_duration: 5e9 };
  desktop.fake.always({ usage: { prompt_tokens: 2600, completion_tokens: 3, cached_tokens: 12 }, extraFinal: reads });
  const rules = 'Be concise, and read a file before you change it. '.repeat(180);
  let turns = 0;
  const turn = async (agent: string, head: string): Promise<string | undefined> => {
    const messages = [
      { role: 'system', content: `${head}\n${rules}` },
      { role: 'user', content: `What does file ${turns++} do?` },
    ];
    const answer = await fetch(`${desktop.url}/api/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': agent },
      body: JSON.stringify({ model: 'llama3.2', messages }),
    });
    await answer.text();
    const sent = desktop.fake.chats().at(-1)?.body?.['messages'] as { readonly content: string }[];
    return /^.*/.exec(sent[0]?.content ?? '')?.[0];
  };
  const line = (cch: string, version = '0d9'): string =>
    `x-anthropic-billing-header: cc_version=2.1.37.${version}; cc_entrypoint=cli; cch=${cch};`;
  const claude = (cch: string): Promise<string | undefined> => turn('claude-cli/2.1.197 (external, cli)', line(cch));
  const notices = page.locator('.dock .note');

  for (const cch of ['a1111', 'b2222', 'c3333', 'd4444', 'e5555']) await claude(cch);
  const notice = notices.filter({ hasText: 'Claude Code changes 5 characters at the top of each prompt.' });
  await notice.getByText(/^Pinning them would save about \d[\d.]*\ss a turn\.$/).waitFor();
  const isTold = ({ menu }: { readonly menu: unknown }): boolean =>
    JSON.stringify(menu).includes('Claude Code changes 5');
  await desktop.tray.until(isTold, 'the offer among the last notices');
  await notice.getByRole('button', { name: 'Pin', exact: true }).click();
  const pinned = notices.filter({ hasText: 'Pinned.' });
  await pinned.waitFor();
  expect(await claude('f6666')).toBe(line('00000', '000'));
  await pinned.getByRole('button', { name: 'Undo' }).click();
  await pinned.waitFor({ state: 'detached' });
  expect(await claude('a7777')).toBe(line('a7777'));

  for (let second = 10; second < 15; second++) await turn('desk-lamp/1.0', `Current time: 14:35:${second}`);
  await notices.filter({ hasText: 'desk-lamp' }).getByRole('button', { name: 'Show' }).click();
  const offer = page.locator('.mid', { hasText: 'Keep desk-lamp’s prompts the same' });
  const diff = offer.locator('.diff', { hasText: 'As it goes up' }).locator('mark');
  await expect.poll(() => diff.allInnerTexts()).toEqual(['14:35:14', 'given at the end of the last message', '[Current time: 14:35:14]']); // prettier-ignore
  desktop.fake.always(undefined);
});

test('a model is downloaded, paused, goes on where it was, is looked at and deleted', async () => {
  await tab('Models');
  desktop.fake.nextPull({ stall: { at: 1_000_000_000, until: new Promise(() => undefined) } });
  await page.getByLabel('Model to download').fill('phi4:14b');
  await page.getByLabel('Model to download').press('Enter');
  await page.getByText('1.0 of 2.0', { exact: false }).waitFor();
  await page.getByRole('button', { name: 'Pause the download of phi4:14b' }).click();
  await page.getByText('Paused at 1.0 of 2.0', { exact: false }).waitFor();
  await desktop.fake.until(({ calls }) =>
    calls.some(({ path, outcome }) => path === '/api/pull' && outcome === 'aborted'),
  );
  await page.getByRole('button', { name: 'Resume the download of phi4:14b' }).click();
  const row = page.locator('[data-row="phi4:14b"]');
  await row.locator('summary').click();
  await row.getByText('131,072 tokens').waitFor();
  await row.getByRole('button', { name: 'Delete… phi4:14b' }).click();
  await page.getByRole('button', { name: 'Delete phi4:14b' }).click();
  await row.waitFor({ state: 'detached' });
  const tags = (await (await fetch(`${desktop.fake.url}/api/tags`)).json()) as { models: { name: string }[] };
  expect(tags.models.map(({ name }) => name)).not.toContain('phi4:14b');
});

describe('the settings form', () => {
  test('changes the running gateway at once', async () => {
    await tab('Settings');
    const input = field('cache.ttl_seconds').getByRole('textbox');
    await input.fill('7200');
    await input.press('Enter');
    await field('cache.ttl_seconds')
      .getByText(/Saved and in use\. Was 1.h\./)
      .waitFor();
    expect((await stats()).ttl_seconds).toBe(7200);
    await field('cache.ttl_seconds').getByRole('button', { name: 'Undo' }).click();
    await eventually('the old value', async () => (await stats()).ttl_seconds === 3600);
    await expect.poll(() => input.inputValue()).toBe('1 h');
  });

  test('refuses a wrong value with a sentence at the field, and keeps what was typed', async () => {
    const row = field('queue.max_queue_size');
    const input = row.getByRole('textbox');
    await input.fill('0');
    await input.press('Enter');
    await row.getByText('Must be 1 to 10,000. It is still 100.').waitFor();
    expect(await input.getAttribute('aria-invalid')).toBe('true');
    expect(await input.inputValue()).toBe('0');
    await input.fill('100');
    await input.press('Enter');
    await row.getByText('Must be', { exact: false }).waitFor({ state: 'detached' });
  });

  test('tests an address before it is used, and uses it', async () => {
    const row = field('ollama.api_url');
    const input = row.getByRole('textbox');
    await input.fill('http://127.0.0.1:9');
    await input.press('Enter');
    await eventually('the new address', async () => (await health()).upstream.url === 'http://127.0.0.1:9');
    await row.getByRole('button', { name: 'Test' }).click();
    await row.locator('.hint.bad').waitFor();
    await input.fill(second.url);
    await input.press('Enter');
    await row.getByRole('button', { name: 'Test' }).click();
    await row.getByText(/^ ?Reached in .* 2 models: .*second:1b/).waitFor();
    await input.fill('not an address');
    await input.press('Enter');
    await row.getByText(/^ ?Must be an http or https address/).waitFor();
    expect((await health()).upstream.url).toBe(second.url);
    await input.fill(desktop.fake.url);
    await input.press('Enter');
    await eventually('the old address', async () => (await health()).upstream.url === desktop.fake.url);
  });

  test('offers the installed models, and the choice is the gateway’s', async () => {
    const select = field('ollama.model').getByRole('combobox');
    // Just after another address the list is not known yet, and offers the default alone.
    const others = async (): Promise<string[]> =>
      (await select.locator('option').allTextContents()).filter((name) => !name.startsWith('llama3.2'));
    await eventually('a list of models', async () => (await others()).length > 0);
    const [other = ''] = await others();
    await select.selectOption(other);
    await eventually('the other model', async () => (await health()).upstream.model === other);
    await select.selectOption({ index: 0 });
  });

  test('finds a setting by its key, and a switch takes effect at once', async () => {
    await page.getByRole('searchbox').fill('enable_dedup');
    await expect.poll(() => page.locator('.field').count()).toBe(1);
    const toggle = page.getByRole('switch');
    expect(await toggle.isChecked()).toBe(true);
    await toggle.click();
    await page.getByText('Saved and in use. Was on.').waitFor();
    await expect.poll(() => toggle.isChecked()).toBe(false);
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('searchbox').fill('');
  });

  test('a new port waits for a restart, which the notice offers', async () => {
    const port = await freePort();
    const row = field('server.port');
    await row.getByRole('textbox').fill(String(port));
    await row.getByRole('textbox').press('Enter');
    await row.getByText(`In use after a restart of the gateway. Now ${desktop.port}.`).waitFor();
    expect((await health()).upstream).toBeDefined();
    await page.getByRole('button', { name: 'Restart now' }).click();
    await eventually('a gateway there', () =>
      health(`http://127.0.0.1:${port}`).then(
        () => true,
        () => false,
      ),
    );
    await expect(fetch(`${desktop.url}/health`)).rejects.toThrow('fetch failed');
    await page.getByText(`127.0.0.1:${port}`).first().waitFor();
  });

  test('exports what was set, and imports what is valid', async () => {
    const file = join(desktop.home, 'settings.json');
    await desktop.app.evaluate(({ dialog }, path) => {
      dialog.showSaveDialog = (async () => ({ canceled: false, filePath: path })) as never;
      dialog.showOpenDialog = (async () => ({ canceled: false, filePaths: [path] })) as never;
    }, file);
    await page.getByRole('button', { name: 'Export…' }).click();
    await page.getByText(`Written to ${file}.`).waitFor();
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ ollama: { api_url: desktop.fake.url } });
    writeFileSync(file, JSON.stringify({ cache: { ttl_seconds: 77 }, queue: { max_concurrent: 'many' } }));
    await page.getByRole('button', { name: 'Import…' }).click();
    await page.getByText(/^1 setting changed\. .*queue\.max_concurrent must be/).waitFor();
    const toml = file.replace('.json', '.toml');
    writeFileSync(toml, '[cache]\nttl_seconds = 78\n\n[queue]\nmax_queue_size = 90\n');
    await desktop.app.evaluate(({ dialog }, path) => {
      dialog.showOpenDialog = (async () => ({ canceled: false, filePaths: [path] })) as never;
    }, toml);
    await page.getByRole('button', { name: 'Import…' }).click();
    await page.getByText('2 settings changed.').waitFor();
    writeFileSync(toml, '[cache\n');
    await page.getByRole('button', { name: 'Import…' }).click();
    await page.getByText(`${toml}, line 1: this is not valid TOML.`).waitFor();
    writeFileSync(file, '{"cache":{"ttl_seconds":79}}');
    await desktop.app.evaluate(({ dialog }, path) => {
      dialog.showOpenDialog = (async () => ({ canceled: false, filePaths: [path] })) as never;
    }, file);
    await page.getByRole('button', { name: 'Import…' }).click();
    await page.getByText('1 setting changed.').waitFor();
    expect(await page.getByText('is not valid TOML').count()).toBe(0);
    writeFileSync(file, 'no json');
    await page.getByRole('button', { name: 'Import…' }).click();
    await page.getByText(/is not valid JSON/).waitFor();
  });

  test('resets everything only after asking', async () => {
    await page.getByRole('button', { name: 'Reset all…' }).click();
    await page.getByRole('button', { name: 'Keep' }).click();
    await page.getByRole('button', { name: 'Reset all…' }).click();
    await page.getByRole('button', { name: 'Reset', exact: true }).click();
    await page.getByText('All settings have their defaults.').waitFor();
    expect(JSON.parse(readFileSync(join(desktop.dataFolder, 'config.json'), 'utf8'))).toEqual({ $version: 1 });
  });
});
