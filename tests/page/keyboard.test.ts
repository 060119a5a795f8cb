// Everything by keyboard: each control of each tab is one stop, in reading order, with a ring that can be seen; the tabs
// follow the arrows; what is asked back is answered and left without a mouse.
import { beforeAll, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { startPages, type PageStage } from '../support/page/browser.ts';
import { STATES, view } from '../support/page/views.ts';

let stage: PageStage;
beforeAll(async () => {
  stage = await startPages();
});

interface Stop {
  readonly name: string;
  /** Its place among all elements of the page. */
  readonly at: number;
  readonly ring: boolean;
}

/** What has the focus; undefined when the page itself has it. */
async function focused(page: Page): Promise<Stop | undefined> {
  return await page.evaluate(() => {
    const element = document.activeElement;
    if (element === null || element === document.body || !document.hasFocus()) return undefined;
    // A segment's ring is drawn around the word beside its hidden radio.
    const drawn = [element, element.nextElementSibling].filter((each) => each !== null);
    const ring = drawn.some((each) => {
      const { outlineStyle, outlineWidth } = getComputedStyle(each);
      return outlineStyle === 'solid' && Number.parseFloat(outlineWidth) >= 2;
    });
    const at = [...document.querySelectorAll('*')].indexOf(element);
    const name = element.getAttribute('aria-label') ?? (element.textContent?.trim() || element.id);
    return { name: `${element.tagName} ${name}`.slice(0, 80), at, ring };
  });
}

/** Controls that the Tab key is to reach: of a group of radios the chosen one alone. */
async function controls(page: Page): Promise<number> {
  return await page.evaluate(() => {
    const all = document.querySelectorAll<HTMLElement>(
      'button, input, select, textarea, summary, a[href], [tabindex="0"]',
    );
    return [...all].filter((each) => {
      const isOther = each instanceof HTMLInputElement && each.type === 'radio' && !each.checked;
      const box = each.getBoundingClientRect();
      return each.tabIndex >= 0 && !isOther && !each.matches(':disabled') && box.width > 0 && each.checkVisibility();
    }).length;
  });
}

/** Each tab once, and again where a state adds controls to it. */
const WALKS = {
  'working day': ['overview', 'queue', 'requests', 'models', 'settings'],
  keys: ['settings'],
  notices: ['overview'],
  'fields in every condition': ['settings'],
} satisfies Partial<Record<keyof typeof STATES, readonly string[]>>;

describe.each(Object.entries(WALKS))('%s', (state, tabs) => {
  test.each(tabs)('%s: every control is one stop, in order, with a ring', async (tab) => {
    const open = await stage.open((STATES[state] as () => ReturnType<typeof view>)());
    const { page } = open;
    await page.locator(`#tab-${tab}`).click();
    if (tab === 'requests') await page.locator('.req').first().waitFor();
    // From the beginning of the page on.
    await page.evaluate(() => {
      document.body.tabIndex = -1;
      document.body.focus();
    });
    const expected = await controls(page);
    const stops: Stop[] = [];
    for (let i = 0; i < expected + 5; i += 1) {
      await page.keyboard.press('Tab');
      const stop = await focused(page);
      // Behind the last one is the browser's own frame.
      if (stop === undefined || stop.at <= (stops.at(-1)?.at ?? 0)) break;
      stops.push(stop);
    }
    expect(stops.filter(({ ring }) => !ring)).toEqual([]);
    expect(stops).toHaveLength(expected);
    await open.close();
  });
});

test('arrows, Home, End and Ctrl with a number choose the tab', async () => {
  const open = await stage.open(view());
  const { page } = open;
  const chosen = (): Promise<string | null> => page.locator('[role="tab"][aria-selected="true"]').getAttribute('id');
  await page.locator('#tab-overview').focus();
  for (const [key, tab] of [
    ['ArrowRight', 'queue'],
    ['End', 'settings'],
    ['ArrowRight', 'overview'],
    ['ArrowLeft', 'settings'],
    ['Home', 'overview'],
    ['Control+4', 'models'],
  ] as const) {
    await page.keyboard.press(key);
    expect([key, await chosen()]).toEqual([key, `tab-${tab}`]);
  }
  await open.close();
});

test('what is asked back stands on the harmless answer, and Escape leaves it', async () => {
  const open = await stage.open(view());
  const { page } = open;
  await page.keyboard.press('Control+5');
  const clear = page.getByRole('button', { name: 'Clear…' });
  await clear.focus();
  await page.keyboard.press('Enter');
  await expect.poll(async () => (await focused(page))?.name).toBe('BUTTON Keep');
  await page.keyboard.press('Escape');
  await clear.waitFor();
  expect(open.calls).toEqual([]);
  await clear.focus();
  await page.keyboard.press('Enter');
  await expect.poll(async () => (await focused(page))?.name).toBe('BUTTON Keep');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Space');
  await expect.poll(() => open.calls).toEqual([{ command: 'act', input: { action: 'clear', data: {} } }]);
  await open.close();
});

test('a request is cancelled from the queue with Enter', async () => {
  const open = await stage.open(view());
  const { page } = open;
  await page.keyboard.press('Control+2');
  const cancel = page.getByRole('button', { name: /^Cancel/ }).first();
  await cancel.focus();
  await page.keyboard.press('Enter');
  await expect.poll(() => open.calls.map(({ command }) => command)).toEqual(['cancel']);
  await open.close();
});
