// The index of the cache against one lru-cache: the same values in the same order, whatever is done.
import { LRUCache } from 'lru-cache';
import { expect, test } from 'vitest';
import { Recent, type Used } from '../../../../backend/core/cache/recent.ts';
import { fc } from '../../../support/property.ts';

interface Numbered extends Used {
  readonly number: number;
}

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
      const ours = new Recent<Numbered>(({ number }) => left[0]?.push(number));
      const theirs = new LRUCache<string, Numbered>({ max: 100, dispose: ({ number }) => left[1]?.push(number) });
      const cache = [ours, theirs];
      for (const { what, ...given } of steps) {
        const { key = '', value = 0 } = given as { key?: string; value?: number };
        if (what === 'get' || what === 'peek') expect(ours[what](key)?.number).toBe(theirs[what](key)?.number);
        else if (what === 'set') {
          const both = { number: value, use: 0 };
          for (const each of cache) each.set(key, both);
        } else if (what === 'delete') for (const each of cache) each.delete(key);
        else for (const each of cache) each.pop();
        expect(ours.size).toBe(theirs.size);
      }
      while (ours.size > 0) for (const each of cache) each.pop();
      expect(left[0]).toEqual(left[1]);
    }),
  );
});
