// The page "Connect an app": who was seen, the lines to copy, other machines with the code for a camera, and the way there and
// back.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterEach, beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader';
import { APPS } from '../../backend/contract/apps.ts';
import type { AppSeen } from '../../backend/contract/views/app-seen.ts';
import { AppError } from '../../backend/contract/errors.ts';
import { resize, startPages, type OpenOptions, type OpenPage, type PageStage } from '../support/page/browser.ts';
import { quiet, settings, STATES, view, type Shown } from '../support/page/views.ts';
import { cutTexts, edgesOf, NewLooks, SIZES } from './looks.ts';

let stage: PageStage;
let open: OpenPage;
beforeAll(async () => {
  const wasm = createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm');
  prepareZXingModule({ overrides: { wasmBinary: readFileSync(wasm).buffer as ArrayBuffer } });
  stage = await startPages();
});
afterEach(() => open.close());

const ago = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();
const DAY = 24 * 60;

/** The page, reached as people do. */
async function connect(shown: Shown, options: OpenOptions = {}): Promise<Page> {
  open = await stage.open(shown, options);
  const { page } = open;
  await page.getByRole('button', { name: 'Connect an app…' }).click();
  await page.getByRole('heading', { name: 'Any other app' }).waitFor();
  return page;
}

const seenAs = (seen: () => readonly AppSeen[]): OpenOptions => ({ answers: { apps: () => ({ seen: seen() }) } });
const rowsOf = (page: Page): Promise<string[]> => page.locator('.app-row summary').allInnerTexts();
const copied = (): unknown => open.calls.findLast(({ command }) => command === 'copy')?.input;

test('apps that were seen stand first, and a new one is seen as soon as its requests come', async () => {
  let seen: readonly AppSeen[] = [
    { id: 'aider', at: ago(3), through: 'litellm' },
    { id: 'curl', at: ago(0) },
    { id: 'codex', at: ago(62) },
    { id: 'open-webui', at: ago(3) },
    { id: 'llm-ollama', at: ago(3 * DAY), through: 'ollama (Python)' },
    { id: 'python-sdks', at: ago(3 * DAY) },
  ];
  const page = await connect(
    view(),
    seenAs(() => seen),
  );
  await expect.poll(() => rowsOf(page)).toHaveLength(APPS.length);
  const plain = async (): Promise<string[]> =>
    (await rowsOf(page)).map((text) => text.replaceAll(/\s+/g, ' ').replace(/\d\d:\d\d/, 'TIME'));
  const day = new Date(Date.now() - 3 * DAY * 60_000).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' }); // prettier-ignore
  expect((await plain()).slice(0, 8)).toEqual([
    'curl last seen just now',
    'Open WebUI last seen 3 min ago',
    'Codex last seen TIME',
    `ollama, openai (Python) last seen ${day}`,
    'aider litellm seen 3 min ago',
    `llm ollama (Python) seen ${day}`,
    'Claude Code not seen yet',
    'Continue not seen yet',
  ]);
  expect((await plain()).at(-1)).toBe('Cursor cannot reach it');

  // While a row is open it stays in its place, and what is new is said there.
  const cline = page.locator('.app-row', { hasText: 'Cline' });
  const claude = page.locator('.app-row', { hasText: 'Claude Code' });
  await claude.locator('summary').click();
  await claude.getByText('Hearth says here when Claude Code first asks.').waitFor();
  const before = (await rowsOf(page)).map((text) => text.split('\n')[0]);
  seen = [...seen, { id: 'claude-code', at: ago(0) }];
  await open.push({ live: quiet({ hits: 1 }) });
  await claude.getByText('last seen just now').waitFor();
  expect(await claude.getByText('Hearth says here').count()).toBe(0);
  expect((await rowsOf(page)).map((text) => text.split('\n')[0])).toEqual(before);
  // One row is open at a time.
  await cline.locator('summary').click();
  await expect.poll(() => page.locator('.app-row[open]').count()).toBe(1);
  await cline.getByText('With a key or a rule named “Cline” Hearth tells it from them.').waitFor();
});

