// The strips as columns and figures: where a step lies, what a gap does, how a scale holds still, what stands at the left.
import { fc } from '../../../support/property.ts';
import { describe, expect, test } from 'vitest';
import type { PlotSpan } from '../../../../backend/contract/window/look-commands.ts';
import { SPANS, SPAN_WORDS, spanOf } from '../../../../backend/contract/views/spans.ts';
import {
  figureAt,
  heldTop,
  lineColumns,
  loneIndices,
  mixPieces,
  mostOf,
  niceTop,
  stepColumns,
  STRIPS,
  topOf,
  topWords,
  type Column,
  type Strip,
} from '../../../../renderer/plots/plot-columns.ts';
import { axisOf, lengthOf, stepAt, stepLength, stepWords, ticksOf } from '../../../../renderer/plots/plot-axis.ts';
import { THIN } from '../../../../renderer/parts/words.ts';
import { dayView, steps as stepsOfDay } from '../../../support/page/views.ts';

const STEP = 10;
const START = 1000;

/** A span of steps of 10 s from 1000 s on, with the same values in every column. */
function span(values: Column): PlotSpan {
  const column = [...values];
  return {
    step_s: STEP,
    t: values.map((_, i) => START + i * STEP),
    requests: column,
    needed_model: column,
    hit_rate: column,
    waiting: column,
    wait_p50: column,
    wait_p95: column,
    ttft_p50: column,
    ttft_p95: column,
    tokens_per_s: column,
  };
}

/** Seven seconds into the last of three steps, in milliseconds. */
const NOW = (START + 2 * STEP + 7) * 1000;

test('a range is as long as the contract says', () => {
  for (const word of SPAN_WORDS) expect(lengthOf(stepsOfDay(word))).toBe(SPANS[spanOf(word)].span_s);
});

describe('the axis', () => {
  const whole = span(Array.from({ length: 91 }, () => 0));
  const now = ((whole.t.at(-1) ?? 0) + 7) * 1000;

  test('begins with the run, when that is later than the range', () => {
    expect(axisOf(whole, now - 300_000, now)).toEqual({ from: now / 1000 - 300, to: now / 1000 });
    expect(axisOf(whole, now - 3_600_000, now)).toEqual({ from: now / 1000 - 900, to: now / 1000 });
  });

  test('is never shorter than a few steps', () => {
    expect(axisOf(whole, now, now)).toEqual({ from: now / 1000 - 4 * STEP, to: now / 1000 });
  });
});

describe('the top of a time', () => {
  const wait = STRIPS.find(({ name }) => name === 'wait') as Strip;

  test('beyond a minute has words that are short', () => {
    const words = (ms: number): string => topWords(wait, topOf(wait, ms));
    expect(words(80_000)).toBe(`2${THIN}min`);
    expect(words(58_000)).toBe(`1${THIN}min`);
    expect(words(4_000_000)).toBe(`2${THIN}h`);
    fc.assert(fc.property(fc.nat(86_400_000), (ms) => words(ms).length <= 6 && topOf(wait, ms) >= ms));
  });
});

describe('the times below the strips', () => {
  const at = (day: number, hour = 0): number => new Date(2026, 10, day).getTime() / 1000 + Math.round(hour * 60) * 60;

  test('are the ends and full hours between them, and beyond two days midnights', () => {
    const words = (from: number, to: number) => ticksOf(from, to).map((tick) => tick.words);
    expect(words(at(3, 9.2), at(3, 14.1))).toEqual(['09:12', '10', '11', '12', '13', '14:06']);
    expect(words(at(3, 6), at(4, 6))).toEqual(['06:00', '12', '18', '00', '06:00']);
    expect(words(at(3, 9.1), at(3, 9.35))).toEqual(['09:06', '09:10', '09:15', '09:21']);
    expect(words(at(3, 6), at(4, 18))).toEqual(['3 Nov, 06:00', '4 Nov, 18:00']);
    expect(words(at(3, 6), at(8, 6))).toEqual(['5 Nov', '7 Nov']);
    // The midnight of the 8th is too near to the end.
    expect(words(at(1, 6), at(8, 6))).toEqual(['4 Nov', '7 Nov']);
  });

  test('leave out in a narrow window those that would touch the time at an end', () => {
    const near = ticksOf(at(3, 9.2), at(3, 14.1)).flatMap((tick) => (tick.near === true ? [tick.words] : []));
    expect(near).toEqual(['10', '13']);
  });

  test('say where they lie, and are few in any span', () => {
    expect(ticksOf(at(3, 12), at(7, 12)).map(({ share }) => share)).toEqual([0.375, 0.875]);
    for (let days = 3; days <= 31; days++) {
      const { length } = ticksOf(at(1, 5), at(1, 5) + days * 86_400);
      expect(length >= 1 && length <= 3).toBe(true);
    }
  });

  test('of a step are as many words as it is long', () => {
    const words = ([15, 60, 900, 3600, 86_400] as const).map((step_s) => stepWords({ ...span([1]), step_s }, at(3, 6)));
    expect(words).toEqual(['06:00:00', '06:00', '06:00', '3 Nov, 06:00', '3 Nov']);
    const lengths = SPAN_WORDS.map((word) => stepLength(stepsOfDay(word)));
    expect(lengths).toEqual(['15 seconds', 'a minute', '15 minutes', 'an hour', 'a day']);
  });
});

