// The list of requests as it is loaded, the bars of its rows, and the phases of one request, told from their figures alone.
import { describe, expect, test } from 'vitest';
import type { RequestFact } from '../../../../backend/contract/views/control.ts';
import {
  barsOf,
  firstRows,
  heldBack,
  followsOn,
  MOST_ROWS,
  portionsOf,
  type Portion,
  released,
  rowsToAsk,
  scaleOf,
  scaleWords,
  withNewer,
  withOlder,
} from '../../../../renderer/requests/listed-rows.ts';
import { phaseRows } from '../../../../renderer/requests/phase-words.ts';
import { fact, RUNNING, RUNNING_DETAIL, SLOW, SLOW_DETAIL } from '../../../support/page/request-day.ts';

const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((request_id) => fact({ request_id })) as [
  RequestFact,
  RequestFact,
  RequestFact,
  RequestFact,
];
const page = (requests: RequestFact[], next: string | null = null) => ({ requests, next });
const ids = ({ rows }: { readonly rows: readonly RequestFact[] }): string => rows.map((row) => row.request_id).join('');

describe('a newer first page', () => {
  test('puts new rows on top, and those that have ended stay the same object', () => {
    const before = withOlder(firstRows(page([b, c], '2')), page([d]));
    const after = withNewer(before, page([a, { ...b }, { ...c }], '3'), false);
    expect(ids(after)).toBe('abcd');
    expect(after.rows[1]).toBe(b);
    expect(after.next).toBeNull();
  });

  test('changes a living row in place', () => {
    const living = { ...b, status: 'processing' as const };
    const after = withNewer(firstRows(page([living, c])), page([b, c]), true);
    expect(after.rows[0]).toBe(b);
    expect(after.held).toBeUndefined();
  });

  test('waits while the list is held, and is shown when it is released', () => {
    const held = withNewer(firstRows(page([c, d])), page([a, b, c, d]), true);
    expect([ids(held), heldBack(held)]).toEqual(['cd', { count: 2, more: false }]);
    expect(ids(released(held))).toBe('abcd');
  });

  test('takes the place of all rows where there is a gap between them', () => {
    const before = firstRows(page([c, d], '9'));
    expect(ids(withNewer(before, page([a, b], '2'), false))).toBe('ab');
    const held = withNewer(before, page([a, b], '2'), true);
    expect(heldBack(held)).toEqual({ count: 2, more: true });
    expect(released(held)).toMatchObject({ next: '2', held: undefined });
  });

  test('follows on only where it has a row that is known, or is the whole list', () => {
    const before = firstRows(page([c, d], '9'));
    expect([page([a, b], '2'), page([b, c], '2'), page([a, b])].map((newer) => followsOn(before, newer))).toEqual([
      false,
      true,
      true,
    ]);
  });

  test('pushes out what are too many rows', () => {
    const many = Array.from({ length: MOST_ROWS }, () => fact());
    const after = withNewer(firstRows(page(many)), page([a, ...many.slice(0, 9)], '5'), false);
    expect([after.rows[0], after.rows.length, after.next]).toEqual([a, MOST_ROWS, '5']);
  });

  test('is asked for as long as the oldest living row needs', () => {
    const rows = Array.from({ length: 700 }, (_, i) => fact({ status: i === 149 ? 'queued' : 'completed' }));
    expect(rowsToAsk(firstRows(page(rows)), 100, 500)).toBe(150);
    expect(rowsToAsk(firstRows(page([])), 100, 500)).toBe(100);
  });
});

describe('the scale of all bars', () => {
  test.each([
    [[], 1000, ['0', '0.5', '1\u202Fs']],
    [[3, 40, 9820], 10_000, ['0', '5', '10\u202Fs']],
    [[61_000], 120_000, ['0', '1', '2\u202Fmin']],
    [[11_000], 20_000, ['0', '10', '20\u202Fs']],
  ])('of %j ends at %d ms', (times, scale, words) => {
    const rows = times.map((total_ms) => ({ total_ms }));
    expect(scaleOf(rows)).toBe(scale);
    expect(scaleWords(scale)).toEqual(words);
  });

  test('leaves one in twenty out', () => {
    const rows = Array.from({ length: 20 }, (_, i) => ({ total_ms: i === 7 ? 500_000 : 900 }));
    expect(scaleOf(rows)).toBe(1000);
  });
});

