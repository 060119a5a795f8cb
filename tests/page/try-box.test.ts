// Try it: one line until it is used, then a talk; asked by Enter, stopped by Escape; figures keep their places, what failed can be
// asked once more, and what is typed and said stays in other tabs and without a gateway.
import { beforeAll, expect, test } from 'vitest';
import type { Locator, Page } from 'playwright-core';
import { AppError } from '../../backend/contract/errors.ts';
import { startPages, type OpenPage, type PageStage } from '../support/page/browser.ts';
import { BROKEN, TALK, turn } from '../support/page/talks.ts';
import { MODELS, quiet, view } from '../support/page/views.ts';
import { deferred } from '../support/waiting.ts';

let stage: PageStage;
beforeAll(async () => {
  stage = await startPages();
});

const plain = (text: string | null): string => (text ?? '').replaceAll('\u202F', ' ');
const section = (page: Page): Locator => page.locator('section', { has: page.getByLabel('Question') });
const leftOf = async (at: Locator): Promise<number> => Math.round((await at.boundingBox())?.x ?? Number.NaN);
const asked = ({ calls }: OpenPage): unknown[] =>
  calls.filter(({ command }) => command === 'ask').map((each) => each.input);

test('is one line until something is typed; Enter asks, Shift with Enter breaks the line', async () => {
  const open = await stage.open(view());
  const { page } = open;
  const box = page.getByLabel('Question');
  expect(await box.getAttribute('placeholder')).toBe('Ask llama3.2:3b');
  const model = page.getByLabel('Model to ask');
  expect(await model.count()).toBe(0);
  await box.press('Enter');
  await box.pressSequentially('Why?');
  await page.getByText('so you see what your apps get.').waitFor();
  // Those that can chat, as they are installed.
  expect(await model.locator('option').allTextContents()).toEqual(
    MODELS.filter(({ capabilities }) => capabilities === null || capabilities.includes('completion')).map(
      ({ name }) => name,
    ),
  );
  await model.selectOption('gemma3:12b');
  await box.press('Shift+Enter');
  await box.pressSequentially('Because.');
  expect(asked(open)).toEqual([]);
  await box.press('Enter');
  await expect.poll(() => asked(open)).toEqual([{ model: 'gemma3:12b', question: 'Why?\nBecause.' }]);
  expect(await box.inputValue()).toBe('');
  expect(await box.evaluate((element) => element === document.activeElement)).toBe(true);
  await open.close();
});

test('while an answer comes the button and Escape stop it, and its figures keep their places', async () => {
  const open = await stage.open(view({ talk: [turn({ tokens: 1 })] }));
  const { page } = open;
  const from = section(page).locator('.from');
  await page.getByText('Miss, the model works').waitFor();
  const places = (): Promise<number[]> =>
    from.locator(':scope > *').evaluateAll((all) => all.map((each) => Math.round(each.getBoundingClientRect().left)));
  const before = await places();
  await open.push({ talk: [turn({ answer: 'So', tokens: 1204, tokens_per_s: 123.4 })] });
  await page.getByText('1,204').waitFor();
  expect(await places()).toEqual(before);
  const box = page.getByLabel('Question');
  await box.fill('And?');
  await box.press('Enter');
  expect(asked(open)).toEqual([]);
  await box.press('Escape');
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect.poll(() => open.calls.map(({ command }) => command)).toEqual(['stop_answer', 'stop_answer']);
  await open.push({ talk: [turn({ state: 'stopped', answer: 'So', tokens: 20, total_ms: 900 })] });
  await page.getByText('Stopped after 20 tokens').waitFor();
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await expect.poll(() => asked(open)).toEqual([{ model: 'llama3.2:3b', question: 'And?' }]);
  await open.close();
});

test('each answer says where it came from and with whom it was shared', async () => {
  const open = await stage.open(view({ talk: [...TALK] }));
  const { page } = open;
  const words = async (): Promise<string[]> =>
    (await section(page).locator('.from').all()).length === 0
      ? []
      : (await section(page).locator('.from').allTextContents()).map(plain);
  const [kept, shared] = await words();
  expect(kept).toMatch(/^Hit, kept at \d\d:\d\d33 tokens in 0\.35 ssaved 1\.2 s$/);
  expect(shared).toBe('Coalesced, one run with Open WebUI3 tokens in 0.49 s');
  const live = quiet();
  const entry = { ...(view().live?.queue.waiting[0] as never as object), request_id: 'asked' } as never;
  await open.push({ live: { ...live, queue: { ...live.queue, waiting: [entry] } }, talk: [turn()] });
  await page.getByText('Miss, waits for its turn').waitFor();
  await page.getByText('What it thought').waitFor({ state: 'detached' });
  await open.push({ talk: [turn({ thinking: 'Hm.' })] });
  await page.getByText('Thinking', { exact: true }).click();
  await page.getByText('Hm.').waitFor();
  await open.push({
    talk: [turn({ state: 'answered', thinking: 'Hm.', answer: 'Yes.', tokens: 9, tokens_per_s: 41, total_ms: 300 })],
  });
  await page.getByText('Miss, the model worked').waitFor();
  expect((await words()).at(-1)).toBe('Miss, the model worked9 tokens in 0.30 s41/s');
  await open.close();
});

