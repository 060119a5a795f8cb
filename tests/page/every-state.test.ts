// Every state of the window, in every tab where it differs: nothing is cut, nothing scrolls sideways, axe finds nothing in
// either theme, and a screenshot of each is kept to be looked at (folder screenshots/).
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { projectRoot } from '../support/desktop/processes.ts';
import { startPages, type PageStage } from '../support/page/browser.ts';
import { STATES } from '../support/page/views.ts';

const TABS = ['overview', 'queue', 'models', 'settings'] as const;
/** 230 × 340 is a window of 460 × 680 at 200 %. */
const SIZES = [
  [460, 680],
  [380, 680],
  [230, 340],
] as const;
const axe = readFileSync(join(projectRoot(), 'node_modules', 'axe-core', 'axe.min.js'), 'utf8');
const shots = join(projectRoot(), 'screenshots');

let stage: PageStage;
beforeAll(async () => {
  mkdirSync(shots, { recursive: true });
  stage = await startPages();
});
afterAll(() => stage.stop());

/** Text that does not fit its box, unless it is meant to end in dots. */
async function cutTexts(page: Page): Promise<string[]> {
  return await page.evaluate(() => {
    const cut: string[] = [];
    for (const element of document.querySelectorAll<HTMLElement>('body *')) {
      const style = getComputedStyle(element);
      const box = element.getBoundingClientRect();
      const hidden =
        style.visibility === 'hidden' || box.width <= 1 || element.closest('.sr, svg, .sprite, select, canvas');
      if (hidden || style.textOverflow === 'ellipsis') continue;
      const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim() !== '');
      if (!own) continue;
      const clips = style.overflow !== 'visible' && element.scrollWidth > element.clientWidth + 1;
      const outside = box.right > document.documentElement.clientWidth + 1 || box.left < -1;
      if (clips || outside)
        cut.push(`${element.tagName.toLowerCase()}.${element.className}: ${element.textContent?.slice(0, 60)}`);
    }
    if (document.documentElement.scrollWidth > document.documentElement.clientWidth)
      cut.push('the page scrolls sideways');
    // In a low window the whole page scrolls, as the style sheet says; at its usual size the tab's content alone does.
    const { scrollHeight, clientHeight } = document.documentElement;
    if (
      clientHeight >= 600 &&
      getComputedStyle(document.querySelector('.scroll') ?? document.body).overflowY === 'auto'
    )
      if (scrollHeight > clientHeight) cut.push(`the page scrolls: ${scrollHeight} px of ${clientHeight}`);
    return cut;
  });
}

async function violations(page: Page): Promise<string[]> {
  // Evaluated by the debugger, so that the page's own policy stays as it is.
  await page.evaluate(axe);
  return await page.evaluate(async () => {
    const { axe: run } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }> };
    };
    const { violations: found } = await run.run();
    return found.map(
      ({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary ?? ''}`).join(' | ')}`,
    );
  });
}

describe.each(Object.keys(STATES))('%s', (name) => {
  const made = (): ReturnType<NonNullable<(typeof STATES)[string]>> => (STATES[name] as () => never)();
  const tabs = name.startsWith('first run') ? (['overview'] as const) : TABS;

  test('is readable at every size, in every tab, in both themes', async () => {
    for (const dark of [false, true]) {
      const open = await stage.open(made(), { dark });
      for (const tab of tabs) {
        if (tab !== 'overview') await open.page.locator(`#tab-${tab}`).click();
        for (const [width, height] of SIZES) {
          await open.page.setViewportSize({ width, height });
          // Plots follow a new size a moment later.
          await expect.poll(() => cutTexts(open.page), { message: `${tab} at ${width} px`, timeout: 5000 }).toEqual([]);
          const file = `${name.replaceAll(/\W+/g, '-')}.${tab}.${width}${dark ? '.dark' : ''}.png`;
          if (width === 460 || !dark) await open.page.screenshot({ path: join(shots, file) });
        }
        await open.page.setViewportSize({ width: 460, height: 680 });
        expect(await violations(open.page), `${tab}${dark ? ', dark' : ''}`).toEqual([]);
      }
      await open.close();
    }
  });
});
