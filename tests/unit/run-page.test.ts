// Pages that runs write themselves.
import { expect, test } from 'vitest';
import { rowsIn, written } from '../faults/run-page.ts';
import { pageWith, type Run } from '../fleet/scale-page.ts';

const PAGE = ['before', '<!-- measured -->', '', '<!-- /measured -->', '<!-- tried -->', '', '<!-- /tried -->'].join(
  '\n',
);

const run = (name: string, ms: number): Run => ({
  seed: 1,
  kills: 2,
  form: 'short',
  node: 'v0',
  results: [
    {
      name,
      promise: 'It holds | always.',
      isKept: ms < 10,
      seen: `${ms} ms`,
      figures: [{ what: `time of ${name}`, measured: `${ms} ms` }],
      seconds: 1,
    },
  ],
});

test('a run of some trials replaces their rows of the page, and leaves those of the others', () => {
  const page = [run('one', 1), run('two', 2), run('one', 30)].reduce(pageWith, PAGE);
  expect(rowsIn(page, 'measured')).toEqual([
    ['time of one', '30 ms', '', 'short'],
    ['time of two', '2 ms', '', 'short'],
  ]);
  expect(rowsIn(page, 'tried')).toEqual([
    ['one', 'It holds | always.', '**not kept** (short form, seed 1)', '30 ms'],
    ['two', 'It holds | always.', 'held (short form, seed 1)', '2 ms'],
  ]);
  expect(page.startsWith('before\n')).toBe(true);
  expect(rowsIn(written(page, 'tried', 'none'), 'tried')).toEqual([]);
});