describe('a day of 25 hours', () => {
  const long: PlotSpan = { ...span([1, 2, 3]), step_s: 86_400, t: [0, 90_000, 176_400] };

  test('ends where the next one begins', () => {
    expect([stepAt(long, 89_999), stepAt(long, 90_000), stepAt(long, -5)]).toEqual([0, 1, 0]);
    expect(lineColumns(long, [[1, 2, 3]], 180_000_000)[0]).toEqual([45_000, 133_200, 180_000]);
    expect(stepColumns(long, [[1, null, 3]], 180_000_000)[0]).toEqual([0, 89_999.999, 90_000, 176_400, 180_000]);
  });
});

describe('steps', () => {
  const steps = (...values: (number | null)[]) => stepColumns(span(values), [values], NOW);

  test('hold their value, the last one until now', () => {
    expect(steps(1, 2, 3)).toEqual([
      [1000, 1010, 1020, 1027],
      [1, 2, 3, 3],
    ]);
  });

  test('before a gap end where they end, so that the gap does not swallow them', () => {
    expect(steps(1, null, 3)).toEqual([
      [1000, 1009.999, 1010, 1020, 1027],
      [1, 1, null, 3, 3],
    ]);
  });

  test('do not reach beyond their own end when the figures are late, nor back when the clock was', () => {
    const late = stepColumns(span([1]), [[1]], (START + 99) * 1000);
    expect(late[0]).toEqual([1000, 1010]);
    const early = stepColumns(span([1]), [[1]], (START - 99) * 1000);
    expect(early[0]).toEqual([1000, 1000.001]);
  });

  test('of several columns stay together, whatever is missing in one', () => {
    const [x, a, b] = stepColumns(span([1, 2, 3]), [[1, 2, 3], [4, null, null]], NOW); // prettier-ignore
    expect([x.length, a?.length, b?.length]).toEqual([5, 5, 5]);
    expect(b).toEqual([4, 4, null, null, null]);
  });

  test('always go forward in time', () => {
    const value = fc.option(fc.nat(9), { nil: null });
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 20 }),
        fc.integer({ min: -60, max: 300 }),
        (values, late) => {
          const [x, ...columns] = stepColumns(span(values), [values], (START + late) * 1000);
          for (const [i, at] of x.entries()) if (i > 0) expect(at).toBeGreaterThan(x[i - 1] ?? Infinity);
          for (const column of columns) expect(column).toHaveLength(x.length);
        },
      ),
    );
  });
});

describe('a line', () => {
  test('goes through the middle of each step, and in the last one no further than now', () => {
    expect(lineColumns(span([1, null, 3]), [[1, null, 3]], NOW)).toEqual([
      [1005, 1015, 1025],
      [1, null, 3],
    ]);
    expect(lineColumns(span([1, 2, 3]), [[1, 2, 3]], NOW - 5000)[0]).toEqual([1005, 1015, 1022]);
  });

  test.each([
    [
      [1, null, 2, null, 3, 4],
      [0, 2],
    ],
    [[null, 5], [1]],
    [[7], [0]],
    [[1, 2], []],
    [[null, null], []],
    [[0, null], [0]],
  ] as const)('%j has dots at %j, where a value stands between two gaps', (column, dots) => {
    expect(loneIndices(column)).toEqual(dots);
  });
});

describe('a moment', () => {
  const three = span([1, 2, 3]);
  test.each([
    [1000, 0],
    [1009.9, 0],
    [1010, 1],
    [1029, 2],
    [900, 0],
    [5000, 2],
  ])('of %d s lies in step %i', (at, step) => expect(stepAt(three, at)).toBe(step));
});

