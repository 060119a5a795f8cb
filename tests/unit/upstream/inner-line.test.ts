// The polls of the queue of an inner Hearth: one at a time, however requests come and go.
import { expect, test } from 'vitest';
import { InnerLine, type InnerQueue } from '../../../backend/upstream/inner-line.ts';
import { ManualClock, settled } from '../../support/clocks.ts';
import { deferred } from '../../support/waiting.ts';

test('a request that comes while a poll is under way begins no second row of polls', async () => {
  const clock = new ManualClock();
  const polls: ReturnType<typeof deferred<InnerQueue>>[] = [];
  const line = new InnerLine({
    clock,
    look: () => {
      const poll = deferred<InnerQueue>();
      polls.push(poll);
      return poll.promise;
    },
  });
  line.watch('first', () => undefined)();
  const off = line.watch('second', () => undefined);
  await clock.advance(500);
  expect(polls).toHaveLength(1);
  off();
  const last = line.watch('third', () => undefined);
  polls[0]?.resolve({ waiting: [] });
  await settled();
  await clock.advance(5000);
  expect(polls).toHaveLength(2);
  polls[1]?.resolve({ waiting: [] });
  await settled();
  await clock.advance(5000);
  expect(polls).toHaveLength(3);
  last();
});
