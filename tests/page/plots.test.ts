// The strips and their table, drawn: no word under the scroll bar, no time in two lines, whatever the figures.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PlotsView } from '../../backend/contract/desktop.ts';
import { startPages, type PageStage } from '../support/page/browser.ts';
import { plots, view } from '../support/page/views.ts';

let stage: PageStage;
beforeAll(async () => {
  stage = await startPages();
});
afterAll(() => stage.stop());

/** Waits of more than a minute, and as many requests as fit. */
function large(): PlotsView {
  const day = plots();
  const times = (factor: number, column: readonly (number | null)[]) =>
    column.map((value) => (value === null ? null : value * factor));
  const { m15 } = day;
  return {
    ...day,
    m15: {
      ...m15,
      wait_p95: times(10, m15.wait_p95),
      ttft_p95: times(45, m15.ttft_p95),
      requests: times(55, m15.requests),
    },
  };
}

test.each([460, 380, 230])('at %i px the scales end before the scroll bar', async (width) => {
  const open = await stage.open(view({ plots: large() }), { width });
  await open.page.locator('.strip-max').first().waitFor();
  const over = await open.page.evaluate(() => {
    const edge = document.querySelector('.scroll')?.clientWidth ?? 0;
    return [...document.querySelectorAll('.strip-max')].filter((each) => {
      const words = document.createRange();
      words.selectNodeContents(each);
      return words.getBoundingClientRect().right > edge;
    }).length;
  });
  expect(over).toBe(0);
  await open.close();
});

test.each([460, 380])('at %i px each row of the table is one line, and all of it is in sight', async (width) => {
  const open = await stage.open(view({ plots: large() }), { width });
  await open.page.getByText('Show as a table').click();
  const table = open.page.locator('table.plain');
  await table.waitFor();
  const heights = await table.locator('tbody tr').evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().height)); // prettier-ignore
  expect(Math.max(...heights)).toBeLessThan(30);
  const fits = await table.evaluate((each) => each.scrollWidth <= (each.parentElement?.clientWidth ?? 0));
  expect(fits).toBe(true);
  await open.close();
});
