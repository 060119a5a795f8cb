// Where the keyboard is when what had the focus has gone: at what took its place, and never at the top of the page; and
// the line, which stands still while a hand is in it.
import { beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import type { QueueEntry } from '../../backend/contract/views/queue-view.ts';
import type { View } from '../../backend/contract/window/desktop.ts';
import { startPages, type OpenPage, type PageStage } from '../support/page/browser.ts';
import { entry, MODELS, quiet, STATES, view, waiting } from '../support/page/views.ts';

let stage: PageStage;
beforeAll(async () => {
  stage = await startPages();
});

/** What has the focus, as a screen reader names it; "view" for the tab's own panel, "" for the page. */
async function focused(page: Page): Promise<string> {
  return await page.evaluate(() => {
    const element = document.activeElement;
    if (element === null || element === document.body) return '';
    return element.id === 'view' ? 'view' : (element.getAttribute('aria-label') ?? element.textContent ?? '');
  });
}

async function tab(page: Page, name: string): Promise<void> {
  await page.locator(`#tab-${name}`).click();
}

/** The whole settings with another list under a path. */
function withValue(from: View, path: string, value: unknown): View['settings'] {
  return { ...from.settings, values: { ...from.settings.values, [path]: value } as View['settings']['values'] };
}

test.each(['Clear…', 'Reset all…'])('%s: when it asks back no more, its button has the focus', async (name) => {
  const open = await stage.open(view());
  const { page } = open;
  await tab(page, 'settings');
  for (const leave of ['Escape', 'Enter', 'Shift+Tab, Enter']) {
    await page.getByRole('button', { name }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => focused(page)).toBe('Keep');
    for (const key of leave.split(', ')) await page.keyboard.press(key);
    await expect.poll(async () => [leave, await focused(page)]).toEqual([leave, name]);
  }
  expect(open.calls).toHaveLength(1);
  await open.close();
});

test('a closed key form gives the focus back, a revoked key to the next one, the last to "Add"', async () => {
  const before = (STATES['keys'] as () => View)();
  const keys = before.settings.values['server.api_keys'] as readonly { name: string }[];
  expect(keys.length).toBeGreaterThan(1);
  const [first, second] = keys as [{ name: string }, { name: string }];
  const open = await stage.open(before, { answers: { create_key: () => ({ secret: `hearth_${'a'.repeat(43)}` }) } });
  const { page } = open;
  await tab(page, 'settings');

  const add = page.getByRole('button', { name: 'Add a key…' });
  await add.focus();
  await page.keyboard.press('Enter');
  await page.getByLabel('Name', { exact: true }).waitFor();
  await page.keyboard.press('Escape');
  await expect.poll(() => focused(page)).toBe('Add a key…');
  await page.keyboard.press('Enter');
  await page.getByLabel('Name', { exact: true }).fill('phone');
  await page.keyboard.press('Enter');
  await expect.poll(() => focused(page)).toBe('Done');
  await page.keyboard.press('Enter');
  await expect.poll(() => focused(page)).toBe('Add a key…');

  const revoke = page.getByRole('button', { name: `Revoke ${first.name}…` });
  await revoke.focus();
  await page.keyboard.press('Enter');
  await expect.poll(() => focused(page)).toBe('Keep');
  await page.keyboard.press('Escape');
  await expect.poll(() => focused(page)).toBe(`Revoke ${first.name}…`);
  await open.push({ settings: withValue(before, 'server.api_keys', keys.slice(1)) });
  await expect.poll(() => focused(page)).toBe(`Revoke ${second.name}…`);
  await open.push({ settings: withValue(before, 'server.api_keys', []) });
  await expect.poll(() => focused(page)).toBe('Add a key…');
  await open.close();
});

test('an entry taken out of a list gives the focus to the next, the last to the line that adds', async () => {
  const path = 'cors.allowed_origins';
  const first = view();
  const before = { ...first, settings: withValue(first, path, ['https://one.example', 'https://two.example']) };
  const open = await stage.open(before);
  const { page } = open;
  await tab(page, 'settings');
  await page.getByRole('button', { name: 'Show Web pages that may connect' }).click();
  await page.getByRole('button', { name: 'Remove https://one.example' }).focus();
  await open.push({ settings: withValue(before, path, ['https://two.example']) });
  await expect.poll(() => focused(page)).toBe('Remove https://two.example');
  await open.push({ settings: withValue(before, path, []) });
  await expect.poll(() => focused(page)).toMatch(/^Add an? .*origin/i);
  await open.close();
});

test('a model that changes lists keeps the focus on the same button', async () => {
  const load = (name: string, loaded: boolean): typeof MODELS =>
    MODELS.map((model) => (model.name === name ? { ...model, loaded } : model));
  const open = await stage.open(view({ live: quiet() }));
  const { page } = open;
  await tab(page, 'models');
  await page.getByRole('button', { name: 'Warm gemma3:12b' }).focus();
  await open.push({ live: quiet({ models: load('gemma3:12b', true) }) });
  await expect.poll(() => focused(page)).toBe('Unload gemma3:12b');
  await open.push({ live: quiet({ models: load('gemma3:12b', false) }) });
  await expect.poll(() => focused(page)).toBe('Warm gemma3:12b');
  await open.close();
});

test('with the last request gone, the view has the focus', async () => {
  const open = await stage.open(view({ live: quiet({ running: [entry({ caller: 'curl' })] }) }));
  const { page } = open;
  await tab(page, 'queue');
  await page.getByRole('button', { name: 'Cancel the running request of curl' }).focus();
  await open.push({ live: quiet() });
  await expect.poll(() => focused(page)).toBe('view');
  await open.close();
});

// ---- the line

const ROWS = ['a', 'b', 'c', 'd'];

/** A line of requests whose models are their names, in this order. */
function line(names: readonly string[]): QueueEntry[] {
  return names.map((name, i) => waiting(i + 1, { request_id: name, model: `model-${name}`, priority: -i }));
}

async function openLine(answers = {}): Promise<OpenPage> {
  const open = await stage.open(view({ live: quiet({ waiting: line(ROWS) }) }), { answers });
  await tab(open.page, 'queue');
  await open.page.locator('[data-row]').first().waitFor();
  return open;
}

async function shown(page: Page): Promise<string> {
  return await page
    .locator('[data-row]')
    .evaluateAll((rows) => rows.map((row) => row.getAttribute('data-row')).join(''));
}

async function push({ push }: OpenPage, order: string): Promise<void> {
  await push({ live: quiet({ waiting: line([...order]) }) });
}

const cancel = (page: Page, name: string): ReturnType<Page['locator']> =>
  page.locator(`[data-row="${name}"] [data-act="cancel"]`);

test('with nobody in it the line follows the queue at once', async () => {
  const open = await openLine();
  await push(open, 'dcba');
  await expect.poll(() => shown(open.page)).toBe('dcba');
  await open.close();
});

test.each(['the pointer', 'the focus'])(
  'while %s is in the line its rows stay, and new ones come last',
  async (what) => {
    const open = await openLine();
    const { page } = open;
    if (what === 'the pointer') await cancel(page, 'b').hover();
    else await cancel(page, 'b').focus();
    await push(open, 'edcba');
    await expect.poll(() => shown(page)).toBe('abcde');
    if (what === 'the pointer') await page.mouse.move(1, 1);
    else await page.locator('#tab-queue').focus();
    await expect.poll(() => shown(page)).toBe('edcba');
    await open.close();
  },
);

test('a row that goes gives the focus to the same button of the next row, or of the one before', async () => {
  const open = await openLine();
  const { page } = open;
  await cancel(page, 'b').focus();
  await push(open, 'acd');
  await expect.poll(() => focused(page)).toBe('Cancel model-c, position 2');
  // The hand is still in the line: it is not reordered.
  await push(open, 'dca');
  await expect.poll(() => focused(page)).toBe('Cancel model-c, position 2');
  expect(await shown(page)).toBe('acd');
  await cancel(page, 'd').focus();
  await push(open, 'ac');
  await expect.poll(() => focused(page)).toBe('Cancel model-c, position 2');
  await open.close();
});

test('who moves a row up sees the new order, with the focus on the row that moved', async () => {
  const open = await openLine({ move_up: () => ({}) });
  const { page } = open;
  await page.locator('[data-row="d"] [data-act="up"]').focus();
  await page.keyboard.press('Enter');
  await expect.poll(() => open.calls.map(({ command }) => command)).toEqual(['move_up']);
  await push(open, 'adbc');
  await expect.poll(() => shown(page)).toBe('adbc');
  await expect.poll(() => focused(page)).toBe('Move model-d, position 2, up');
  // From here on the rows are held again.
  await push(open, 'cbda');
  await expect.poll(() => focused(page)).toBe('Move model-d, position 3, up');
  expect(await shown(page)).toBe('adbc');
  await open.close();
});

test.each(['the pointer', 'the focus'])(
  'a line that ended under %s holds nothing when it begins anew',
  async (what) => {
    const open = await openLine();
    const { page } = open;
    if (what === 'the pointer') await cancel(page, 'b').hover();
    else await cancel(page, 'b').focus();
    const running = [entry({ caller: 'curl' })];
    await open.push({ live: quiet({ running }) });
    await page.getByText('Nothing is waiting.').waitFor();
    await page.mouse.move(1, 1);
    await open.push({ live: quiet({ running, waiting: line(['a', 'b']) }) });
    await expect.poll(() => shown(page)).toBe('ab');
    await open.push({ live: quiet({ running, waiting: line(['b', 'a']) }) });
    await expect.poll(() => shown(page)).toBe('ba');
    await open.close();
  },
);

test('a click on empty ground leaves the line, and nothing takes the focus back', async () => {
  const open = await openLine();
  const { page } = open;
  await cancel(page, 'b').focus();
  await page.mouse.click(230, 670);
  await page.mouse.move(1, 1);
  expect(await focused(page)).toBe('');
  await push(open, 'dcba');
  await expect.poll(() => shown(page)).toBe('dcba');
  await push(open, 'dca');
  await expect.poll(() => shown(page)).toBe('dca');
  expect(await focused(page)).toBe('');
  await open.close();
});
