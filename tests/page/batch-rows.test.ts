// A batch is one row of the tab Queue, however many requests it holds, and is cancelled from there.
import { beforeAll, expect, test } from 'vitest';
import { startPages, type PageStage } from '../support/page/browser.ts';
import { batch, quiet, view } from '../support/page/views.ts';

let stage: PageStage;
beforeAll(async () => {
  stage = await startPages();
});

test('thousands of requests are one row, which says how far they are, and is cancelled as one', async () => {
  const live = quiet({ behind: 4683, batches: [batch()] });
  const { page, calls, close } = await stage.open(view({ live }), { answers: { cancel_batch: () => ({}) } });
  await page.keyboard.press('Control+2');
  await page.getByRole('heading', { name: 'Behind the line' }).waitFor();
  const rows = page.locator('.q-batch');
  expect(await rows.count()).toBe(1);
  expect(await rows.textContent()).toMatch(/312 of 5.?000 done.*nightly-2026-01-01.*1 running, 2 failed/);
  await page.getByRole('button', { name: 'Cancel the batch nightly-2026-01-01' }).click();
  await expect
    .poll(() => calls.filter(({ command }) => command === 'cancel_batch').map(({ input }) => input))
    .toEqual([{ batch_id: 'nightly-2026-01-01' }]);
  await close();
});
