// The order in which the test files run.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectRoot } from '../support/desktop/processes.ts';
import { LONGEST, rankOf } from '../support/file-order.ts';

test('each file that is known to take long is there', () => {
  expect(LONGEST.filter((path) => !existsSync(join(projectRoot(), path)))).toEqual([]);
});

test('the desktop goes first, then the page and the gateway, and in each what takes long', () => {
  const files = [
    ['gateway', 'tests/unit/beat.test.ts'],
    ['page', 'tests/page/wide.test.ts'],
    ['gateway', 'tests/behaviour/faults.test.ts'],
    ['page', 'tests/page/every-state.test.ts'],
    ['desktop', 'tests/desktop/tray.test.ts'],
    ['page', 'tests/page/accented.test.ts'],
    ['desktop', 'tests/desktop/manners.test.ts'],
  ] as const;
  const order = files.map(([project, path]) => ({ name: path.split('/').at(-1), rank: rankOf(project, `/a/${path}`) }));
  order.sort(({ rank: a }, { rank: b }) => (a[0] ?? 0) - (b[0] ?? 0) || (a[1] ?? 0) - (b[1] ?? 0));
  expect(order.map(({ name }) => name?.replace('.test.ts', ''))).toEqual([
    'manners',
    'tray',
    'every-state',
    'accented',
    'wide',
    'faults',
    'beat',
  ]);
});
