// The tab Requests: rows that come, go on and end while one looks, one request in full, and the ways on from there.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import type { RequestFact } from '../../backend/contract/views/control.ts';
import { AppError } from '../../backend/contract/errors.ts';
import { MISSED_CAUSES } from '../../backend/core/explain/why-missed.ts';
import { SLOW_CAUSES } from '../../backend/core/explain/why-slow.ts';
import { projectRoot } from '../support/desktop/processes.ts';
import {
  resize,
  startPages,
  type Answers,
  type OpenOptions,
  type OpenPage,
  type PageStage,
} from '../support/page/browser.ts';
import { cutTexts, SIZES, USUAL, NewLooks, violations, withAxe } from './looks.ts';
import { answersOf, DAY, dayAnswers, fact, PINNED, RUNNING, SLOW, WAITING } from '../support/page/request-day.ts';
import { quiet, view } from '../support/page/views.ts';

const shots = process.env['PICTURES'] === undefined ? undefined : join(projectRoot(), 'screenshots');

let stage: PageStage;
beforeAll(async () => {
  if (shots !== undefined) mkdirSync(shots, { recursive: true });
  stage = await startPages();
});

async function opened(answers: Answers = {}, options: OpenOptions = {}): Promise<OpenPage> {
  const open = await stage.open(view(), { answers, ...options });
  await open.page.keyboard.press('Control+3');
  await open.page.locator('#view :is(.req, .empty)').first().waitFor();
  return open;
}

const rowOf = (page: Page, { request_id }: RequestFact) => page.locator(`.req-a[data-id="${request_id}"]`);
const inputs = (open: OpenPage, wanted: string): unknown[] =>
  open.calls.filter(({ command }) => command === wanted).map(({ input }) => input);
/** What has the focus: the id of a row's request, or how it is named. */
const focused = (page: Page): Promise<string | null> =>
  page.evaluate(() => {
    const element = document.activeElement as HTMLElement | null;
    return element?.dataset['id'] ?? element?.getAttribute('aria-label') ?? element?.id ?? null;
  });
/** A live view in which one more request has ended: the list is looked at again. */
const later = (n: number) => {
  const live = quiet();
  return { live: { ...live, queue: { ...live.queue, totals: { ...live.queue.totals, requests: n } } } };
};

// ---- how it looks

const none: Answers = answersOf(() => []);
/** Rules of axe about what stands where, and about list and detail in one page. */
const OF_WIDTH = [
  'aria-valid-attr-value',
  'duplicate-id-aria',
  'heading-order',
  'landmark-unique',
  'scrollable-region-focusable',
  'target-size',
] as const;
const LOOKS: Readonly<Record<string, readonly [Answers, (page: Page) => Promise<unknown>]>> = {
  list: [dayAnswers([WAITING, RUNNING]), (page) => rowOf(page, RUNNING).waitFor()],
  slow: [dayAnswers(), (page) => rowOf(page, SLOW).click()],
  running: [dayAnswers([RUNNING]), (page) => rowOf(page, RUNNING).click()],
  pinned: [dayAnswers([PINNED]), (page) => rowOf(page, PINNED).click()],
  hit: [dayAnswers(), (page) => rowOf(page, DAY[0] as RequestFact).click()],
  nothing: [none, (page) => page.getByText('No requests yet').waitFor()],
  'no match': [dayAnswers(), (page) => page.getByLabel('Find a request').fill('no such thing')],
  unreadable: [
    { requests: () => new AppError('internal', 'Something went wrong in Hearth.') },
    (page) => page.getByText('The requests cannot be read').waitFor(),
  ],
};

const axe = new NewLooks();

test.each(Object.entries(LOOKS))(
  '%s: nothing is cut at any size, and axe finds nothing',
  async (name, [answers, go]) => {
    const open = await opened(answers);
    const { page } = open;
    await go(page);
    if (name === 'no match') await page.getByText('No request matches').waitFor();
    else if (!['list', 'nothing', 'unreadable'].includes(name)) await page.locator('.one-request .facts').waitFor();
    await withAxe(page);
    for (const [width, height] of SIZES) {
      await resize(page, width, height);
      expect(await cutTexts(page), `at ${width} px`).toEqual([]);
      if (shots !== undefined) await page.screenshot({ path: join(shots, `requests-${name}.${width}.png`) });
      // What hangs on the width alone; by all rules it is looked at below.
      if (width === 1000) expect(await violations(page, { rules: OF_WIDTH }), 'wide').toEqual([]);
    }
    expect(await axe.violations(page, 'requests')).toEqual([]);
    if (shots !== undefined) {
      await page.emulateMedia({ colorScheme: 'dark' });
      await page.screenshot({ path: join(shots, `requests-${name}.${USUAL[0]}.dark.png`) });
      await resize(page, 1000, 720);
      await page.screenshot({ path: join(shots, `requests-${name}.1000.dark.png`) });
    }
    await open.close();
  },
);

