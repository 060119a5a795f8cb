// The demo says what it is in every view, whatever is done with its notice.
import { expect, test } from 'vitest';
import { resize, startPages } from '../support/page/browser.ts';
import { view } from '../support/page/views.ts';
import { cutTexts } from './looks.ts';

test('the window says Demo in every view, and nowhere else', async () => {
  const stage = await startPages();
  const open = await stage.open(view({ app: { demo: true } }));
  const { page } = open;
  const tag = page.locator('header').getByText('Demo', { exact: true });
  for (const tab of await page.getByRole('tab').all()) {
    await tab.click();
    expect(await tag.isVisible()).toBe(true);
  }
  expect(await tag.getAttribute('title')).toContain('simulated Ollama');
  // The narrowest one.
  await resize(page, 230, 340);
  expect(await cutTexts(page)).toEqual([]);
  await open.push({ app: { ...view().app, demo: false } });
  await tag.waitFor({ state: 'detached' });
  await open.close();
});
