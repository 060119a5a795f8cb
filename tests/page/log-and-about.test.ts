// Log and about, and where prompts part: the pages behind Settings and Overview. What they say at every size and in both themes, the
// log that follows until somebody scrolls up, and what is copied of it.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { projectRoot } from '../support/desktop/processes.ts';
import { AppError } from '../../backend/contract/errors.ts';
import type { UpdatesView } from '../../backend/contract/window/about-commands.ts';
import { aboutAnswers, LINES, PARTINGS } from '../support/page/about-day.ts';
import { resize, startPages, type PageStage } from '../support/page/browser.ts';
import { view } from '../support/page/views.ts';
import { cutTexts, NewLooks, SIZES } from './looks.ts';

const shots = process.env['PICTURES'] === undefined ? undefined : join(projectRoot(), 'screenshots');

let stage: PageStage;
beforeAll(async () => {
  if (shots !== undefined) mkdirSync(shots, { recursive: true });
  stage = await startPages();
});

async function looksRight(page: Page, name: string): Promise<void> {
  const shot = async (as: string): Promise<void> => {
    if (shots !== undefined) await page.screenshot({ path: join(shots, `${name}.${as}.png`) });
  };
  for (const [width, height] of [...SIZES, [900, 720] as const]) {
    await resize(page, width, height);
    expect(await cutTexts(page), `${name} at ${width} px`).toEqual([]);
    await shot(String(width));
  }
  expect(await new NewLooks().violations(page, name)).toEqual([]);
  if (shots === undefined) return;
  await page.emulateMedia({ colorScheme: 'dark' });
  await shot('dark');
}

const openAbout = async (page: Page): Promise<void> => {
  await page.keyboard.press('Control+5');
  await page.getByRole('button', { name: 'Log and about' }).click();
};

test('the log shows lines by level, follows until somebody scrolls up, and is copied as shown', async () => {
  const many = Array.from({ length: 60 }, (_, i) => ({ at: null, level: 'info' as const, text: `line ${i}` }));
  const { page, calls, close } = await stage.open(view(), { answers: aboutAnswers(many) });
  await openAbout(page);
  const log = page.getByRole('list', { name: 'Log lines, newest last' });
  await log.getByText('line 59').waitFor();
  const toEnd = (): Promise<number> =>
    log.evaluate((list) => list.scrollHeight - list.clientHeight - Math.round(list.scrollTop));
  await expect.poll(toEnd).toBeLessThanOrEqual(1);
  const follow = page.getByRole('switch', { name: 'Follow' });
  expect(await follow.isChecked()).toBe(true);
  await log.press('Home');
  // The way there is a short one, and following begins once it is over.
  await expect.poll(() => log.evaluate((list) => list.scrollTop)).toBe(0);
  await expect.poll(() => follow.isChecked()).toBe(false);
  await follow.click();
  await expect.poll(toEnd).toBeLessThanOrEqual(1);
  const level = page.getByLabel('Least level shown');
  await level.selectOption('warn');
  expect(await log.getByRole('listitem').count()).toBe(2);
  await page.getByText('2 lines since', { exact: false }).waitFor();
  await page.getByRole('button', { name: 'Copy the lines shown' }).click();
  const worst = LINES.filter(({ level }) => level === 'warn' || level === 'error');
  await expect
    .poll(() => calls.find(({ command }) => command === 'copy')?.input)
    .toEqual({ text: worst.map(({ at, level, text }) => `${at} ${level} ${text}`).join('\n') });
  await level.selectOption('debug');
  await page.getByText('The log is written from info on.').waitFor();
  await looksRight(page, 'log-and-about');
  await close();
});

test('after a call that failed the log goes on by itself, and the failure is no longer told', async () => {
  let asked = 0;
  const answers = {
    ...aboutAnswers(),
    log: ({ after }: { readonly after?: string }) =>
      asked++ === 0
        ? new AppError('internal', 'The log could not be read.')
        : { lines: after === undefined ? LINES : [], next: 'first', again: after === undefined },
  };
  const { page, close } = await stage.open(view(), { answers });
  await openAbout(page);
  await page.getByText('The log could not be read.').waitFor();
  await page.getByRole('list', { name: 'Log lines, newest last' }).getByRole('listitem').first().waitFor();
  await page.getByText('The log could not be read.').waitFor({ state: 'detached' });
  await close();
});

test('what this Hearth is can be copied without a folder; updates have one line', async () => {
  const { page, calls, push, close } = await stage.open(view());
  await openAbout(page);
  await page.getByText('~/.config/Hearth').waitFor();
  await page.getByRole('button', { name: 'Copy details' }).click();
  await expect.poll(() => calls.find(({ command }) => command === 'copy')).toBeDefined();
  const [{ input } = { input: {} }] = calls.filter(({ command }) => command === 'copy');
  const { text } = input as { readonly text: string };
  expect(text).toMatch(/^Hearth 1\.3\.2\nOllama: .+ at 127\.0\.0\.1:11434\nRunning for: 5.h\nSystem: Linux.*\n/);
  expect(text).not.toContain('config');
  for (const [updates, words] of [
    [{ state: 'off', why: 'setting' }, 'Looking for updates is off.Change…'],
    [{ state: 'none', looked_at: null }, 'Not looked for updates yet.Look now'],
    [{ state: 'looking' }, 'Looking for updates'],
    [{ state: 'fetching', version: '1.4.0', share: 0.4 }, /^Fetching Hearth 1\.4\.0, 40.%$/],
    [{ state: 'failed', looked_at: new Date().toISOString(), sentence: 'It is damaged.' }, 'It is damaged.Look now'],
    [{ state: 'ready', version: '1.4.0', notes: 'Faster.' }, 'Hearth 1.4.0 is ready.Restart now'],
  ] as readonly (readonly [UpdatesView, string | RegExp])[]) {
    await push({ updates });
    await expect.poll(() => page.locator('.who .meta').textContent()).toMatch(words);
  }
  await page.getByText('Faster.').waitFor();
  await page.getByRole('button', { name: 'Restart now' }).click();
  await expect.poll(() => calls.some(({ command }) => command === 'install_update')).toBe(true);
  await close();
});

