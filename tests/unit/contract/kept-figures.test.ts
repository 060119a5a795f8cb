// How many answers are kept, as the window and the tray say it.
import { expect, test } from 'vitest';
import { keptFigures } from '../../../backend/contract/views/kept-figures.ts';

test.each([
  ['memory alone', undefined, { entries: 3, mb: 1 }],
  ['what is on the disk, which is nearly all', { entries: 40, size_mb: 8, max_size_mb: 9 }, { entries: 40, mb: 8 }],
  ['what is not written yet', { entries: 2, size_mb: 0.5, max_size_mb: 9 }, { entries: 3, mb: 1 }],
])('tells %s', (_, disk, told) => {
  expect(keptFigures({ total_entries: 3, total_size_mb: 1, ...(disk === undefined ? {} : { disk }) })).toEqual(told);
});
