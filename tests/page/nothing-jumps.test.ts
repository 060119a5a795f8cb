// While figures change, nothing else moves: every element whose words stay the same stays where it is, to the pixel. Not
// so when the state changes with them, as when the queue is full. Measured by bounding boxes, in every tab, at the usual and the narrow width.
import { beforeAll, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import type { View } from '../../backend/contract/window/desktop.ts';
import type { DayView } from '../../backend/contract/window/look-commands.ts';
import type { SpanWord } from '../../backend/contract/views/spans.ts';
import { resize, startPages, type PageStage } from '../support/page/browser.ts';
import { dayView, entry, MODELS, quiet, STATES, view, waiting } from '../support/page/views.ts';
import { TABS } from '../../renderer/parts/use-calls.ts';

let stage: PageStage;
beforeAll(async () => {
  stage = await startPages();
});

type Live = NonNullable<View['live']>;

/** Places in the default queue; to be full is another state, with other words. */
const PLACES = 100;

/** Figures of one size at one moment: what is a number in the window is about `n`. */
function figures(n: number, now: number): { readonly live: Live } {
  const made = (seconds: number): string => new Date(now - seconds * 1000).toISOString();
  const base = view().live as Live;
  const running = entry({
    caller: 'localhost:3000',
    tokens: n,
    tokens_per_s: n,
    shared_with: n,
    started_at: made(n),
    created_at: made(n),
  });
  const line = ['Open WebUI', 'Continue', 'nightly-report'].map((caller, i) =>
    waiting(i + 1, {
      caller,
      queue_position: n + i,
      estimated_wait_time: n * 1000,
      created_at: made(n),
      age_ms: n * 1000,
    }),
  );
  const { response_cache, batch_processor } = base.stats;
  const queue = {
    ...base.queue,
    running: [running],
    waiting: line,
    totals: { requests: n * 4, completed: n, failed: 0, cancelled: n, refused: n },
  };
  return {
    live: {
      ...base,
      health: {
        ...base.health,
        queue: { length: Math.min(n, PLACES - 3) + 2, running: 1, paused: false },
        cache: { entries: n, size_mb: n },
      },
      models: MODELS.map((model) => ({
        ...model,
        expires_at: model.loaded ? new Date(now + n * 1000).toISOString() : null,
        tokens_per_s: model.tokens_per_s === null ? null : n,
      })),
      queue,
      stats: {
        ...base.stats,
        timestamp: new Date(now).toISOString(),
        response_cache: {
          ...response_cache,
          total_entries: n,
          total_size_mb: n,
        },
        batch_processor: { ...batch_processor, model_switches: n, model_switches_avoided: n },
        queue,
      },
    },
  };
}

/** A day of figures of one size. */
function dayOf(span: SpanWord, n: number): DayView {
  const prompts = { sent_tokens: 4 * n, processed_tokens: 3 * n, reused_tokens: n, reusable_tokens: 3 * n };
  const shares = { requests: 2 * n, no_model_time: n, time_saved_ms: n * 1000, tokens_saved: n, prompts };
  const times = { median_ms: n, p95_ms: n * 10, longest_ms: n * 20 };
  const usual = dayView(span).day;
  return dayView(span, {
    ...shares,
    sources: { hit: n, coalesced: n, miss: n, bypass: n },
    apps: usual.apps.map(({ caller }) => ({ caller, ...shares })),
    more_apps: { apps: n, ...shares },
    wait: times,
    first_token: times,
    prompts,
    reuse: {
      reusable_tokens: 3 * n,
      reused_tokens: n,
      losses: (usual.reuse?.losses ?? []).map((loss) => ({ ...loss, tokens: n })),
    },
    failed: n,
    cancelled: n,
  });
}

interface Box {
  readonly what: string;
  readonly words: string;
  readonly box: readonly [left: number, top: number, right: number, bottom: number];
}

/** Every visible element with words of its own, every control and every mark, with its box. */
async function boxes(page: Page): Promise<Box[]> {
  return await page.evaluate(() =>
    [...document.querySelectorAll<Element>('.app *')]
      .filter((element) => element.closest('.sr, .u-wrap') === null && (element.closest('svg') ?? element) === element)
      .map((element) => {
        const own = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.textContent ?? '');
        const control = element.matches('button, input, select, svg, progress');
        // Of words, where they stand themselves: the room around them may change.
        const words = document.createRange();
        words.selectNodeContents(element);
        const { left, top, right, bottom } = (control ? element : words).getBoundingClientRect();
        return {
          what: `${element.tagName.toLowerCase()}.${element.getAttribute('class') ?? ''}`,
          words: own.join('').trim() === '' ? '' : (element.textContent ?? '').trim(),
          kept: (control || own.join('').trim() !== '') && right > left,
          box: [left, top, right, bottom] as const,
        };
      })
      .filter(({ kept }) => kept)
      .map(({ what, words, box }) => ({ what, words, box })),
  );
}