test('each line has the address and the model of this gateway, and is copied whole', async () => {
  const addresses = { ...view().gateway.addresses, gateway: 'http://127.0.0.1:8090', openai_base_url: 'http://127.0.0.1:8090/v1' }; // prettier-ignore
  const page = await connect(
    view({ gateway: { addresses } }),
    seenAs(() => []),
  );
  const copy = async (app: string, name: string): Promise<unknown> => {
    await page.locator('.app-row summary', { hasText: app }).click();
    await page.getByRole('button', { name, exact: true }).click();
    await page.locator('.app-row[open] .btn.icon use[href="#i-check"]').waitFor();
    return copied();
  };
  expect(await copy('Open WebUI', 'Copy the line for Open WebUI')).toEqual({
    text: 'OLLAMA_BASE_URL=http://127.0.0.1:8090 open-webui serve',
  });
  expect(await copy('Continue', 'Copy the lines for Continue')).toEqual({
    text: 'models:\n  - name: Hearth\n    provider: openai\n    model: llama3.2:3b\n    apiBase: http://127.0.0.1:8090/v1',
  });
  expect(await copy('AI SDK', 'Copy the line for AI SDK (2 of 2)')).toEqual({
    text: "createOllama({ baseURL: 'http://127.0.0.1:8090/api' })",
  });
  await page.getByRole('button', { name: 'Copy ANTHROPIC_BASE_URL' }).click();
  await expect.poll(copied).toEqual({ text: 'ANTHROPIC_BASE_URL=http://127.0.0.1:8090' });
});

test('where it listens in the network alone, each line has a place for a key', async () => {
  const address = 'http://192.168.1.24:8080';
  const addresses = {
    gateway: address,
    ollama_host: '192.168.1.24:8080',
    openai_base_url: `${address}/v1`,
    lan: address,
  };
  const page = await connect(
    view({ gateway: { addresses, beyond_loopback: true } }),
    seenAs(() => []),
  );
  await page.getByText('This gateway wants a key from everybody. Put yours in place of YOUR_KEY').waitFor();
  expect(await page.locator('.app-row', { hasText: 'ShellGPT' }).locator('code').textContent()).toContain('OPENAI_API_KEY=YOUR_KEY'); // prettier-ignore
});

const LAN = 'http://192.168.1.24:8080';
const KEYS = ['phone', 'laptop'].map((name, i) => ({ name, hash: `sha256:${String(i).repeat(64)}`, scopes: ['chat'] }));

test('the code holds the address alone, dark on white in both themes, and a camera reads it', async () => {
  const shown = (STATES['keys'] as () => Shown)();
  const page = await connect(
    shown,
    seenAs(() => []),
  );
  const code = page.getByRole('img', { name: `QR code for ${LAN}` });
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const picture = await code.screenshot();
    const read = await readBarcodes(picture, { formats: ['QRCode'], tryHarder: false, tryInvert: false });
    expect(read.map(({ text }) => text)).toEqual([LAN]);
  }
  await page.getByRole('button', { name: 'Copy address' }).click();
  await expect.poll(copied).toEqual({ text: LAN });
  await page.getByText('For machines in your network that have a key. 2 keys: phone and the-build-server').waitFor();
});

