// Records in blocks that are used again: each comes back as it was given, whatever came and went around it.
import { fc } from '../../../support/property.ts';
import { describe, expect, test } from 'vitest';
import { ResponseCache } from '../../../../backend/core/cache/cache.ts';
import { Slabs } from '../../../../backend/core/cache/slabs.ts';
import { completion, config } from '../../../support/builders.ts';
import { ManualClock } from '../../../support/clocks.ts';

const MB = 2 ** 20;
/** Not two blocks of it are alike: the text it repeats is no part of a block's length. */
const record = (length: number, seed: number): Buffer => Buffer.alloc(length, `the record ${seed} `.padEnd(23, '.'));

test.each([1, 511, 512, 513, 5000, 3 * MB + 1])('a record of %i bytes comes back', (length) => {
  const slabs = new Slabs();
  const kept = record(length, 7);
  expect(slabs.read(slabs.keep(kept), length).equals(kept)).toBe(true);
});

test('whatever comes and goes in between', () => {
  const step = fc.record({ length: fc.nat({ max: 20_000 }), isEnd: fc.boolean(), pick: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const slabs = new Slabs();
      const all: { readonly block: number; readonly bytes: Buffer }[] = [];
      for (const [i, { length, isEnd, pick }] of steps.entries()) {
        if (isEnd && all.length > 0) {
          const [gone] = all.splice(pick % all.length, 1);
          if (gone !== undefined) slabs.free(gone.block, gone.bytes.length);
        } else {
          const bytes = record(length, i);
          all.push({ block: slabs.keep(bytes), bytes });
        }
      }
      for (const { block, bytes } of all) expect(slabs.read(block, bytes.length).equals(bytes)).toBe(true);
    }),
  );
});

test('room that was given back is used again, and nothing is taken from the system for it', () => {
  const slabs = new Slabs();
  for (let round = 0; round < 10; round++) {
    const blocks = Array.from({ length: 100 }, (_, i) => slabs.keep(record(20_000, i)));
    for (const block of blocks) slabs.free(block, 20_000);
  }
  expect(slabs.bytes).toBeLessThanOrEqual(3 * MB);
});

test('nothing is taken before the first record, and next to nothing is held after the last', () => {
  const slabs = new Slabs();
  expect(slabs.bytes).toBe(0);
  const blocks = Array.from({ length: 100 }, (_, i) => slabs.keep(record(100_000, i)));
  expect(slabs.bytes).toBe(10 * MB);
  for (const block of blocks) slabs.free(block, 100_000);
  expect(slabs.bytes).toBe(MB);
});

describe('who reads a kept answer', () => {
  test('has it whole though it is evicted meanwhile and others take its blocks', () => {
    const settings = config({ cache: { max_size_mb: 0.1 } });
    const cache = new ResponseCache(() => settings, new ManualClock());
    const about = { model: 'm', ttl: 3600, runMs: 1 };
    const keyOf = (n: number): string => n.toString(16).padStart(8, '0').repeat(8);
    const kept = completion(['x'.repeat(20_000)]);
    cache.put(keyOf(0), kept, about);
    const hit = cache.get(keyOf(0));
    for (let n = 1; n < 20; n++) cache.put(keyOf(n), completion(['y'.repeat(20_000)]), about);
    expect(cache.get(keyOf(0))).toBeUndefined();
    expect(hit?.record()).toEqual(kept);
    expect(hit?.kept().messageJson.toString()).toContain('x'.repeat(20_000));
  });
});
