// A wide window: two columns from 900 px on, and beside the settings the names of their groups, which lead to them.
import { beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { resize, startPages, type OpenPage, type PageStage } from '../support/page/browser.ts';
import { STATES, type Shown } from '../support/page/views.ts';

let stage: PageStage;
beforeAll(async () => {
  stage = await startPages();
});

const opened = (state: string, width: number): Promise<OpenPage> =>
  stage.open((STATES[state] as () => never)(), { width, height: 720 });

/** Where a section begins, by the words of its heading. Pixels from the left. */
async function leftOf(page: Page, heading: string): Promise<number> {
  return await page.getByRole('heading', { name: heading, exact: true }).evaluate((h2) => {
    return Math.round(h2.closest('section')?.getBoundingClientRect().left ?? Number.NaN);
  });
}

test.each([
  [900, true],
  [899, false],
  [460, false],
])('at %d px there are two columns: %s', async (width, two) => {
  const { page, close } = await opened('working day', width);
  for (const [key, first, second] of [
    ['Control+1', 'Now', 'The day'],
    ['Control+2', 'Running', /^Since/],
    ['Control+4', 'Loaded', 'Add a model'],
  ] as const) {
    await page.keyboard.press(key);
    await page.getByRole('heading', { name: first, exact: true }).waitFor();
    const right = (await page.getByRole('heading', { name: second }).last().textContent()) ?? '';
    expect([first, (await leftOf(page, right)) > (await leftOf(page, first))]).toEqual([first, two]);
  }
  await page.keyboard.press('Control+5');
  await page.getByLabel('Find a setting').waitFor();
  expect(await page.getByRole('navigation', { name: 'Groups of settings' }).isVisible()).toBe(two);
  await close();
});

test('each name beside the settings leads to its group, and the group at the top is marked', async () => {
  const { page, close } = await opened('working day', 1000);
  await page.keyboard.press('Control+5');
  const rail = page.getByRole('navigation', { name: 'Groups of settings' });
  const current = (): Promise<string | null> => rail.locator('[aria-current]').textContent();
  const names = ['Ollama', 'Apps and queue', 'Keeping answers', 'Network and keys', 'Desktop', 'Advanced'];
  expect(await rail.getByRole('link').allTextContents()).toEqual(names.map((name) => `${name} `));
  expect(await current()).toBe('Ollama ');
  for (const name of names.toReversed()) {
    await rail.getByRole('link', { name }).click();
    await expect.poll(current).toBe(`${name} `);
    // The heading is below the header, not under it.
    const heading = await page.getByRole('heading', { name, exact: true }).boundingBox();
    const header = await page.locator('header').boundingBox();
    expect(heading?.y).toBeGreaterThanOrEqual((header?.y ?? 0) + (header?.height ?? 0) - 1);
  }
  await close();
});

test('while somebody searches, the names are those of the groups with something found', async () => {
  const { page, close } = await opened('working day', 1000);
  await page.keyboard.press('Control+5');
  await page.getByLabel('Find a setting').fill('places in line');
  await expect.poll(() => page.locator('.rail a').allTextContents()).toEqual(['Apps and queue ']);
  await page.getByLabel('Find a setting').fill('nothing of that kind');
  await expect.poll(() => page.locator('.rail a').count()).toBe(0);
  await close();
});

test('tabs of longer words go into a second row where there is no room, and none is cut', async () => {
  const day = (STATES['working day'] as () => Shown)();
  const { page, close } = await stage.open({ ...day, app: { ...day.app, language: 'de' } });
  await page.getByRole('tab', { name: 'Warteschlange' }).waitFor();
  for (const width of [1000, 460, 380, 230]) {
    await resize(page, width, 680);
    const cut = await page
      .getByRole('tab')
      .evaluateAll((tabs) =>
        tabs.filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth).map(({ textContent }) => textContent),
      );
    const over = await page.getByRole('tab').evaluateAll((tabs) => {
      const boxes = tabs.map((tab) => tab.getBoundingClientRect());
      return boxes.filter((a, i) => boxes.some((b, j) => i < j && a.right > b.left && b.right > a.left && a.bottom > b.top && b.bottom > a.top)).length; // prettier-ignore
    });
    expect([width, cut, over]).toEqual([width, [], 0]);
  }
  await close();
});