/** What moved between two pictures of the same page, as sentences. */
function moves(before: readonly Box[], after: readonly Box[]): string[] {
  if (before.length !== after.length) return [`${before.length} elements became ${after.length}`];
  return before.flatMap((was, i) => {
    const is = after[i];
    if (is === undefined || is.what !== was.what) return [`${was.what} became ${is?.what ?? 'nothing'}`];
    const off = was.box.map((edge, side) => Math.abs(edge - (is.box[side] ?? Infinity)) > 0.5);
    const [left, top, right, bottom] = off;
    // A figure grows to one side, and a sentence of figures may be longer where nothing stands below it.
    const isFigure = /\bfig\b/.test(was.what);
    const moved = was.words === is.words ? left || top || right || bottom : top || (isFigure && left && right);
    return moved ? [`${was.what} "${was.words}" → "${is.words}": ${was.box.map(Math.round).join()} → ${is.box.map(Math.round).join()}`] : []; // prettier-ignore
  });
}

/** A text that is in the tab when the figures of this size are painted. */
const TELLS: Readonly<Record<string, (n: number) => RegExp>> = {
  overview: (n) => new RegExp(`^${n.toLocaleString('en')} tokens$`),
  queue: (n) => new RegExp(`^${n.toLocaleString('en')}$`),
  models: (n) => new RegExp(`^${n.toLocaleString('en')} tokens/s`),
  settings: (n) => new RegExp(`^${n.toLocaleString('en')} answers`),
};

describe.each([460, 380])('at %i px', (width) => {
  test.each(['overview', 'queue', 'models', 'settings'] as const)('in %s, from 9 to 10 to 1,000', async (tab) => {
    // Below the window's edge nothing may move either.
    let size = 9;
    const days = (span: SpanWord): DayView => dayOf(span, size);
    // The page's clock stands still: on a slow machine what is 9 s old would be 10 s old before it is looked at.
    const now = Date.now();
    const open = await stage.open(view({ live: figures(9, now).live, days }), { width, height: 1800 });
    await open.page.evaluate((moment) => (Date.now = () => moment), now);
    await open.page.locator(`#tab-${tab}`).click();
    await open.page.mouse.move(0, 0);
    const painted = async (n: number): Promise<Box[]> => {
      const tells = TELLS[tab]?.(n) ?? /$^/;
      await open.page.locator('#view').getByText(tells).first().waitFor();
      // The day comes by itself, each second; what goes on now is pushed.
      if (tab === 'overview') await open.page.locator('.lead').getByText(tells).waitFor();
      return await boxes(open.page);
    };
    let before = await painted(9);
    expect(before.length).toBeGreaterThan(20);
    for (const n of [10, 1000]) {
      size = n;
      await open.push({ live: figures(n, now).live });
      const after = await painted(n);
      expect(moves(before, after), `to ${n}`).toEqual([]);
      before = after;
    }
    const under = await open.page.locator('ol .q-pos').evaluateAll((all) =>
      all.filter((position) => {
        const words = document.createRange();
        // The figure alone; before it stand words that are only heard.
        if (position.lastChild !== null) words.selectNode(position.lastChild);
        const name = position.nextElementSibling?.getBoundingClientRect().left ?? Infinity;
        return words.getBoundingClientRect().right > name;
      }),
    );
    expect(under, 'positions under their names').toHaveLength(0);
    await open.close();
  });
});

