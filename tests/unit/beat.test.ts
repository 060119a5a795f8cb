// That the machine slept is seen by a wait that took far too long, by whichever clock went on meanwhile.
import { expect, test } from 'vitest';
import { Beat } from '../../backend/beat.ts';
import { ManualClock, settled } from '../support/clocks.ts';

function setUp() {
  const clock = new ManualClock();
  const life = new AbortController();
  const slept: number[] = [];
  let beats = 0;
  const beat = new Beat({ clock, onBeat: () => void beats++, onWoke: (counted) => void slept.push(counted) });
  const ended = beat.run(life.signal);
  const stop = async (): Promise<void> => {
    life.abort();
    await ended;
    expect(clock.sleeping).toBe(0);
  };
  return { clock, beat, slept, stop, beats: () => beats };
}

test('a machine that is awake beats, and never slept', async () => {
  const { clock, slept, stop, beats } = setUp();
  await clock.advance(60_000);
  expect(beats()).toBe(13);
  clock.pass(4000);
  clock.jump(4000);
  await clock.advance(60_000);
  clock.jump(-3_600_000);
  await clock.advance(60_000);
  expect(slept).toEqual([]);
  await stop();
});

test.each([
  ['both clocks went on', 3_600_000, 0, 3_600_000],
  ['only the one on the wall did', 0, 3_600_000, 0],
])('where %s, the sleep is told once, with what was counted of it', async (_, both, wall, counted) => {
  const { clock, beat, slept, stop } = setUp();
  await clock.advance(7000);
  clock.pass(both);
  clock.jump(wall);
  // The host may know it first.
  beat.look();
  expect(slept).toHaveLength(1);
  expect(slept[0]).toBeGreaterThanOrEqual(counted - 5000);
  expect(slept[0]).toBeLessThanOrEqual(counted);
  await clock.advance(60_000);
  await settled();
  expect(slept).toHaveLength(1);
  await stop();
});