// ---- by keyboard

test('narrow: Enter opens a request in place of the list; Escape and Back lead to its row', async () => {
  const open = await opened();
  const { page } = open;
  for (const leave of ['Escape', 'Alt+ArrowLeft', 'button']) {
    await rowOf(page, SLOW).focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => focused(page)).toMatch(/^Request of Claude Code at/);
    expect(await page.locator('.list').isVisible()).toBe(false);
    // The outline of what has the focus stands beside the letters, and not on them.
    const [outer = 0, inner = 0] = await page.locator('.one-request, .one-request .name').evaluateAll((parts) => parts.map((part) => part.getBoundingClientRect().left)); // prettier-ignore
    expect(inner - outer).toBeGreaterThanOrEqual(4);
    if (leave === 'button') await page.getByRole('button', { name: 'All 214 requests' }).click();
    else await page.keyboard.press(leave);
    await expect.poll(() => focused(page)).toBe(SLOW.request_id);
    expect(await page.locator('.one-request').count()).toBe(0);
  }
  await open.close();
});

test('wide: the list stays, and arrows, Home and End choose what is shown beside it', async () => {
  const open = await opened({}, { width: 1000, height: 720 });
  const { page } = open;
  await page.getByText('Choose a request to see where its time went.').waitFor();
  const current = (): Promise<(string | undefined)[]> =>
    page.locator('.req-a[aria-current]').evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset['id']));
  // One stop for the whole list.
  expect(await page.locator('.req-a[tabindex="0"]').count()).toBe(1);
  await rowOf(page, DAY[0] as RequestFact).click();
  for (const [key, at] of [
    ['ArrowDown', 1],
    ['ArrowDown', 2],
    ['ArrowUp', 1],
    ['End', DAY.length - 1],
    ['Home', 0],
  ] as const) {
    await page.keyboard.press(key);
    await expect.poll(current).toEqual([DAY[at]?.request_id]);
    expect(await focused(page)).toBe(DAY[at]?.request_id);
  }
  await rowOf(page, SLOW).click();
  await page.getByRole('heading', { name: /^Request of Claude Code/ }).waitFor({ state: 'attached' });
  expect(await page.locator('.list').isVisible()).toBe(true);
  await open.close();
});

// ---- live

test('rows come on top, change in place, and wait behind a button while somebody is in the list', async () => {
  let rows: readonly RequestFact[] = [RUNNING, ...DAY];
  const open = await opened(answersOf(() => rows));
  const { page } = open;
  const shown = (): Promise<(string | undefined)[]> =>
    page.locator('.req-a').evaluateAll((all) => all.slice(0, 2).map((row) => (row as HTMLElement).dataset['id']));
  await rowOf(page, RUNNING).getByText('Running').waitFor();
  const newer = fact({ ago: 0 });
  rows = [newer, RUNNING, ...DAY];
  await open.push(later(1));
  await expect.poll(shown).toEqual([newer.request_id, RUNNING.request_id]);

  await rowOf(page, RUNNING).hover();
  const newest = fact({ ago: 0 });
  rows = [newest, newer, { ...RUNNING, status: 'completed' }, ...DAY];
  await open.push(later(2));
  // It has ended, where it stood.
  await rowOf(page, RUNNING).getByText('Miss').waitFor();
  expect(await shown()).toEqual([newer.request_id, RUNNING.request_id]);
  // By the keyboard: a pointer that leaves the list lets the rows come by itself, and the button goes.
  await page.getByRole('button', { name: '1 new' }).press('Enter');
  await expect.poll(shown).toEqual([newest.request_id, newer.request_id]);
  await page.getByText('Newest first').waitFor();
  await open.close();
});

