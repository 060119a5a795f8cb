// Work that runs once at a time, for all who wait for it.
import { describe, expect, test } from 'vitest';
import { shared } from '../../../backend/upstream/shared-work.ts';
import { settled } from '../../support/clocks.ts';

describe('shared', () => {
  test('runs once for all, then anew', async () => {
    let runs = 0;
    const work = shared(async () => {
      runs++;
      await settled();
    });
    await Promise.all([work.run(), work.run()]);
    expect([runs, work.running]).toEqual([1, undefined]);
    await work.run();
    expect(runs).toBe(2);
  });

  test('what was forgotten knows it, and does not end what came after it', async () => {
    const releases: (() => void)[] = [];
    const counted: boolean[] = [];
    const work = shared(async (current) => {
      await new Promise<void>((resolve) => releases.push(resolve));
      counted.push(current());
    });
    const first = work.run();
    work.forget();
    const second = work.run();
    releases[0]?.();
    await first;
    expect(work.running).toBe(second);
    releases[1]?.();
    await second;
    expect(counted).toEqual([false, true]);
  });

  test('a failure reaches all and is not kept', async () => {
    let runs = 0;
    const work = shared(async () => {
      if (runs++ === 0) throw new Error('no');
    });
    const both = [work.run(), work.run()];
    for (const each of both) await expect(each).rejects.toThrow('no');
    await work.run();
  });
});
