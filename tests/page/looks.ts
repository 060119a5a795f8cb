// What is wrong with how the page looks: text that is cut, and what axe finds.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { projectRoot } from '../support/desktop/processes.ts';

/** The window as it opens. */
export const USUAL = [460, 680] as const;
/** Wide, narrow, and 230 × 340, which is the usual one at 200 %. */
export const SIZES = [[1000, 720], [380, 680], [230, 340], USUAL] as const;

const axe = readFileSync(join(projectRoot(), 'node_modules', 'axe-core', 'axe.min.js'), 'utf8');

/**
 * Text that does not fit its box, unless it is meant to end in dots; looked for once the plots have the size. `strict`: also what
 * runs over the edge of its own box and would lie over what is beside it; a cell of a table gives way.
 */
export async function cutTexts(page: Page, strict = false): Promise<string[]> {
  return await page.evaluate(async (strict) => {
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
      const runsOver = element.scrollWidth > element.clientWidth + 1;
      const isBox = !['inline', 'table-cell'].includes(style.display);
      const clips = runsOver && (style.overflow !== 'visible' || (strict && isBox));
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
  }, strict);
}

/** Where the content of some elements begins and ends, in pixels from the left: each pair once, so one where all stand in line. */
export async function edgesOf(page: Page, selector: string): Promise<string[]> {
  const all = await page.locator(selector).evaluateAll((elements) =>
    elements.map((element) => {
      const { left, right } = element.getBoundingClientRect();
      const { paddingLeft, paddingRight } = getComputedStyle(element);
      return [left + parseFloat(paddingLeft), right - parseFloat(paddingRight)].map(Math.round).join(' to ');
    }),
  );
  return [...new Set(all)];
}

/** Gives the page axe, unless it has it: by the debugger, so that the page's own policy stays as it is. */
export async function withAxe(page: Page): Promise<void> {
  if (await page.evaluate(() => !('axe' in globalThis))) await page.evaluate(axe);
}

/** What only holds parts together: a part is what stands in these, such as a section, and the frames around it belong to its form. */
const FRAMES = '.head, main, #view, .halves, .cols, .cols > div';

/**
 * Looks with axe at what it has not seen yet: at the whole page the first time in each place, which shows how its parts stand
 * together, and then at parts that are new. Its rules ask for elements, names and colours, so that a part in which other words
 * or figures stand is none that is new.
 */
export class NewLooks {
  readonly #places = new Set<string>();
  readonly #forms = new Set<string>();

  /** What it finds: by all its rules in the light theme, and of the colours in the dark one. The page is light. */
  async violations(page: Page, place: string): Promise<string[]> {
    const parts = await this.#newParts(page);
    const isFirst = !this.#places.has(place);
    this.#places.add(place);
    if (!isFirst && parts.length === 0) return [];
    await withAxe(page);
    const where = isFirst ? {} : { parts };
    const light = await violations(page, where);
    await page.emulateMedia({ colorScheme: 'dark' });
    // Of all that axe looks at the theme changes the colours alone.
    const dark = await violations(page, { ...where, rules: ['color-contrast'] });
    await page.emulateMedia({ colorScheme: 'light' });
    return [...light, ...dark.map((found) => `dark: ${found}`)];
  }

  /** Their selectors. */
  async #newParts(page: Page): Promise<string[]> {
    const parts = await page.evaluate((frames) => {
      const open = ({ tagName, attributes }: Element): string => {
        const kept = [...attributes].filter(
          ({ name }) => !/^(style|title|d|points|value|datetime|href|data-part)$/.test(name),
        );
        const told = kept.map(({ name, value }) =>
          /^(aria-label|placeholder)$/.test(name) && value.trim() !== ''
            ? `${name}=…`
            : `${name}=${value.replaceAll(/[\d.]+/g, '0')}`,
        );
        return `<${tagName} ${told.join(' ')}>`;
      };
      const form = (node: Node): string => {
        if (!(node instanceof Element)) return node.textContent?.trim() === '' ? '' : '…';
        return `${open(node)}${[...node.childNodes].map(form).join('')}</>`;
      };
      const found: { selector: string; form: string }[] = [];
      const collect = (part: Element, around: string): void => {
        if (part.matches(frames)) {
          for (const child of part.children) collect(child, around + open(part));
          return;
        }
        part.setAttribute('data-part', String(found.length));
        found.push({ selector: `[data-part="${found.length}"]`, form: around + form(part) });
      };
      for (const part of document.querySelectorAll('.app > *')) collect(part, '');
      return found;
    }, FRAMES);
    return parts.filter(({ form }) => this.#isNew(form)).map(({ selector }) => selector);
  }

  #isNew(form: string): boolean {
    const before = this.#forms.size;
    return this.#forms.add(form).size > before;
  }
}

/** What axe finds by all its rules or some of them, on the whole page or in parts of it. */
export async function violations(
  page: Page,
  { rules = [], parts }: { readonly rules?: readonly string[]; readonly parts?: readonly string[] } = {},
): Promise<string[]> {
  return await page.evaluate(
    async ([only, selectors]) => {
      const { axe: run } = globalThis as unknown as {
        axe: {
          run(
            context: object,
            options: object,
          ): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }>;
        };
      };
      const { violations: found } = await run.run(selectors === null ? document : { include: selectors }, {
        resultTypes: ['violations'],
        selectors: false,
        // No rule that is on needs the style sheets fetched once more.
        preload: false,
        ...(only.length === 0 ? {} : { runOnly: only }),
      });
      return found.map(
        ({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary ?? ''}`).join(' | ')}`,
      );
    },
    [[...rules], parts === undefined ? null : [...parts]] as const,
  );
}
