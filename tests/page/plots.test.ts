// The strips and their table, drawn: no word under the scroll bar, no time in two lines, whatever the figures.
import { beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import type { DayView } from '../../backend/contract/window/look-commands.ts';
import type { SpanWord } from '../../backend/contract/views/spans.ts';
import { startPages, type PageStage } from '../support/page/browser.ts';
import { dayView, view } from '../support/page/views.ts';

let stage: PageStage;
beforeAll(async () => {
  stage = await startPages();
});

/** Waits of more than a minute, and as many requests as fit. */
function large(span: SpanWord): DayView {
  const { steps, ...day } = dayView(span);
  const times = (factor: number, column: readonly (number | null)[]) =>
    column.map((value) => (value === null ? null : value * factor));
  return {
    ...day,
    steps: {
      ...steps,
      wait_p95: times(10, steps.wait_p95),
      ttft_p95: times(45, steps.ttft_p95),
      requests: times(55, steps.requests),
    },
  };
}

/** Begun some minutes ago. */
function young(span: SpanWord): DayView {
  const { day, steps, empty } = dayView(span);
  const from = Date.now() - 47 * 60_000;
  const known = steps.t.map((_, i) => (steps.t[i + 1] ?? Infinity) * 1000 > from);
  const requests = steps.requests.map((value, i) => (known[i] === true ? (value ?? 1) : null));
  return { day: { ...day, since: new Date(from).toISOString() }, steps: { ...steps, requests }, empty };
}

/** The span whose label begins so. */
async function chosen(page: Page, span: string): Promise<void> {
  await page.locator('.seg label', { hasText: new RegExp(`^${span}\\D`) }).click();
}

/** Runs in the page: the times that touch the one before or an edge; or that there are none. */
function touching(texts: readonly Element[], width: number): (string | null)[] {
  const seen = texts.filter((text) => text.getBoundingClientRect().width > 0);
  const boxes = seen.map((text) => text.getBoundingClientRect());
  if (boxes.length < 2) return ['fewer than two'];
  return seen.flatMap((text, i) => {
    const { left = 0, right = width } = boxes[i] ?? {};
    return left <= (boxes[i - 1]?.right ?? 0) || right > width ? [text.textContent] : [];
  });
}

test.each([
  [380, large],
  [230, large],
  [380, young],
  [230, young],
])('at %i px the times below the strips do not touch, whatever the range (%#)', async (width, days) => {
  const open = await stage.open(view({ days }), { width });
  for (const span of ['15', '1', '24', '7', '30']) {
    await chosen(open.page, span);
    // Drawn in the frame after the click.
    await expect.poll(() => open.page.locator('.ticks text').evaluateAll(touching, width)).toEqual([]);
  }
  await open.close();
});

test.each([460, 380, 230])('at %i px the scales end before the scroll bar', async (width) => {
  const open = await stage.open(view({ days: large }), { width });
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

test.each([
  [460, '15'],
  [380, '15'],
  [380, '7'],
  [380, '30'],
])('at %i px each row of the table of %s is one line, and all of it is in sight', async (width, span) => {
  const open = await stage.open(view({ days: large }), { width });
  await chosen(open.page, span);
  await open.page.getByText('Show as a table').click();
  const table = open.page.locator('details table.plain');
  await table.waitFor();
  const heights = await table.locator('tbody tr').evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().height)); // prettier-ignore
  expect(Math.max(...heights)).toBeLessThan(30);
  const fits = await table.evaluate((each) => each.scrollWidth <= (each.parentElement?.clientWidth ?? 0));
  expect(fits).toBe(true);
  await open.close();
});
