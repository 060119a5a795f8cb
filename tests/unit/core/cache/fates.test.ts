// What is remembered of answers that are gone, and what a removal costs while thousands are remembered.
import { expect, test, vi } from 'vitest';
import { Fates } from '../../../../backend/core/cache/fates.ts';

type IsMeant = Parameters<Fates['cleared']>[0];

const MOST = 4096;
const ABOUT = { owner: 'local', model: 'a' };
const keyOf = (n: number): string => n.toString(16).padStart(16, '0').repeat(4);

function filled(count: number = MOST): Fates {
  const fates = new Fates();
  for (let n = 0; n < count; n++) fates.kept(keyOf(n), ABOUT, n, 1000);
  return fates;
}

test('removing one by the beginning of its key looks at no other', () => {
  const fates = filled();
  const isMeant = vi.fn<IsMeant>(() => true);
  fates.clearedOne(keyOf(7).slice(0, 16), isMeant, 9000);
  expect(isMeant).toHaveBeenCalledTimes(1);
  expect(fates.of(keyOf(7))).toMatchObject({ loss: 'cleared', at: 9000 });
  expect(fates.of(keyOf(8))?.loss).toBeUndefined();
});

test('a longer beginning of another key removes nothing', () => {
  const fates = filled(2);
  fates.clearedOne(`${keyOf(1).slice(0, 16)}f`, () => true, 9000);
  expect(fates.of(keyOf(1))?.loss).toBeUndefined();
});

test('removing many looks at each once it is asked for, and at none before', () => {
  const fates = filled();
  const isMeant = vi.fn<IsMeant>(({ kept }) => (kept?.at ?? 0) < 2);
  fates.cleared(isMeant, 9000);
  expect(isMeant).not.toHaveBeenCalled();
  expect(fates.of(keyOf(1))).toMatchObject({ loss: 'cleared', at: 9000 });
  expect(fates.of(keyOf(2))?.loss).toBeUndefined();
  fates.of(keyOf(1));
  expect(isMeant).toHaveBeenCalledTimes(2);
});

test('what is kept after a removal of many is not said to be removed', () => {
  const fates = filled(1);
  fates.cleared(() => true, 10);
  fates.kept(keyOf(0), ABOUT, 10, 1000);
  expect(fates.of(keyOf(0))?.loss).toBeUndefined();
});

test('one that made room after it was cleared is told by its last loss', () => {
  const fates = filled(1);
  fates.cleared(() => true, 10);
  fates.removed(keyOf(0), 'room', 20);
  expect(fates.of(keyOf(0))).toMatchObject({ loss: 'room', at: 20 });
});

test('after more removals than are remembered, nothing is said of what was kept before them', () => {
  const fates = filled(1);
  for (let n = 0; n < 65; n++) fates.cleared(() => false, n);
  expect(fates.of(keyOf(0))).toBeUndefined();
});
