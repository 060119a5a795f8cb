// The contrast of the window's colours, computed from its style sheets in both themes. Words need 4.5 to 1, graphics and the
// outlines of controls 3 to 1 (WCAG 2.2, 1.4.3 and 1.4.11). Change a colour only with these figures in hand.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const renderer = join(import.meta.dirname, '..', '..', '..', 'renderer');

/** All sheets of the window as one, in the order in which style.css has them. */
const sheet = [...readFileSync(join(renderer, 'style.css'), 'utf8').matchAll(/@import "(\.\/[^"]+)"/g)]
  .map(([, path = '']) => readFileSync(join(renderer, path), 'utf8'))
  .join('');

/** The colours of a `:root { … }` rule, by name without dashes. */
function colours(from: string): Record<string, string> {
  const [rule = ''] = /:root \{[^}]*\}/.exec(from) ?? [];
  return Object.fromEntries([...rule.matchAll(/--([\w-]+): (#[\da-f]{6});/g)].map(([, name, value]) => [name, value]));
}

const light = colours(sheet);
const dark = { ...light, ...colours(sheet.slice(sheet.indexOf('@media (prefers-color-scheme: dark)'))) };
const THEMES = { light, dark } as const;
type Theme = keyof typeof THEMES;

/** Relative luminance, 0 to 1 (WCAG 2.2). */
function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** The contrast of two tokens, to two digits. */
function contrast(theme: Theme, one: string, other: string): number {
  const [a = 0, b = 0] = [one, other].map((name) => {
    const colour = THEMES[theme][name];
    if (colour === undefined) throw new Error(`no colour --${name}`);
    return luminance(colour);
  });
  return Math.round(((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)) * 100) / 100;
}

const GROUNDS = ['paper', 'surface', 'hover', 'sunken'];
const least = (theme: Theme, name: string): number =>
  Math.min(...GROUNDS.map((ground) => contrast(theme, name, ground)));

test('the dark theme has a colour of its own for every one of the light', () => {
  const own = colours(sheet.slice(sheet.indexOf('@media (prefers-color-scheme: dark)')));
  expect(Object.keys(own).toSorted()).toEqual(Object.keys(light).toSorted());
  expect(Object.keys(light).length).toBeGreaterThan(15);
});

describe.each(['light', 'dark'] as const)('%s', (theme) => {
  const figures = {
    light: { words: [13.97, 6.63, 4.71, 5.32], wash: [14.81, 7.03, 5.64], primary: 16.22 },
    dark: { words: [11.61, 6.52, 4.9, 5.7], wash: [13.38, 7.52, 6.56], primary: 14.93 },
  }[theme];
  const graphics = {
    light: { ember: [3.3, 3.11], ash: [3.27, 3.08], edge: [3.27, 3.08] },
    dark: { ember: [6.91, 6.42], ash: [4.19, 3.89], edge: [4.19, 3.89] },
  }[theme];

  test('words can be read on every ground they stand on', () => {
    const words = ['ink', 'ink-2', 'ink-3', 'danger'].map((name) => least(theme, name));
    expect(words).toEqual(figures.words);
    for (const figure of words) expect(figure).toBeGreaterThanOrEqual(4.5);
  });

  test('words can be read on the ground of an error', () => {
    const words = ['ink', 'ink-2', 'danger'].map((name) => contrast(theme, name, 'danger-wash'));
    expect(words).toEqual(figures.wash);
    for (const figure of words) expect(figure).toBeGreaterThanOrEqual(4.5);
  });

  test('the word on the primary button can be read', () => {
    expect(contrast(theme, 'paper', 'ink')).toBe(figures.primary);
  });

  test.each(['ember', 'ash', 'edge'] as const)('--%s can be seen on paper and surface', (name) => {
    const seen = ['paper', 'surface'].map((ground) => contrast(theme, name, ground));
    expect(seen).toEqual(graphics[name]);
    for (const figure of seen) expect(figure).toBeGreaterThanOrEqual(3);
  });

  test('the focus ring can be seen on every ground', () => {
    expect(sheet).toMatch(/:focus-visible \{ outline: 2px solid var\(--ink\)/);
    expect(least(theme, 'ink')).toBeGreaterThanOrEqual(3);
  });
});

test('a fill that is too weak alone has an outline that is not', () => {
  for (const [fill, outline] of [
    ['ash-2', 'ash'],
    ['ember-2', 'ember'],
  ] as const) {
    const weak = (['light', 'dark'] as const).some((theme) => contrast(theme, fill, 'paper') < 3);
    expect(weak).toBe(true);
    const rules = [...sheet.matchAll(/^\.(f-\w+) \{ fill: var\(--([\w-]+)\);(.*)\}/gm)].filter(
      ([, , of]) => of === fill,
    );
    const outlined = rules.filter(([, , , rest]) => rest?.includes(`stroke: var(--${outline})`));
    expect(outlined.map(([, name]) => name)).toEqual([fill === 'ash-2' ? 'f-hit' : 'f-pale']);
  }
});

test('ember is never the colour of words', () => {
  expect([...sheet.matchAll(/(?<![\w-])color: var\(--ember[^)]*\)/g)].map(([rule]) => rule)).toEqual([]);
});
