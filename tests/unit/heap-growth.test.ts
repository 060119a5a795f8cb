// What V8 is told of its heap, and when.
import { expect, test } from 'vitest';
import { heapGrowth } from '../../backend/heap-growth.ts';

const MB = 2 ** 20;

test('V8 is told once when the cache has become large, and once when it is small again', () => {
  const told: string[] = [];
  const fit = heapGrowth((flag) => told.push(flag));
  for (const mb of [0, 63, 64, 200, 64]) fit(mb * MB);
  expect(told).toEqual(['--heap-growing-percent=50']);
  for (const mb of [1, 0]) fit(mb * MB);
  expect(told).toEqual(['--heap-growing-percent=50', '--heap-growing-percent=0']);
});
