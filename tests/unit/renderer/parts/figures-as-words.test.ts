// Figures as the window writes them: counts, bytes, durations, times ahead, times of day. Each at the edges where the unit
// or the number of digits changes.
import { fc } from '../../../support/property.ts';
import { describe, expect, test } from 'vitest';
import {
  bytes,
  clockDuration,
  count,
  duration,
  durationParts,
  eta,
  moment,
  ordinal,
  orNone,
  percent,
  plural,
  roughly,
  thin,
  THIN,
  timeOfDay,
} from '../../../../renderer/parts/words.ts';

/** With plain spaces, so that a test can be read. */
const plain = (text: string): string => text.replaceAll(THIN, ' ');

test('the space before a unit is narrow and does not break', () => {
  expect([percent(0.64), bytes(2.9e9), duration(41_000), clockDuration(8000), roughly(720_000)]).toEqual([
    '64\u202F%',
    '2.9\u202FGB',
    '41\u202Fs',
    '8\u202Fs',
    '12\u202Fmin',
  ]);
});

test('figures within words are held to their units, and to nothing else', () => {
  expect(thin('30 s, 15 min, 1.2 s, 2 h, 7 days and 64 MB')).not.toContain(' s');
  expect(thin('7 days')).toBe(`7${THIN}days`);
  expect(thin('2 models, 3 settings, 4 hits')).toBe('2 models, 3 settings, 4 hits');
});

describe('counts', () => {
  test.each([
    [0, '0'],
    [999, '999'],
    [48_210, '48,210'],
    [1_234_567.6, '1,234,568'],
  ])('%d is %s', (value, words) => expect(count(value)).toBe(words));

  test.each([
    [0, '0 requests'],
    [1, '1 request'],
    [2, '2 requests'],
    [1204, '1,204 requests'],
  ])('%d of a noun is %s', (value, words) => expect(plural(value, 'request')).toBe(words));

  test('a noun may bring its own plural, and a sentence says none', () => {
    expect([plural(2, 'model switch', 'model switches'), orNone(0), orNone(1200)]).toEqual([
      '2 model switches',
      'none',
      '1,200',
    ]);
  });

  test.each([
    [1, 'first'],
    [2, 'second'],
    [10, 'tenth'],
    [11, '11th'],
    [12, '12th'],
    [13, '13th'],
    [20, '20th'],
    [21, '21st'],
    [22, '22nd'],
    [23, '23rd'],
    [24, '24th'],
    [101, '101st'],
    [111, '111th'],
    [112, '112th'],
  ])('the %d. is the %s', (value, words) => expect(ordinal(value)).toBe(words));
});

describe('bytes go in thousands, as Ollama counts them', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [999.6, '1 KB'],
    [820e6, '820 MB'],
    [999.4e6, '999 MB'],
    [999.6e6, '1.0 GB'],
    [2.9e9, '2.9 GB'],
    [9.94e9, '9.9 GB'],
    [9.96e9, '10 GB'],
    [14e9, '14 GB'],
    [1.5e12, '1.5 TB'],
    [5000e12, '5,000 TB'],
  ])('%d is %s', (value, words) => expect(plain(bytes(value))).toBe(words));
});

describe('a measured duration', () => {
  test.each([
    [-3, '0 ms'],
    [0, '0 ms'],
    [3, '3 ms'],
    [99.4, '99 ms'],
    [99.6, '0.10 s'],
    [412, '0.41 s'],
    [994, '0.99 s'],
    [996, '1.0 s'],
    [9800, '9.8 s'],
    [9949, '9.9 s'],
    [9951, '10 s'],
    [41_000, '41 s'],
    [59_499, '59 s'],
    [59_500, '1 min'],
    [250_000, '4 min 10 s'],
    [3_600_000, '1 h'],
    [7_260_000, '2 h 1 min'],
    [7_201_000, '2 h'],
  ])('of %d ms is %s', (ms, words) => expect(plain(duration(ms))).toBe(words));

  test('has its figure and its unit apart up to a minute, and none beyond', () => {
    expect(durationParts(412)).toEqual(['0.41', 's']);
    expect(durationParts(250_000)).toEqual([`4${THIN}min 10${THIN}s`, '']);
  });

  test('never has a figure of more than four signs beside its unit', () => {
    fc.assert(fc.property(fc.double({ min: 0, max: 59_499, noNaN: true }), (ms) => durationParts(ms)[0].length <= 4));
  });
});

describe('what runs while one looks', () => {
  test.each([
    [-900, '0 s'],
    [400, '0 s'],
    [8400, '8 s'],
    [59_400, '59 s'],
    [59_600, '1 min'],
    [250_000, '4 min 10 s'],
    [5_400_000, '1 h 30 min'],
  ])('%d ms are %s', (ms, words) => expect(plain(clockDuration(ms))).toBe(words));
});

describe('a time ahead is said in one unit, and is never nothing', () => {
  test.each([
    [-4000, '1 s'],
    [0, '1 s'],
    [9000, '9 s'],
    [59_400, '59 s'],
    [60_000, '1 min'],
    [89_000, '1 min'],
    [91_000, '2 min'],
    [3_569_000, '59 min'],
    [3_570_000, '1 h'],
    [7_200_000, '2 h'],
    [170_999_000, '47 h'],
    [171_000_000, '2 days'],
    [864_000_000, '10 days'],
  ])('%d ms are %s', (ms, words) => expect(plain(roughly(ms))).toBe(words));

  test('an estimate says that it is one', () => expect(plain(eta(9000))).toBe('in about 9 s'));
});

describe('a time of day', () => {
  const at = new Date(2026, 10, 21, 9, 12, 5).getTime();

  test('has seconds only where they are asked for', () => {
    expect([timeOfDay(at), timeOfDay(at, true)]).toEqual(['09:12', '09:12:05']);
  });

  test('has its day before it on another day', () => {
    expect(moment(at, at + 3_600_000)).toBe('09:12');
    expect(moment(at, at + 86_400_000)).toBe('21 Nov, 09:12');
  });

  test('has its day before it on the same day of another year', () => {
    expect(moment(at, new Date(2027, 10, 21, 10).getTime())).toBe('21 Nov, 09:12');
  });
});
