// The list of the last notices: the tray's wish leads to it, what holds comes first with what to do, and what is over after it.
import { expect, test } from 'vitest';
import { startPages } from '../support/page/browser.ts';
import { STATES, view } from '../support/page/views.ts';

test('the wish to see the notices shows the list, in words of its own where there is none', async () => {
  const stage = await startPages();
  const recent = STATES['notices']?.().recent_notices ?? [];
  const open = await stage.open(view({ recent_notices: recent, go: { tab: 'overview', shows: 'notices', n: 1 } }));
  const { page } = open;
  const list = page.getByRole('region', { name: 'Recent notices' });
  // The day comes later, and above it.
  await page.getByRole('heading', { name: 'Prompt reuse' }).waitFor();
  await expect.poll(() => list.evaluate((element) => element === document.activeElement)).toBe(true);
  const told = await list.getByRole('listitem').allTextContents();
  expect(told).toHaveLength(2);
  expect(told[0]).toMatch(/was loaded 3 times.*asks for 9102.*Set num_ctx to 16384.*Still so, since .*\d\d:\d\d$/);
  expect(told[1]).toMatch(/Ollama does not answer at .*11434\.Over, .*\d\d:\d\d to .*\d\d:\d\d, 3 times$/);
  const last = list.getByRole('listitem').last();
  expect(await last.evaluate((element) => element.getBoundingClientRect().bottom <= innerHeight)).toBe(true);
  await list.getByText('1 notice of what is over').click();
  await expect.poll(() => list.getByRole('listitem').count()).toBe(1);
  await open.push({ recent_notices: [] });
  await list.getByText('There was nothing to tell in the last 24 hours.').waitFor();
  await open.close();
});