test('the bars of a row follow each other and end with the scale', () => {
  const bars = barsOf(SLOW, SLOW.total_ms, 20_000);
  expect(bars.map(({ kind }) => kind)).toEqual(['waited', 'loaded', 'read']);
  expect(bars.map(({ from, length }) => Math.round((from + length) * 20_000))).toEqual([4200, 7300, 20_000]);
  expect(barsOf(fact({ status: 'queued', queue_ms: 0 }), 1000, 1000)).toEqual([{ kind: 'waited', from: 0, length: 1 }]);
  expect(barsOf(fact({ source: 'hit', total_ms: 500 }), 500, 1000)).toEqual([{ kind: 'kept', from: 0, length: 0.5 }]);
});

describe('the phases of a request', () => {
  const told = (rows: ReturnType<typeof phaseRows>): string[] =>
    rows.map(({ name, figure, more }) =>
      `${name} ${figure}${more === undefined ? '' : `: ${more}`}`.replaceAll('\u202F', ' '),
    );

  test('are told with what was measured of each', () => {
    expect(told(phaseRows(SLOW, SLOW_DETAIL))).toEqual([
      'Waited for a turn 4.2 s: Third in line, behind Open WebUI and Continue',
      'Loaded the model 3.1 s: llama3.2:3b had to make room',
      'Read the prompt 18.4 s: 21,326 tokens at 1,159/s, 26 reused',
      'First token at 25.7 s',
      'Answered 4.3 s: 189 tokens at 44/s',
      'Delivered 0.20 s',
    ]);
  });

  test('of one that runs name what goes on, and leave out what is to come', () => {
    expect(told(phaseRows(RUNNING, RUNNING_DETAIL))).toEqual([
      'Waited for a turn 0.10 s',
      'Loaded the model –: The model was loaded already',
      'Read the prompt 0.40 s: About 402 tokens at 1,005/s, about 1,830 reused',
      'First token at 0.50 s',
      'Answering 7.6 s: 312 tokens at 41/s',
    ]);
  });

  test('of a kept answer are one, also where something is told of its prompt', () => {
    const phases = Object.fromEntries(Object.keys(SLOW_DETAIL.phases).map((name) => [name, null]));
    const detail = { ...SLOW_DETAIL, phases: phases as unknown as typeof SLOW_DETAIL.phases };
    expect(told(phaseRows(fact({ source: 'hit', total_ms: 500 }), detail))).toEqual(
      told(phaseRows(fact({ source: 'hit', total_ms: 500 }), undefined)),
    );
  });

  test('end where the request does, whatever their sum', () => {
    const phases = { ...SLOW_DETAIL.phases, generation_ms: 99_000 };
    for (const { from, length } of phaseRows(SLOW, { ...SLOW_DETAIL, phases })) {
      expect(from + (length ?? 0)).toBeLessThanOrEqual(1.0001);
    }
  });
});

describe('portions', () => {
  const rows = Array.from({ length: 40 }, (_, i) => fact({ request_id: `r${i}` }));
  const sizes = (portions: readonly Portion[]): string => portions.map((p) => `${p.number}:${p.rows.length}`).join(' ');

  test('keep their rows while others come on top and below', () => {
    const first = portionsOf(rows.slice(5, 20), []);
    const more = portionsOf(rows.slice(0, 36), first);
    const fewer = portionsOf(rows.slice(2, 36), more);
    expect([first, more, fewer].map(sizes)).toEqual([
      '0:10 -1:5',
      '1:5 0:10 -1:10 -2:10 -3:1',
      '1:3 0:10 -1:10 -2:10 -3:1',
    ]);
  });

  test('in which nothing has changed stay the same object', () => {
    const before = portionsOf(rows.slice(5), []);
    const ended = rows.with(17, { ...(rows[17] as RequestFact), total_ms: 1 });
    const after = portionsOf(ended, before);
    expect(after.map((portion) => before.includes(portion))).toEqual([false, true, false, true, true]);
  });
});
