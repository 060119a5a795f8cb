// Figures in the settings form: with their unit, and ending on one edge at every width.
import { beforeAll, expect, test } from 'vitest';
import { fields } from '../../backend/contract/config/config.ts';
import { startPages, type PageStage } from '../support/page/browser.ts';
import { settings, view } from '../support/page/views.ts';

let stage: PageStage;
beforeAll(async () => {
  stage = await startPages();
});

test.each([460, 380, 230])(
  'at %i px every time and size has its unit, and all figures end on one edge',
  async (width) => {
    const open = await stage.open(view({ go: { tab: 'settings', n: 1 } }), { width });
    await open.page.locator('#find').waitFor();
    await open.page.locator('summary', { hasText: 'settings' }).click();
    const figures = fields.filter(({ kind, inert }) => ['number', 'keep_alive'].includes(kind) && inert === undefined);
    // The folded ones are drawn when they are first asked for.
    await expect.poll(() => open.page.locator('.field input.figure').count()).toBe(figures.length);
    const found = await open.page.evaluate(() =>
      [...document.querySelectorAll<HTMLInputElement>('.field input.figure')].map((input) => ({
        key: input.closest('.field')?.querySelector('.key')?.textContent ?? '',
        align: getComputedStyle(input).textAlign,
        end: Math.round(input.getBoundingClientRect().right),
        value: input.value,
        fits: input.scrollWidth <= input.clientWidth,
      })),
    );
    expect(found.map(({ key }) => key).toSorted()).toEqual(figures.map(({ path }) => path).toSorted());
    expect(found.filter(({ align, fits }) => align !== 'end' || !fits)).toEqual([]);
    expect(new Set(found.map(({ end }) => end)).size).toBe(1);
    const timed = figures.filter(({ unit }) => unit === 'ms' || unit === 's' || unit === 'MB').map(({ path }) => path);
    const bare = found.filter(
      ({ key, value }) => timed.includes(key) && !/^\d[\d.]* (?:ms|s|min|h|days?|KB|MB|GB)$/.test(value),
    );
    expect(bare).toEqual([]);
    await open.close();
  },
);

test('a value with its unit is saved as the number that the key counts', async () => {
  const open = await stage.open(view({ go: { tab: 'settings', n: 1 } }));
  const row = open.page.locator('[data-path="queue.max_wait_ms"]');
  const input = row.getByRole('textbox');
  expect(await input.inputValue()).toBe('10 min');
  await input.fill('2 h');
  await input.press('Enter');
  await expect
    .poll(() => open.calls)
    .toEqual([{ command: 'set_setting', input: { path: 'queue.max_wait_ms', value: 7_200_000 } }]);
  await open.push({ settings: { ...settings(), values: { ...settings().values, 'queue.max_wait_ms': 7_200_000 } } });
  await row.getByText(/Saved and in use\. Was 10.min\./).waitFor();
  await open.close();
});
