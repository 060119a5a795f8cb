// How late the event loop is: measured from the first question on, and no longer when nobody asks.
import { expect, test } from 'vitest';
import { LoopLag } from '../../../backend/metrics/process-figures.ts';
import { ManualClock } from '../../support/clocks.ts';
import { eventually } from '../../support/waiting.ts';

test('there is a figure from the second question on, and none again after ten quiet minutes', async () => {
  const clock = new ManualClock();
  const lag = new LoopLag(clock);
  expect(lag.read()).toBeUndefined();
  const { p50, p99, max } = await eventually('a figure', () => lag.read());
  expect([p50 >= 0, p99 >= p50, max >= p99]).toEqual([true, true, true]);
  expect(clock.sleeping).toBe(1);
  await clock.advance(10 * 60_000);
  expect(clock.sleeping).toBe(0);
  expect(lag.read()).toBeUndefined();
  lag.stop();
  expect(clock.sleeping).toBe(0);
});
