// Percentiles out of counts: right within their stated share whatever was measured, and of parts the same as of the whole.
import { expect, test } from 'vitest';
import { Digest, RELATIVE_ERROR } from '../../../../backend/core/telemetry/digest.ts';
import { fc } from '../../../support/property.ts';

const times = fc.array(fc.oneof(fc.nat(50), fc.nat(3_600_000)), { minLength: 1, maxLength: 300 });

function digestOf(all: readonly number[]): Digest {
  const digest = new Digest();
  for (const ms of all) digest.add(ms);
  return digest;
}

test('any percentile is within two in a hundred of the time that has that place', () => {
  fc.assert(
    fc.property(times, fc.double({ min: 0, max: 0.999, noNaN: true }), (all, share) => {
      const exact = all.toSorted((a, b) => a - b)[Math.floor(share * all.length)] ?? NaN;
      const told = digestOf(all).quantile(share) ?? NaN;
      // It is told to a hundredth of a millisecond.
      expect(Math.abs(told - exact)).toBeLessThanOrEqual(exact * RELATIVE_ERROR + 0.01);
    }),
  );
});

test('the digest of two parts is that of the whole, to the last byte, also after it was kept', () => {
  fc.assert(
    fc.property(times, times, (one, two) => {
      const kept = Digest.fromBytes(digestOf(one).toBytes()) ?? new Digest();
      kept.addAll(digestOf(two));
      expect(kept.toBytes()).toEqual(digestOf([...one, ...two]).toBytes());
    }),
  );
});

test('the longest is within two in a hundred of the longest that was measured', () => {
  fc.assert(
    fc.property(times, (all) => {
      const exact = Math.max(...all);
      expect(Math.abs((digestOf(all).longest ?? NaN) - exact)).toBeLessThanOrEqual(exact * RELATIVE_ERROR + 0.01);
    }),
  );
  expect(new Digest().longest).toBeNull();
});

test('nothing is no time, and the longest is one month', () => {
  expect(new Digest().quantile(0.5)).toBeNull();
  expect(digestOf([0.2]).quantile(0.5)).toBe(0);
  expect(digestOf([1e15]).quantile(0.5)).toBeCloseTo(30 * 86_400_000, -8);
});

test('a day of many kinds of times takes less than two kilobytes', () => {
  const all = Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 600_000);
  expect(digestOf(all).toBytes().length).toBeLessThan(2000);
});

test('bytes that are no digest are not taken for one', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
      const digest = Digest.fromBytes(bytes);
      expect(digest === undefined || Number.isFinite(digest.quantile(0.9) ?? 0)).toBe(true);
    }),
  );
  expect(Digest.fromBytes(Uint8Array.of(200, 200))).toBeUndefined();
  expect(Digest.fromBytes(Uint8Array.of(255, 255, 255, 1, 1))).toBeUndefined();
});
