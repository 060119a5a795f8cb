// Figures in the settings form end on one edge, with their unit behind them inside the field and never over them.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fields } from '../../backend/contract/config.ts';
import { startPages, type PageStage } from '../support/page/browser.ts';
import { view } from '../support/page/views.ts';

let stage: PageStage;
beforeAll(async () => {
  stage = await startPages();
});
afterAll(() => stage.stop());

test.each([460, 380, 230])(
  'at %i px every figure ends before its unit, and those with short units on one edge',
  async (width) => {
    const open = await stage.open(view({ go: { tab: 'settings', n: 1 } }), { width });
    await open.page.locator('#find').waitFor();
    const found = await open.page.evaluate(() =>
      [...document.querySelectorAll<HTMLInputElement>('.field input[inputmode="numeric"]')].map((input) => {
        const style = getComputedStyle(input);
        const words = document.createRange();
        const unit = input.nextElementSibling;
        if (unit !== null) words.selectNodeContents(unit);
        const key = input.closest('.field')?.querySelector('.key')?.textContent ?? '';
        return {
          key,
          align: style.textAlign,
          end: input.getBoundingClientRect().right - Number.parseFloat(style.paddingRight) - 1,
          unit: unit?.textContent ?? '',
          unitStart: words.getBoundingClientRect().left,
        };
      }),
    );
    const numbers = fields.filter(({ kind, inert }) => kind === 'number' && inert === undefined);
    expect(found.map(({ key }) => key).toSorted()).toEqual(numbers.map(({ path }) => path).toSorted());
    expect(found.filter(({ align }) => align !== 'end')).toEqual([]);
    expect(found.filter(({ unit, unitStart, end }) => unit !== '' && unitStart < end)).toEqual([]);
    const short = found.filter(({ unit }) => unit.length <= 2);
    expect(new Set(short.map(({ end }) => Math.round(end))).size).toBe(1);
    await open.close();
  },
);
