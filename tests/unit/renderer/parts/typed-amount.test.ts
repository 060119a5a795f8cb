// Numbers with their units as a language writes them.
import { afterEach, expect, test } from 'vitest';
import { setLanguage } from '../../../../words/texts.ts';
import { shownAmount, typedAmount } from '../../../../renderer/parts/typed-amount.ts';
import type { Unit } from '../../../../backend/contract/units.ts';

afterEach(() => setLanguage('en'));

test.each([
  ['30 Tage', 'days', 30],
  ['1 Tag', 's', 86_400],
  ['10 min', 'ms', 600_000],
  ['0,001 MB', 'MB', 0.001],
  ['8192 Token', 'tokens', 8192],
  ['8080', undefined, 8080],
] as const)('in German %s is shown so, and read as itself', (text, unit, value) => {
  setLanguage('de');
  expect(shownAmount(value, unit)).toBe(text);
  expect(typedAmount(text, unit)).toBe(value);
});

test.each<[string, Unit | undefined, number | undefined]>([
  ['1,5 GB', 'MB', 1536],
  ['1 Stunde 30 Minuten', 's', 5400],
  ['2 TAGE', 's', 172_800],
  ['1 day', 's', 86_400],
  ['1.500', 'tokens', undefined],
  ['eine Weile', 's', undefined],
])('in German %j in %s is %s', (text, unit, value) => {
  setLanguage('de');
  expect(typedAmount(text, unit)).toBe(value);
});
