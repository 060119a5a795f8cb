// The index of the cache against lru-cache, which it stands in for: the same values in the same order, whatever is done.
import { LRUCache } from 'lru-cache';
import { expect, test } from 'vitest';
import { Recent } from '../../../../backend/core/cache/recent.ts';
import { fc } from '../../../support/property.ts';

const keys = fc.constantFrom('', '0', '01', '1', 'a', 'ab', 'f', 'ff', 'é');
const step = fc.oneof(
  fc.record({ what: fc.constantFrom('get', 'peek', 'delete'), key: keys }),
  fc.record({ what: fc.constant('set'), key: keys, value: fc.nat() }),
  fc.record({ what: fc.constant('pop') }),
);

test('holds, finds and lets go what lru-cache does, in the same order', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const left: number[][] = [[], []];
      const ours = new Recent<number>((value) => left[0]?.push(value));
      const theirs = new LRUCache<string, number>({ max: 100, dispose: (value) => left[1]?.push(value) });
      const cache = [ours, theirs];
      for (const { what, ...given } of steps) {
        const { key = '', value = 0 } = given as { key?: string; value?: number };
        if (what === 'get' || what === 'peek') expect(ours[what](key)).toBe(theirs[what](key));
        else if (what === 'set') for (const each of cache) each.set(key, value);
        else if (what === 'delete') for (const each of cache) each.delete(key);
        else for (const each of cache) each.pop();
        expect(ours.size).toBe(theirs.size);
      }
      while (ours.size > 0) for (const each of cache) each.pop();
      expect(left[0]).toEqual(left[1]);
    }),
  );
});