test('says of other machines whether they get in, and if not, what is missing', async () => {
  const page = await connect(
    view(),
    seenAs(() => []),
  );
  const values = settings().values;
  const { gateway } = view();
  const reached = { ...gateway, beyond_loopback: true };
  for (const [words, over, at, adds] of [
    ['Needs a key first, so that only your machines get in.', {}, gateway, 1],
    ['Needs a key first, so that only your machines get in.', { 'server.lan': true }, gateway, 1],
    ['Only this machine gets in. 2 keys: phone and laptop.', { 'server.api_keys': KEYS }, gateway, 0],
    ['Other machines get in once', { 'server.api_keys': KEYS, 'server.lan': true }, gateway, 0],
    ['This machine is in no network now', { 'server.api_keys': KEYS, 'server.lan': true }, reached, 0],
    [
      'For all machines in your network, also without a key.',
      { 'server.lan': true, 'server.allow_anonymous': true },
      { ...reached, addresses: { ...gateway.addresses, lan: LAN } },
      1,
    ],
  ] as const) {
    await open.push({ gateway: at, settings: { ...settings(), values: { ...values, ...over } } });
    await page.getByText(words).waitFor();
    expect([words, await page.getByRole('button', { name: 'Add a key…' }).count()]).toEqual([words, adds]);
    expect([words, await page.locator('.qr').count()]).toEqual([words, at.addresses.lan === null ? 0 : 1]);
  }
  await page.getByRole('button', { name: 'Add a key…' }).click();
  await page.locator('[data-path="server.api_keys"]').waitFor();
});

test('without a list of requests, and without a gateway, nothing is said of who was seen', async () => {
  const values = { ...settings().values, 'log.list_max': 0 };
  const page = await connect(
    view({ settings: { values } }),
    seenAs(() => [{ id: 'curl', at: ago(1) }]),
  );
  await page.getByText('No list of requests is kept, so Hearth cannot say which apps it saw.').waitFor();
  expect(await page.getByText('seen yet').count()).toBe(0);
  expect(await page.getByText('last seen').count()).toBe(0);
  await open.close();
  const away = new AppError('shutting_down', 'The gateway does not run. Start it first.');
  const stopped = await connect(view(), { answers: { apps: () => away } });
  await expect.poll(() => rowsOf(stopped)).toHaveLength(APPS.length);
  expect(await stopped.getByText('seen yet').count()).toBe(0);
});

test('the keyboard goes in and comes back to the button that led there', async () => {
  open = await stage.open(
    view(),
    seenAs(() => []),
  );
  const { page } = open;
  const link = page.getByRole('button', { name: 'Connect an app…' });
  const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.textContent ?? '');
  for (const back of ['Escape', 'Alt+ArrowLeft', 'Enter']) {
    await link.focus();
    await page.keyboard.press('Enter');
    const whole = page.getByRole('group', { name: 'Connect an app' });
    await expect.poll(() => whole.evaluate((each) => each === document.activeElement)).toBe(true);
    expect(await page.getByRole('tab', { name: 'Overview' }).getAttribute('aria-selected')).toBe('true');
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Connect an app');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Overview');
    await page.keyboard.press(back);
    await expect.poll(focused).toBe('Connect an app…');
  }
  // The tab itself leads back as well.
  await link.click();
  await page.keyboard.press('Control+1');
  await link.waitFor();
});

test('it is readable at every size and in both themes, in two columns where there is room', async () => {
  const page = await connect(
    (STATES['keys'] as () => Shown)(),
    seenAs(() => [{ id: 'open-webui', at: ago(2) }]),
  );
  await page.locator('.app-row summary', { hasText: 'opencode' }).click();
  for (const [width, height] of SIZES) {
    await resize(page, width, height);
    expect(await cutTexts(page), `at ${width} px`).toEqual([]);
    const left = async (name: string): Promise<number> => (await page.getByRole('heading', { name, level: 2 }).boundingBox())?.x ?? 0; // prettier-ignore
    expect((await left('Any other app')) > (await left('Connect an app'))).toBe(width >= 900);
  }
  for (const width of [800, 1000, 1300]) {
    await resize(page, width, 720);
    expect(await edgesOf(page, '.status, #view, .dock > .note'), `at ${width} px`).toHaveLength(1);
  }
  expect(await new NewLooks().violations(page, 'connect')).toEqual([]);
});
