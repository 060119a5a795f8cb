// Every state of the window in a language that nobody speaks, in which all that was translated is accented and longer
// (support/page/pseudo-language.ts): what stands there plain was not translated, and nothing may be cut by the longer words.
import { shownCaller } from '../../backend/contract/apps.ts';
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { fields } from '../../backend/contract/config/config.ts';
import { SPAN_WORDS } from '../../backend/contract/views/spans.ts';
import { buildAccentedPage } from '../support/page/pseudo-language.ts';
import { pagesOf, type PageStage } from '../support/page/browser.ts';
import * as day from '../support/page/request-day.ts';
import { dayView, MODELS, PULLS, STATES, type Shown } from '../support/page/views.ts';
import { cutTexts } from './looks.ts';

const TABS = ['overview', 'queue', 'requests', 'models', 'settings'] as const;
/** Narrow: at other sizes every-state.test.ts looks at the same. */
const SIZE = { width: 380, height: 680 };
/** As many at a time: a page that waits leaves the processor to others. */
const AT_ONCE = 3;

let folder: string;
let stage: PageStage;
beforeAll(async () => {
  folder = await buildAccentedPage();
  stage = await pagesOf(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What stands in the page as text, and what screen readers are told beside it. Code is no text. */
async function textsOf(page: Page): Promise<string[]> {
  return await page.evaluate(() => {
    const texts: string[] = [];
    for (const element of document.querySelectorAll('body *')) {
      if (element.closest('code, pre, script, .sprite, .copy') !== null) continue;
      for (const name of ['aria-label', 'title', 'placeholder', 'alt']) texts.push(element.getAttribute(name) ?? '');
      for (const { nodeType, textContent } of element.childNodes) if (nodeType === 3) texts.push(textContent ?? '');
    }
    return texts.filter((text) => /[a-z]{2}/i.test(text));
  });
}

/** Every text in a value, however deep. */
function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inside]) => [key, ...stringsIn(inside)]);
}

/** Names, what is typed, and what users of the tests' views called something. */
const NAMES = ['Hearth', 'Ollama', 'OpenAI', 'Anthropic', 'Deutsch', 'English', 'curl', 'fetch', 'Python', 'ollama', 'OPENAI_BASE_URL', 'OLLAMA_HOST']
  .concat('test', 'fast', 'phone', 'title', 'chat', 'cache', 'manage', 'model_not_found', 'gemma3:4b', 'b'.repeat(128), 'desktop', 'laptop', 'aider'); // prettier-ignore

/** What the gateway, Ollama and the user say is shown as it is; a single small word of the wire is not. */
function dataOf(shown: Shown): string[] {
  const settings = fields.flatMap(({ path, env, default: value }) => [path, ...env, ...stringsIn(value)]);
  const notices = shown.notices.map(({ text, subject = '' }) => text.replace(subject, ''));
  const days = SPAN_WORDS.map((span) => (shown.days ?? dayView)(span));
  const said = [
    ...stringsIn(shown),
    ...stringsIn(days),
    ...stringsIn({ ...day }),
    ...stringsIn([MODELS, PULLS]),
    ...settings,
    ...notices,
  ];
  // Callers are shown by the name that people know.
  const names = said.flatMap((text) => [text.trim(), shownCaller(text.trim())]);
  const data = names.filter((text) => /[a-z]{3}/i.test(text) && !/^[a-z_]+$/.test(text));
  return [...new Set([...data, ...NAMES])].toSorted((a, b) => b.length - a.length);
}

/** What is plain in a text beside figures with their units, and what Intl writes in German's place. */
function plainIn(text: string): string {
  return text
    .replaceAll('\u202F', ' ')
    .replaceAll(/\d[\d.,:]* ?(?:ms|s|min|h|B|KB|MB|GB|TB)\b|\d+\. [A-Z][a-z]+\.?| und /g, ' ')
    .replaceAll(/[\p{L}]*[^\p{ASCII}][\p{L}]*/gu, ' ');
}

/** Whether something is left of it that is neither accented nor data. */
function isPlain(text: string, data: readonly string[]): boolean {
  const isLeft = (rest: string): boolean => /[a-z]{3}/i.test(rest);
  if (!isLeft(plainIn(text))) return false;
  return isLeft(plainIn(data.reduce((left, each) => left.replaceAll(each, ' '), text)));
}

// So many pages take long where other programs keep the machine busy.
test('all that is said in every state is translated, and nothing is cut by longer words', async () => {
  const seen = new Set<string>();
  const plain = new Map<string, string>();
  const cut: string[] = [];
  const look = async (name: string, shown: Shown): Promise<void> => {
    const { page, close } = await stage.open({ ...shown, app: { ...shown.app, language: 'de' } }, SIZE);
    const data = dataOf(shown);
    for (const [at, tab] of (name.startsWith('first run') ? (['overview'] as const) : TABS).entries()) {
      if (at > 0) {
        await page.keyboard.press(`Control+${at + 1}`);
        await page.locator(`#view[aria-labelledby="tab-${tab}"]`).waitFor();
        if (tab === 'requests') await page.locator('#view :is(.req, .empty)').first().waitFor();
      }
      const now = await page.locator('body').innerText();
      if (seen.has(now)) continue;
      seen.add(now);
      for (const text of await cutTexts(page, true)) cut.push(`${name}, ${tab}: ${text}`);
      for (const text of await textsOf(page)) {
        if (isPlain(text, data)) plain.set(text.trim(), `${name}, ${tab}`);
      }
    }
    await close();
  };
  const states = Object.entries(STATES);
  const work = Array.from({ length: AT_ONCE }, async () => {
    for (let next = states.shift(); next !== undefined; next = states.shift()) await look(next[0], next[1]());
  });
  await Promise.all(work);
  const untranslated = [...plain].map(([text, where]) => `${where}: ${text}`);
  expect({ untranslated, cut }).toEqual({ untranslated: [], cut: [] });
}, 150_000);
