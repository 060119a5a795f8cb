// Every state of the window, in every tab that looks different in it: nothing is cut, nothing scrolls sideways, axe finds
// nothing in either theme. With PICTURES=1 a screenshot of each is kept to be looked at (folder screenshots/).
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { projectRoot } from '../support/desktop/processes.ts';
import { resize, startPages, type PageStage } from '../support/page/browser.ts';
import { cutTexts, NewLooks, SIZES, USUAL } from './looks.ts';
import { STATES } from '../support/page/views.ts';

const TABS = ['overview', 'queue', 'requests', 'models', 'settings'] as const;
/** Where pictures are kept; they take a third of the time, and nothing is tested by them. */
const shots = process.env['PICTURES'] === undefined ? undefined : join(projectRoot(), 'screenshots');

let stage: PageStage;
beforeAll(async () => {
  if (shots !== undefined) mkdirSync(shots, { recursive: true });
  stage = await startPages();
});

/**
 * What is seen of a part of the page: its HTML, and what stands in its fields, which is not in there. Figures of one length count as
 * one, since clocks go on, and so do the numbers in ids.
 */
async function contents(page: Page, part: string): Promise<string> {
  const all = await page.evaluate((part) => {
    const seen = document.querySelector(part);
    const fields = seen?.querySelectorAll<HTMLInputElement>('input, select, textarea') ?? [];
    return [seen?.innerHTML, ...[...fields].map(({ value, checked }) => `${value} ${checked}`)].join('\n');
  }, part);
  return all.replaceAll(/\bP\d+-\d+\b/g, 'P').replaceAll(/\d/g, '0');
}

/** Pages and tabs as they were looked at already: most states change one tab, and the others look as they did. */
const seen = new Set<string>();

async function isNew(page: Page, part: string): Promise<boolean> {
  const now = await contents(page, part);
  const before = seen.size;
  return seen.add(now).size > before;
}

const looks = new NewLooks();

describe.concurrent.each(Object.entries(STATES))('%s', (name, made) => {
  test('is readable at every size, in every tab, in both themes', async () => {
    const open = await stage.open(made());
    const { page } = open;
    const shot = async (tab: string, as: string): Promise<void> => {
      if (shots === undefined) return;
      await page.screenshot({ path: join(shots, `${name.replaceAll(/\W+/g, '-')}.${tab}.${as}.png`) });
    };
    for (const [at, tab] of (name.startsWith('first run') ? (['overview'] as const) : TABS).entries()) {
      if (at > 0) {
        await page.keyboard.press(`Control+${at + 1}`);
        await page.locator(`#view[aria-labelledby="tab-${tab}"]`).waitFor();
        // Its rows are asked for when it is shown.
        if (tab === 'requests') await page.locator('#view :is(.req, .empty)').first().waitFor();
      }
      // The first tab with all that is around it: the header tells of the state in each.
      if (!(await isNew(page, at === 0 ? '.app' : '#view'))) continue;
      for (const [width, height] of SIZES) {
        await resize(page, width, height);
        expect(await cutTexts(page), `${tab} at ${width} px`).toEqual([]);
        await shot(tab, String(width));
      }
      const place = name.startsWith('first run') ? 'first run' : tab;
      expect(await looks.violations(page, place), `in ${tab}`).toEqual([]);
      if (shots === undefined) continue;
      await page.emulateMedia({ colorScheme: 'dark' });
      await shot(tab, `${USUAL[0]}.dark`);
      await page.emulateMedia({ colorScheme: 'light' });
    }
    await open.close();
  });
});