describe('the top of a scale', () => {
  test.each([
    [0, 1, 1],
    [1, 1, 1],
    [1.01, 1, 1.2],
    [7, 1, 8],
    [24, 1, 24],
    [25, 1, 30],
    [99, 1, 100],
    [101, 1, 120],
    [1, 10, 10],
    [0.11, 0.1, 0.12],
    [0.15, 0.1, 0.16],
    [0.25, 0.1, 0.3],
    [1800, 10, 2000],
  ])('for %d, of at least %d, is %d', (most, least, top) => expect(niceTop(most, least)).toBe(top));

  test('is never under what it shows, and never more than twice as much', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 1e9, noNaN: true }), (most) => {
        const top = niceTop(most, 0.001);
        return top >= most && top <= most * 2;
      }),
    );
  });

  test('grows at once and shrinks only after a whole span in which it was not needed', () => {
    let top = heldTop(undefined, 10, 0, 100);
    top = heldTop(top, 40, 10, 100);
    expect(top).toEqual({ top: 40, at: 10 });
    top = heldTop(top, 8, 110, 100);
    expect(top.top).toBe(40);
    // Needed once more: the span begins again.
    top = heldTop(top, 40, 110, 100);
    expect(heldTop(top, 8, 210, 100).top).toBe(40);
    expect(heldTop(top, 8, 211, 100)).toEqual({ top: 8, at: 211 });
  });

  test('is of the most in any column, and of 0 when nothing was measured', () => {
    expect([mostOf([[1, null, 3], [5]]), mostOf([[null], []])]).toEqual([5, 0]);
  });

  const named = (name: Strip['name']): Strip => STRIPS.find((strip) => strip.name === name) as Strip;
  test.each([
    ['requests', 24, '24'],
    ['requests', 1.2, '1.2'],
    ['requests', 1200, '1,200'],
    ['first_token', 10, `10${THIN}ms`],
    ['first_token', 400, `0.4${THIN}s`],
    ['first_token', 1000, `1${THIN}s`],
    ['first_token', 1600, `1.6${THIN}s`],
    ['first_token', 120_000, `2${THIN}min`],
  ] as const)('of %s at %d reads %s', (name, top, words) => expect(topWords(named(name), top)).toBe(words));

  test('the figure is that of the whole range, or of the step that is pointed at', () => {
    const { day } = dayView('24h');
    const figures = STRIPS.map((strip) => [figureAt(strip, span([7]), day, undefined), figureAt(strip, span([7]), day, 0)]); // prettier-ignore
    expect(figures).toEqual([
      [
        ['214', ''],
        ['7', ''],
      ],
      [
        ['0.20', 's'],
        ['7', 'ms'],
      ],
      [
        ['0.41', 's'],
        ['7', 'ms'],
      ],
    ]);
  });

  test('what was not measured is a dash without a unit, never 0', () => {
    const { day } = dayView('24h', { wait: null, first_token: null });
    for (const strip of STRIPS) expect(figureAt(strip, span([null]), day, 0)).toEqual(['–', '']);
    for (const strip of STRIPS.slice(1)) expect(figureAt(strip, span([null]), day, undefined)).toEqual(['–', '']);
  });
});

describe('the bar of how requests were answered', () => {
  const counts = fc.record({ hit: fc.nat(1e6), coalesced: fc.nat(1e6), miss: fc.nat(1e6), bypass: fc.nat(1e6) });

  test('has a piece for each source that was counted, in one order', () => {
    expect(mixPieces({ hit: 2, coalesced: 0, miss: 2, bypass: 0 })).toEqual([
      { name: 'hit', x: 0, width: 49.7 },
      { name: 'miss', x: 50.3, width: 49.7 },
    ]);
    expect(mixPieces({ hit: 0, coalesced: 0, miss: 0, bypass: 0 })).toEqual([]);
    expect(mixPieces({ hit: 0, coalesced: 0, miss: 0, bypass: 3 })).toEqual([{ name: 'bypass', x: 0, width: 100 }]);
  });

  test('shows also what is one in a million', () => {
    const [, , , rare] = mixPieces({ hit: 1e6, coalesced: 1e6, miss: 1e6, bypass: 1 });
    expect(rare?.width).toBeGreaterThan(0.5);
  });

  test('fills its length and never overlaps', () => {
    fc.assert(
      fc.property(counts, (each) => {
        const pieces = mixPieces(each);
        for (const [i, piece] of pieces.entries()) {
          const before = pieces[i - 1];
          expect(piece.width).toBeGreaterThan(0);
          if (before !== undefined) expect(piece.x).toBeGreaterThan(before.x + before.width);
        }
        const last = pieces.at(-1);
        if (last !== undefined) expect(last.x + last.width).toBeCloseTo(100, 0);
      }),
    );
  });
});