test('a warmed model stays under the pointer, and moves to the loaded ones when that leaves', async () => {
  const at = (name: string, over: Partial<(typeof MODELS)[number]>): View['live'] => {
    const base = view().live as Live;
    return { ...base, models: MODELS.map((model) => (model.name === name ? { ...model, ...over } : model)) };
  };
  const open = await stage.open(view());
  const { page } = open;
  await page.locator('#tab-models').click();
  const name = 'gemma3:12b';
  const row = page.locator(`[data-row="${name}"]`);
  const places = async (): Promise<number[]> =>
    await page.locator('.m-row').evaluateAll((rows) => rows.map((each) => each.getBoundingClientRect().top));
  await row.getByRole('button', { name: `Warm ${name}` }).hover();
  const before = await places();
  await open.push({ live: at(name, { loading_ms: 100 }) });
  await row.getByText('Loading', { exact: true }).waitFor();
  expect(await places()).toEqual(before);
  await open.push({
    live: at(name, {
      loaded: true,
      size_loaded: 8e9,
      size_vram: 8e9,
      expires_at: new Date(Date.now() + 900_000).toISOString(),
    }),
  });
  await row.getByRole('button', { name: `Unload ${name}` }).waitFor();
  expect(await places()).toEqual(before);
  await page.mouse.move(5, 5);
  await page
    .locator('section', { has: page.getByRole('heading', { name: 'Loaded' }) })
    .locator(`[data-row="${name}"]`)
    .waitFor();
  await open.close();
});

test('the name of a caller takes one line however long it is, and cuts nothing beside it', async () => {
  const open = await stage.open((STATES['long names'] as typeof view)());
  const { page } = open;
  for (const width of [460, 380]) {
    await resize(page, width, 680);
    for (const [key, words] of [
      ['Control+1', '123,456 tokens'],
      ['Control+2', 'low priority'],
    ] as const) {
      await page.keyboard.press(key);
      const name = page.locator('.caller');
      expect((await name.boundingBox())?.height, `beside ${words}`).toBeLessThan(24);
      expect(await name.getAttribute('title')).toBe('an-app-with-a-rather-long-name/12.34 (someone@example.com)');
      expect(await page.getByText(words).evaluate((each) => each.scrollWidth - each.clientWidth)).toBeLessThan(2);
    }
  }
  await open.close();
});

test('what is painted anew with the same words is left alone, in every tab', async () => {
  // The time of one that is loaded is over, as it is before Ollama has unloaded it.
  const models = MODELS.map((model) => (model.loaded ? { ...model, expires_at: new Date(0).toISOString() } : model));
  const open = await stage.open(view({ live: quiet() }));
  const { page } = open;
  await page.evaluate(() => {
    const found: string[] = [];
    (globalThis as unknown as { found: string[] }).found = found;
    const watch = { subtree: true, attributes: true, attributeOldValue: true };
    new MutationObserver((records) => {
      for (const { target, attributeName: name, oldValue } of records) {
        const now = name === null ? target.nodeValue : (target as Element).getAttribute(name);
        if (now === oldValue) found.push(`${target.parentElement?.outerHTML.slice(0, 80)} ${name ?? 'text'} "${now}"`);
      }
    }).observe(document, { ...watch, characterData: true, characterDataOldValue: true });
  });
  for (const tab of TABS) {
    await page.locator(`#tab-${tab}`).click();
    await page.locator(`#view[aria-labelledby="tab-${tab}"] > *`).first().waitFor();
    for (const paused of [true, false]) {
      await open.push({ live: quiet({ paused, models }) });
      await page.locator('.status-line', { hasText: paused ? 'Paused' : 'Ready' }).waitFor();
    }
  }
  expect(await page.evaluate(() => (globalThis as unknown as { found: string[] }).found)).toEqual([]);
  await open.close();
});

test('while the model works nothing is animated: its ember glows up and down by the second', async () => {
  const open = await stage.open(view());
  const { page } = open;
  await page.emulateMedia({ reducedMotion: 'no-preference' });
  const glow = (): Promise<string> =>
    page.locator('.head .mark').evaluate((mark) => getComputedStyle(mark).getPropertyValue('--glow'));
  await expect.poll(glow).toBe('0.6');
  await expect.poll(glow).toBe('1');
  expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.locator('[data-breath="out"]').waitFor();
  expect(await glow()).toBe('1');
  await open.close();
});