test('what failed is asked once more in its place; what is typed and said is not lost', async () => {
  const answers = { ask: () => new AppError('shutting_down', 'The gateway does not run. Start it first.') };
  const open = await stage.open(view({ talk: [...BROKEN] }), { answers });
  const { page } = open;
  await page.getByText('Failed after 20 tokens').waitFor();
  await page.getByText('Part answers are not kept.').waitFor();
  const box = page.getByLabel('Question');
  await box.fill('Another?');
  await page.getByRole('button', { name: 'Ask again' }).click();
  const again = { model: 'deepseek-r1:8b', question: 'Why is the first answer slow?', instead_of: 2 };
  await expect.poll(() => asked(open)).toEqual([again]);
  await page.getByRole('alert').getByText('The gateway does not run.').waitFor();
  await box.press('Enter');
  await expect.poll(() => asked(open).length).toBe(2);
  await expect.poll(() => box.inputValue()).toBe('Another?');
  // Both stay while another tab is shown.
  await page.locator('#tab-models').click();
  await page.locator('#tab-overview').click();
  expect(await box.inputValue()).toBe('Another?');
  await open.push({ live: null, gateway: { ...view().gateway, state: 'stopped' } });
  await page.getByText('Gateway is stopped').first().waitFor();
  await page.locator('.bad', { hasText: 'signal: killed' }).waitFor();
  expect(await box.count()).toBe(0);
  await open.push({ live: quiet(), gateway: view().gateway });
  await expect.poll(() => box.inputValue()).toBe('Another?');
  await page.getByRole('button', { name: 'Clear' }).click();
  await open.push({ talk: [] });
  await page.getByText('so you see what your apps get.').waitFor();
  expect(await box.evaluate((element) => element === document.activeElement)).toBe(true);
  await open.close();
});

test('a second Enter takes nothing away, and a question that is refused comes back in every tab', async () => {
  const refused = deferred();
  const answers = {
    async ask() {
      await refused.promise;
      return new AppError('shutting_down', 'The gateway does not run. Start it first.');
    },
  };
  const open = await stage.open(view({ talk: [...BROKEN] }), { answers });
  const { page } = open;
  const box = page.getByLabel('Question');
  await box.fill('First?');
  await box.press('Enter');
  await box.fill('Second?');
  await box.press('Enter');
  expect(await box.inputValue()).toBe('Second?');
  await box.fill('');
  await page.locator('#tab-models').click();
  await page.locator('#tab-overview').click();
  refused.resolve();
  await expect.poll(() => box.inputValue()).toBe('First?');
  expect(asked(open)).toMatchObject([{ question: 'First?' }]);
  await open.close();
});

test('the box stays in sight as an answer grows, unless somebody scrolls away from it', async () => {
  const open = await stage.open(view({ talk: [turn({ answer: 'So' })] }));
  const { page } = open;
  const box = page.getByLabel('Question');
  const inSight = (): Promise<boolean> =>
    box.evaluate((element) => {
      const { top, bottom } = element.getBoundingClientRect();
      const scroll = document.querySelector('.scroll')?.getBoundingClientRect();
      return scroll !== undefined && top >= scroll.top && bottom <= scroll.bottom;
    });
  await box.focus();
  const grown = (words: number) => ({ talk: [turn({ answer: 'warm '.repeat(words), tokens: words })] });
  for (const words of [100, 500, 900]) {
    await open.push(grown(words));
    await expect.poll(inSight).toBe(true);
  }
  await page.locator('.scroll').evaluate((scroll) => scroll.scrollTo(0, 0));
  await expect.poll(inSight).toBe(false);
  const frames = (): Promise<unknown> =>
    page.evaluate(async () => {
      for (let i = 0; i < 3; i++) await new Promise((next) => requestAnimationFrame(next));
    });
  await frames();
  await open.push(grown(1300));
  await page.getByText('1,300').waitFor();
  expect(await page.locator('.scroll').evaluate((scroll) => scroll.scrollTop)).toBe(0);
  await open.close();
});

test('in a wide window it is below what goes on now, and beside it once it is open', async () => {
  const open = await stage.open(view(), { width: 900, height: 720 });
  const { page } = open;
  const now = page.getByRole('heading', { name: 'Now', exact: true });
  const since = page.getByRole('heading', { name: /^Last 24 hours$/ });
  await since.waitFor();
  const box = page.getByLabel('Question');
  const lefts = async (): Promise<boolean[]> => {
    const left = await leftOf(now);
    return await Promise.all(
      [box, since, page.getByRole('heading', { name: 'The day' })].map(async (at) => (await leftOf(at)) > left + 100),
    );
  };
  expect(await lefts()).toEqual([false, false, true]);
  await box.fill('Why?');
  await page.getByLabel('Model to ask').waitFor();
  expect(await lefts()).toEqual([true, false, true]);
  // No gap is left where it stood.
  await open.push({ talk: [...TALK] });
  const gap = async (): Promise<number> => {
    const above = await page.locator('.now').boundingBox();
    return ((await since.boundingBox())?.y ?? 0) - (above?.y ?? 0) - (above?.height ?? 0);
  };
  expect(await gap()).toBeLessThan(60);
  const [day, say] = [await page.getByRole('heading', { name: 'The day' }).boundingBox(), await box.boundingBox()];
  expect(day?.y).toBeGreaterThan((say?.y ?? Infinity) + (say?.height ?? 0));
  await open.close();
});