test('older pages come as one scrolls; words and source are looked for by the app', async () => {
  const many = Array.from({ length: 250 }, (_, i) => fact({ ago: i, model: i === 240 ? 'phi4:14b' : 'llama3.2:3b' }));
  const open = await opened(answersOf(() => many));
  const { page } = open;
  await rowOf(page, many[99] as RequestFact).scrollIntoViewIfNeeded();
  await rowOf(page, many[199] as RequestFact).scrollIntoViewIfNeeded();
  await expect.poll(() => page.locator('.req').count()).toBe(250);
  expect(inputs(open, 'requests').filter((input) => 'cursor' in (input as object))).toEqual([
    { limit: 100, cursor: 100 },
    { limit: 100, cursor: 200 },
  ]);
  await page.getByLabel('Find a request').fill('phi4');
  await expect.poll(() => page.locator('.req').count()).toBe(1);
  await page.getByText('1 request found').waitFor({ state: 'attached' });
  await page.getByLabel('Source').selectOption('Hit 112');
  await page.getByText('No request matches').waitFor();
  expect(inputs(open, 'requests').at(-1)).toEqual({ q: 'phi4', source: ['hit'], limit: 100 });
  await page.getByRole('button', { name: 'Show all' }).click();
  await expect.poll(() => page.locator('.req').count()).toBe(100);
  await open.close();
});

// ---- the ways on

test('a wish opens a request, its link leads to the setting, and it is still open after that', async () => {
  const open = await stage.open(view());
  const { page } = open;
  await open.push({ go: { tab: 'requests', request: SLOW.request_id, n: 1 } });
  await page.getByText('Reading the prompt took 18.4 of 30.2 s.').waitFor();
  await page.getByText('character 71 of 84,930').waitFor();
  await page.getByRole('button', { name: 'Cache these too…' }).click();
  await expect
    .poll(() => page.evaluate(() => document.activeElement?.closest<HTMLElement>('[data-path]')?.dataset['path']))
    .toBe('cache.drop_in');
  await page.keyboard.press('Control+3');
  await page.getByText('Third in line, behind Open WebUI and Continue').waitFor();
  await open.close();
});

test('each setting that a sentence names is there, and one without a control has the focus', async () => {
  const causes: readonly { readonly setting?: { readonly path: string } }[] = [...SLOW_CAUSES, ...MISSED_CAUSES];
  const paths = new Set(causes.flatMap(({ setting }) => (setting === undefined ? [] : [setting.path])));
  const open = await stage.open(view());
  const { page } = open;
  // The first is among the seldom needed ones, so that all of them are shown.
  for (const [n, path] of ['queue.yield_ms', 'queue.rules'].entries()) {
    await open.push({ go: { tab: 'settings', setting: path, n: n + 1 } });
    await page.locator(`[data-path="${path}"]:focus-within`).waitFor();
  }
  const there = await page
    .locator('[data-path]')
    .evaluateAll((all) => all.map((each) => each.getAttribute('data-path')));
  expect(there).toEqual(expect.arrayContaining([...paths]));
  await open.close();
});

test('Cancel, Run again, copy and Watch closely ask the app, and say what came of it', async () => {
  const until = new Date(Date.now() + 600_000).toISOString();
  const again = fact({ ago: 0, caller: 'Run again' });
  const open: OpenPage = await opened(
    {
      ...answersOf(() => [again, RUNNING, ...DAY]),
      run_again: () => ({ request_id: again.request_id }),
      copy_request: () => ({}),
      watch: () => {
        const live = quiet();
        void open.push({ live: { ...live, health: { ...live.health, watching_until: until } } });
        return { watching_until: until };
      },
    },
    { width: 1000, height: 720 },
  );
  const { page } = open;
  await rowOf(page, RUNNING).click();
  await page.getByRole('button', { name: 'Cancel the running request of localhost:3000' }).click();
  await rowOf(page, SLOW).click();
  await page.getByRole('button', { name: 'Python, copy as' }).click();
  await page.getByText('Copied', { exact: true }).waitFor({ state: 'attached' });
  await page.getByRole('button', { name: 'Watch closely' }).click();
  await page.getByText(/^What apps ask and get is kept until/).waitFor();
  await page.getByRole('button', { name: 'Run again', exact: true }).click();
  await page.getByRole('heading', { name: /^Request of Run again/ }).waitFor({ state: 'attached' });
  const sent = open.calls.filter(({ command }) => !command.startsWith('request'));
  expect(sent).toEqual([
    { command: 'cancel', input: { request_id: RUNNING.request_id } },
    { command: 'copy_request', input: { request_id: SLOW.request_id, as: 'python' } },
    { command: 'watch', input: { minutes: 10 } },
    { command: 'run_again', input: { request_id: SLOW.request_id } },
  ]);
  await open.close();
});
