// Every state of the window, in every tab that looks different in it: nothing is cut, nothing scrolls sideways, axe finds
// nothing in either theme. With PICTURES=1 a screenshot of each is kept to be looked at (folder screenshots/).
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { projectRoot } from '../support/desktop/processes.ts';
import { startPages, type PageStage } from '../support/page/browser.ts';
import { STATES } from '../support/page/views.ts';

const TABS = ['overview', 'queue', 'models', 'settings'] as const;
/** The window as it opens. */
const USUAL = [460, 680] as const;
/** Wide, narrow, and 230 × 340, which is the usual one at 200 %. */
const SIZES = [[1000, 720], [380, 680], [230, 340], USUAL] as const;
const axe = readFileSync(join(projectRoot(), 'node_modules', 'axe-core', 'axe.min.js'), 'utf8');
/** Where pictures are kept; they take a third of the time, and nothing is tested by them. */
const shots = process.env['PICTURES'] === undefined ? undefined : join(projectRoot(), 'screenshots');

let stage: PageStage;
beforeAll(async () => {
  if (shots !== undefined) mkdirSync(shots, { recursive: true });
  stage = await startPages();
});

/** Text that does not fit its box, unless it is meant to end in dots; looked for once the plots have the size. */
async function cutTexts(page: Page): Promise<string[]> {
  return await page.evaluate(async () => {
    const frame = (): Promise<unknown> => new Promise((next) => requestAnimationFrame(next));
    await frame();
    await frame();
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

/** What is seen of the tab that is open: its HTML, and what stands in its fields, which is not in there. */
async function contents(page: Page): Promise<string> {
  return await page.evaluate(() => {
    const view = document.querySelector('#view, .app > main');
    const fields = view?.querySelectorAll<HTMLInputElement>('input, select, textarea') ?? [];
    return [view?.innerHTML, ...[...fields].map(({ value, checked }) => `${value} ${checked}`)].join('\n');
  });
}

/** What axe finds, by all its rules or one of them. */
async function violations(page: Page, rule?: string): Promise<string[]> {
  return await page.evaluate(async (only) => {
    const { axe: run } = globalThis as unknown as {
      axe: {
        run(
          options: object,
        ): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }>;
      };
    };
    const { violations: found } = await run.run({
      resultTypes: ['violations'],
      selectors: false,
      // No rule that is on needs the style sheets fetched once more.
      preload: false,
      ...(only === undefined ? {} : { runOnly: [only] }),
    });
    return found.map(
      ({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary ?? ''}`).join(' | ')}`,
    );
  }, rule);
}

/** Tabs as they were looked at already: most states change one tab, and the others look as they did. */
const seen = new Set<string>();

async function isNew(page: Page): Promise<boolean> {
  const now = await contents(page);
  const before = seen.size;
  return seen.add(now).size > before;
}

describe.concurrent.each(Object.entries(STATES))('%s', (name, made) => {
  test('is readable at every size, in every tab, in both themes', async () => {
    const open = await stage.open(made());
    const { page } = open;
    const shot = async (tab: string, as: string): Promise<void> => {
      if (shots === undefined) return;
      await page.screenshot({ path: join(shots, `${name.replaceAll(/\W+/g, '-')}.${tab}.${as}.png`) });
    };
    // By the debugger, so that the page's own policy stays as it is.
    await page.evaluate(axe);
    for (const [at, tab] of (name.startsWith('first run') ? (['overview'] as const) : TABS).entries()) {
      if (at > 0) {
        await page.keyboard.press(`Control+${at + 1}`);
        await page.locator(`#view[aria-labelledby="tab-${tab}"]`).waitFor();
        if (!(await isNew(page))) continue;
      }
      for (const [width, height] of SIZES) {
        await page.setViewportSize({ width, height });
        expect(await cutTexts(page), `${tab} at ${width} px`).toEqual([]);
        await shot(tab, String(width));
      }
      expect(await violations(page), `${tab}, light`).toEqual([]);
      await page.emulateMedia({ colorScheme: 'dark' });
      await shot(tab, `${USUAL[0]}.dark`);
      // Of all that axe looks at the theme changes the colours alone.
      expect(await violations(page, 'color-contrast'), `${tab}, dark`).toEqual([]);
      await page.emulateMedia({ colorScheme: 'light' });
    }
    await open.close();
  });
});
