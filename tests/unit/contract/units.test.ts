// Times and sizes with their units, as typed and as shown.
import { fc } from '../../support/property.ts';
import { describe, expect, test } from 'vitest';
import { megabytes } from '../../../backend/contract/in-words.ts';
import { amountIn, withUnit, type Unit } from '../../../backend/contract/units.ts';

test.each([
  [600_000, 'ms', '10 min'],
  [2000, 'ms', '2 s'],
  [1500, 'ms', '1500 ms'],
  [0, 'ms', '0 ms'],
  [30_000, 'ms', '30 s'],
  [3600, 's', '1 h'],
  [90, 's', '90 s'],
  [5400, 's', '90 min'],
  [0.5, 's', '500 ms'],
  [0.1, 's', '100 ms'],
  [86_400, 's', '1 day'],
  [604_800, 's', '7 days'],
  [256, 'MB', '256 MB'],
  [1, 'MB', '1 MB'],
  [1024, 'MB', '1 GB'],
  [1.5, 'MB', '1536 KB'],
  [65_536, 'MB', '64 GB'],
  [0.5, 'MB', '512 KB'],
  [0.001, 'MB', '0.001 MB'],
  [30, 'days', '30 days'],
  [1, 'days', '1 day'],
  [8192, 'tokens', '8192 tokens'],
  [1, 'tokens', '1 token'],
  [0, 'tokens', '0 tokens'],
] as const)('%d %s is shown as %s, and read as itself', (value, unit, words) => {
  expect(withUnit(value, unit)).toBe(words);
  expect(amountIn(words, unit)).toBe(value);
});

test('whatever number is shown is read as itself', () => {
  const any = fc.oneof(
    fc.nat(100_000_000),
    fc.nat(100_000).map((tenths) => tenths / 10),
  );
  fc.assert(
    fc.property(any, fc.constantFrom<Unit>('ms', 's', 'days', 'MB', 'tokens'), (value, unit) => {
      expect(amountIn(withUnit(value, unit), unit)).toBeCloseTo(value, 9);
    }),
  );
});

describe('what is typed', () => {
  test.each([
    ['10 min', 'ms', 600_000],
    ['10min', 'ms', 600_000],
    ['10 Minutes', 's', 600],
    ['1 h 30 min', 's', 5400],
    ['1h30m', 's', 5400],
    ['1.5 h', 's', 5400],
    ['2 days', 's', 172_800],
    [' 7200 ', 's', 7200],
    ['0.1', 's', 0.1],
    ['2 GB', 'MB', 2048],
    ['512 k', 'MB', 0.5],
    ['256 MiB', 'MB', 256],
    ['-5', 'ms', -5],
  ] as const)('%j in %s is %d', (text, unit, value) => expect(amountIn(text, unit)).toBe(value));

  test.each(['', 'x', '10 minits', '10 MB', '1,5 h', '-5 min', '1e3', '10 min later', 'min', '5 5', '0x10'])(
    '%j is no time',
    (text) => expect(amountIn(text, 'ms')).toBeUndefined(),
  );

  test('a time is no size', () => {
    expect(amountIn('10 s', 'MB')).toBeUndefined();
  });
});

test.each([
  [0, '0 MB'],
  [0.0001, '1 KB'],
  [0.01, '10 KB'],
  [0.5, '512 KB'],
  [0.97, '1.0 MB'],
  [3.44, '3.4 MB'],
  [38.2, '38 MB'],
  [9.97, '10 MB'],
  [2048, '2,048 MB'],
])('%d MB of memory in use are %s', (mb, words) => expect(megabytes(mb)).toBe(words));
