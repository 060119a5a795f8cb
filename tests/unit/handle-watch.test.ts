// What is told when a process has no file handle left.
import { expect, test } from 'vitest';
import { HandleWatch } from '../../backend/handle-watch.ts';

test('says once that no file handles are left, for as long as it holds', () => {
  const told: string[] = [];
  let code: string | undefined;
  const watch = new HandleWatch(
    (sentence) => told.push(sentence),
    () => {
      if (code !== undefined) throw Object.assign(new Error('open'), { code });
    },
  );
  const look = (next: string | undefined): readonly string[] => {
    code = next;
    watch.look();
    return watch.notices;
  };
  expect(look(undefined)).toEqual([]);
  expect(look('EMFILE')).toEqual([expect.stringMatching(/^No file handles are left/)]);
  expect(look('ENFILE')).toHaveLength(1);
  expect(told).toEqual(watch.notices);
  expect(look('EACCES')).toEqual([]);
  look('EMFILE');
  expect(told).toHaveLength(2);
});

test('takes a real handle and gives it back', () => {
  const told: string[] = [];
  const watch = new HandleWatch((sentence) => told.push(sentence));
  watch.look();
  expect(told).toEqual([]);
});
