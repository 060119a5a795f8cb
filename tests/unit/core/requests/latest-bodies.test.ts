// The last requests in memory: within a bound, the newest win, and none holds what it came in.
import { expect, test } from 'vitest';
import { LatestBodies } from '../../../../backend/core/requests/bodies.ts';

const sent = (bytes: number) => ({ method: 'POST', path: '/', headers: {}, from: '', body: new Uint8Array(bytes) });

test('the newest are there as far as the bound goes, whatever was forgotten between', () => {
  let most = 20_000;
  const bodies = new LatestBodies(() => most);
  const add = (n: number, bytes: number): void =>
    bodies.add({ id: `r${n}`, owner: 'a', sent: sent(bytes), byHearth: false });
  const there = (): number[] => Array.from({ length: 2000 }, (_, n) => n).filter((n) => bodies.find(`r${n}`, 'a'));
  for (let n = 0; n < 1000; n++) {
    add(n, 1000);
    if (n % 3 === 0) bodies.forget(`r${n}`);
  }
  expect(there()).toEqual([988, 989, 991, 992, 994, 995, 997, 998]);
  add(988, 1000);
  for (let n = 1000; n < 1007; n++) add(n, 1000);
  expect(there()).toEqual([988, 998, 1000, 1001, 1002, 1003, 1004, 1005, 1006]);
  add(1500, 30_000);
  expect(bodies.find('r1500', 'a')).toBeUndefined();
  expect(bodies.find('r1006', 'b')).toBeUndefined();
  most = 0;
  expect(there()).toEqual([]);
  expect(bodies.bytes).toBe(0);
});
