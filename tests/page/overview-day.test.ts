// Overview tells the day: one choice of the range rules all of it, each figure says what it means, losses and failures lead to
// their requests, and it asks for what it shows alone, once a second.
import { beforeAll, expect, test } from 'vitest';
import type { SpanWord } from '../../backend/contract/views/spans.ts';
import { FIGURES } from '../../backend/contract/views/figure-meanings.ts';
import { startPages, type PageStage } from '../support/page/browser.ts';
import { dayView, emptyDay, view } from '../support/page/views.ts';

let stage: PageStage;
beforeAll(async () => {
  stage = await startPages();
});

const plain = (words: readonly (string | null)[]): string[] =>
  words.map((each) => (each ?? '').replaceAll('\u202F', ' '));

test('the range rules everything below it, and begins with the run where that is younger', async () => {
  const started = new Date(Date.now() - 4 * 3_600_000);
  const days = (span: SpanWord) =>
    span === '1h'
      ? dayView(span, {
          requests: 7,
          no_model_time: 3,
          apps: [],
          more_apps: null,
          reuse: null,
          failed: 0,
          cancelled: 0,
        })
      : dayView(span, { since: started.toISOString() });
  const open = await stage.open(view({ days }));
  const { page } = open;
  const headings = async (): Promise<string[]> =>
    plain(await page.getByRole('heading', { level: 2 }).allTextContents());
  const time = started.toISOString().slice(11, 16);
  await page.getByRole('heading', { name: new RegExp(`^Since.* ${time}$`) }).waitFor();
  expect((await headings()).slice(3)).toEqual([
    'Saved by app',
    'The day',
    'Prompt reuse',
    'What failed',
    'Addresses for your apps',
    'Recent notices',
  ]);
  await page.locator('.seg label', { hasText: /^1\W+h$/ }).click();
  await page.getByRole('heading', { name: 'Last hour' }).waitFor();
  expect(await headings()).toEqual([
    'Now',
    'Try it',
    'Last hour',
    'The hour',
    'Addresses for your apps',
    'Recent notices',
  ]);
  await page.getByText('3 of 7').waitFor();
  await open.close();
});

test('tells who was saved what, how long it took, what was lost and what failed', async () => {
  const open = await stage.open(view());
  const { page } = open;
  const table = page.locator('section', { has: page.getByRole('heading', { name: 'Saved by app' }) }).getByRole('row');
  await table.first().waitFor();
  const rows = await Promise.all(
    (await table.all()).map(async (row) => plain(await row.locator('th, td').allTextContents())),
  );
  expect(rows[0]).toEqual(['App', 'No model time', 'Time saved', 'Tokens saved']);
  expect(rows[1]).toEqual(['Open WebUI', '44 of 61', '5 min 2 s', '21,480']);
  expect(rows.at(-1)).toEqual(['4 more apps', '3 of 5', '23 s', '1,140']);
  const wait = page.getByRole('row', { name: /^Wait for a turn/ }).locator('td');
  expect(plain(await wait.allTextContents())).toEqual(['0.20 s', '6.1 s', '19 s']);
  await page.getByText('445,000 of 489,000 prompt tokens were still in the model’s memory.').waitFor();
  await page.getByText('2 failed, 2 cancelled').waitFor();
  await page.getByText('Ollama: “model runner has unexpectedly stopped”').waitFor();
  await open.close();
});

test('each figure says what it means where it is pointed at', async () => {
  const open = await stage.open(view());
  await open.page.getByRole('heading', { name: 'What failed' }).waitFor();
  const titles = await open.page.locator('[title]').evaluateAll((all) => all.map((each) => each.getAttribute('title')));
  for (const { means } of Object.values(FIGURES)) expect(titles).toContain(means);
  await open.close();
});

test('losses and failures lead to their requests', async () => {
  const open = await stage.open(view());
  const { page } = open;
  for (const [name, id] of [
    [/^Show the failed request/, 'broken'],
    [/^Show the request that lost most by this: Claude Code/, 'changed'],
  ] as const) {
    await page.getByRole('button', { name }).first().click();
    await page.locator('#view[aria-labelledby="tab-requests"]').waitFor();
    await expect.poll(() => JSON.stringify(open.calls)).toContain(`"${id}"`);
    await page.locator('#tab-overview').click();
  }
  await open.close();
});

test('asks for the range that it shows, at most once a second, and not in other tabs', async () => {
  const asked: SpanWord[] = [];
  let requests = 1;
  const days = (span: SpanWord) => {
    asked.push(span);
    return dayView(span, { requests, no_model_time: 0 });
  };
  const open = await stage.open(view({ days }));
  const { page } = open;
  await page.getByText('0 of 1', { exact: true }).waitFor();
  const before = Date.now();
  requests = 2;
  // States that change at once paint the window at once.
  const live = view().live;
  const pausing = (paused: boolean) => (live === null ? null : { ...live, queue: { ...live.queue, paused } });
  for (const paused of [true, false, true, false]) await open.push({ live: pausing(paused) });
  await page.getByText('0 of 2', { exact: true }).waitFor();
  expect(asked.length).toBeLessThanOrEqual(3 + (Date.now() - before) / 1000);
  expect(new Set(asked)).toEqual(new Set(['24h']));
  await page.locator('#tab-queue').click();
  // What waits has another time to go with each second.
  const shown = (): Promise<string | null> => page.locator('#view').textContent();
  await page.getByText('1 of 1 slot').waitFor();
  const earlier = await shown();
  const { length } = asked;
  await expect.poll(shown).not.toBe(earlier);
  expect(asked).toHaveLength(length);
  await open.close();
});

test('a range without requests says so, and one without figures leaves their parts out', async () => {
  const open = await stage.open(view({ days: (span) => ({ ...emptyDay(span), empty: false }) }));
  await open.page.getByText('No requests.').waitFor();
  expect(plain(await open.page.getByRole('heading', { level: 2 }).allTextContents()).slice(3)).toEqual([
    'The day',
    'Addresses for your apps',
    'Recent notices',
  ]);
  await open.close();
});
