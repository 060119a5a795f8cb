// What is told when a process has no file handle left.
import { expect, test } from 'vitest';
import type { Told } from '../../backend/core/ports.ts';
import { HandleWatch } from '../../backend/handle-watch.ts';

test('says that no file handles are left, for as long as it holds', () => {
  let code: string | undefined;
  let told: Told | undefined;
  const watch = new HandleWatch(
    (_id, now) => void (told = now),
    () => {
      if (code !== undefined) throw Object.assign(new Error('open'), { code });
    },
  );
  const look = (next: string | undefined): string | undefined => {
    code = next;
    watch.look();
    return told?.text;
  };
  expect(look(undefined)).toBeUndefined();
  expect(look('EMFILE')).toMatch(/^No file handles are left/);
  expect(look('ENFILE')).toMatch(/^No file handles are left/);
  expect(look('EACCES')).toBeUndefined();
});

test('takes a real handle and gives it back', () => {
  const told: (Told | undefined)[] = [];
  const watch = new HandleWatch((_id, now) => told.push(now));
  watch.look();
  expect(told).toEqual([undefined]);
});
