// Tables on terminals: in line with wide characters, cut and thinned where it is narrow, harmless whatever a name holds.
import { expect, test } from 'vitest';
import { mayColour } from '../../../backend/cli/terminal/process-terminal.ts';
import { cutTo, table, widthOf, wrapped } from '../../../backend/cli/terminal/table.ts';

const COLUMNS = [
  { title: 'App', cutTo: 4 },
  { title: 'Model', spare: 1 },
  { title: 'Took', right: true },
] as const;
const ROWS = [
  ['日本語アプリ', 'llama3.2', '9 s'],
  ['evil\u001B[2J\nname', 'm', '12 min'],
];
const drawn = (columns: number | undefined, hasColours = false): string[] =>
  table(COLUMNS, ROWS, { columns, hasColours }).trimEnd().split('\n');

test('columns stand in line, and no name moves the cursor', () => {
  expect(drawn(undefined).slice(0, 2)).toEqual(['App            Model       Took', '日本語アプリ   llama3.2     9 s']);
  expect(drawn(undefined)[2]).toMatch(/^evil \[2J name {2}m +12 min$/);
  expect(new Set(drawn(undefined).map((line) => widthOf(line))).size).toBe(1);
});

test.each([30, 24, 18, 12])('nothing is wider than %i', (columns) => {
  for (const line of drawn(columns)) expect(widthOf(line)).toBeLessThanOrEqual(columns);
  expect(drawn(columns)[1]).toMatch(/9 s$/);
});

test('cuts by what is seen, and says so', () => {
  expect(['日本', 'e\u0301', '👨\u200D👩\u200D👧', '한글', 'ｱ'].map(widthOf)).toEqual([4, 1, 2, 4, 1]);
  expect([cutTo('日本語', 6), cutTo('日本語', 5), cutTo('日本語', 4), cutTo('abc', 3)]).toEqual([
    '日本語',
    '日本…',
    '日…',
    'abc',
  ]);
  expect(wrapped('one two three', 20, '  ')).toBe('one two three');
  expect(wrapped('one two three four five six', 20, '  ')).toBe('one two three four\n  five six');
});

test('colours come where they may', () => {
  expect(drawn(40, true)[0]).toContain('\u001B[2mApp\u001B[0m');
  expect([
    mayColour({}, true),
    mayColour({}, false),
    mayColour({ TERM: 'dumb' }, true),
    mayColour({ NO_COLOR: '1', FORCE_COLOR: '1' }, true),
    mayColour({ FORCE_COLOR: '1' }, false),
    mayColour({ FORCE_COLOR: '0' }, true),
  ]).toEqual([true, false, false, false, true, false]);
});