test('what could be kept the same is offered with what it saves, chosen by one click, and undone', async () => {
  const set: unknown[] = [];
  const answers = { ...aboutAnswers(), set_setting: (input: unknown) => (set.push(input), view().settings) };
  const { page, calls, close } = await stage.open(view(), { answers });
  await page.getByRole('button', { name: 'Where prompts part' }).click();
  await page.getByText('Claude Code changes 9 characters at character 71 of each prompt.').waitFor();
  await page.getByText(/about 18.s a turn would be saved: 20,862 tokens less to read/).waitFor();
  await page.getByText('Kept the same, 1,200 tokens less would be read each turn.').waitFor();
  await page.getByText('With the day alone the model no longer knows how late it is.').waitFor();
  const diffs = page.locator('.diff', { hasText: 'As it goes up' });
  await expect
    .poll(async () => (await diffs.locator('li').allInnerTexts()).map((line) => line.replaceAll(/\s+/g, ' ')))
    .toEqual([
      'As it came …ader: cc_version=2.1.37.0d9; cc_entrypoint=cli; cch=b07d91e53; You are Claude Code, A…',
      'As it goes up …ader: cc_version=2.1.37.000; cc_entrypoint=cli; cch=00000; You are Claude Code, A…',
      'As it came Current time: 14:35:12. You run the lights of…',
      'As it goes up Current time: given at the end of the last message. You run the lights of…',
      'At its end [Current time: 14:35:12]',
    ]);
  // What it is about stands before what to do about it, at every width.
  const tops = await page
    .locator('.mid', { hasText: 'Keep Claude Code’s prompts the same' })
    .locator('.diff, .btns')
    .evaluateAll((parts) => parts.map((part) => part.getBoundingClientRect().top));
  expect(tops).toEqual(tops.toSorted((a, b) => a - b));
  const rows = page.locator('table').first().locator('tbody tr');
  await expect
    .poll(async () => (await rows.allInnerTexts()).map((row) => row.replaceAll(/[^\S\t]/gu, ' ')))
    .toEqual(['As sent\t21,326\t26\t18.4 s', 'Pinned\t464\t20,888\t0.40 s']);
  await looksRight(page, 'pin-offers');
  await page.getByRole('button', { name: 'Pin', exact: true }).click();
  await page.getByText('Pinned.').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('Pinned.').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Keep only the day' }).click();
  await page.getByRole('button', { name: 'Not for Home Assistant' }).click();
  await page.getByText('is not offered again').waitFor();
  // Put off, by the keyboard, and taken back.
  const later = page.getByRole('button', { name: 'Not now, for Claude Code' });
  await later.focus();
  await page.keyboard.press('Enter');
  await page.getByText('It is offered again in 7 days at the earliest.').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  const putOff = { app: 'Claude Code', what: 'billing_line' };
  const asked = calls.filter(({ command }) => command === 'put_off_offer').map(({ input }) => input);
  expect(asked).toEqual([{ ...putOff, isOff: true }, { ...putOff, isOff: false }]); // prettier-ignore
  const path = 'prompts.apps';
  expect(set).toEqual([
    { path, value: { 'Claude Code': { billing_line: 'pin' } } },
    { path, value: {} },
    { path, value: { 'Home Assistant': { clock: 'to_day' } } },
    { path, value: { 'Home Assistant': { clock: 'as_sent' } } },
  ]);
  await close();
});

test('where prompts part is said with what it costs; where none does, that is said', async () => {
  const answers = aboutAnswers();
  const { page, close } = await stage.open(view(), { answers });
  await page.getByRole('button', { name: 'Where prompts part' }).click();
  await page.getByText('Claude Code’s prompts part at character 71 of 84,930.').waitFor();
  await page.getByText(/About 18.s a turn go into reading 20,862 tokens again\./).waitFor();
  await page.getByText('What differs is in the system prompt: a random key.').waitFor();
  await page.getByText('nightly-report’s prompts part at about character 1,280 of 4,810.').waitFor();
  await looksRight(page, 'prompts');
  await close();
  const nothing = { ...PARTINGS, places: [], offers: [] };
  for (const [told, words] of [
    [nothing, /^The last 34 prompts go on from the ones before them, since/],
    [{ ...nothing, compared: 0, since: null }, 'No two prompts to compare yet'],
  ] as const) {
    const other = await stage.open(view(), { answers: { ...answers, partings: () => told } });
    await other.page.getByRole('button', { name: 'Where prompts part' }).click();
    await other.page.getByText(words).waitFor();
    await other.close();
  }
});
