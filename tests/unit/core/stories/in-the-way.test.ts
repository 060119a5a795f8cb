// Who was in the way of a request, by what the line has seen. On a real clock the line gives a slot a moment before the request
// notes that its wait is over.
import { expect, test } from 'vitest';
import type { PastRun } from '../../../../backend/core/queue/past-runs.ts';
import type { Ended } from '../../../../backend/core/requests/at-once.ts';
import { Ticket } from '../../../../backend/core/requests/ticket.ts';
import { inTheWayOf } from '../../../../backend/core/stories/reasons/in-the-way.ts';
import { ManualClock } from '../../../support/clocks.ts';

const LIFE = { from: 0, to: 12_000 };
const WAITED = { from: 0, to: 9000 };
const run = (from: number, to: number, more: Partial<PastRun> = {}): PastRun => ({
  from,
  to,
  lane: 'chat',
  runner: 'm@4096',
  model: 'm',
  caller: 'an app',
  class: 'normal',
  loads: false,
  gaveWay: false,
  wentOn: false,
  held: undefined,
  id: 'a',
  owner: 'local',
  classBy: 'default',
  flights: ['own'],
  ...more,
});

function lineOf(runs: PastRun[]) {
  const place = { class: 'normal', classBy: 'default', unknownWord: undefined, priority: 5 } as const;
  const who = { route: '/api/chat', model: 'm', caller: 'an app', owner: 'local' };
  const ended: Ended = Object.assign(new Ticket({ ...place, ...who, id: 'a' }, new ManualClock()), { flight: 'own' });
  return inTheWayOf({ ranDuring: () => runs, haltedDuring: () => [] }, ended, { waited: WAITED, life: LIFE }).line;
}

test('a run whose slot was given a moment before the wait was over was not broken off', () => {
  const other = run(0, 8999.8, { id: 'b', caller: 'another app', flights: ['other'] });
  const { brokeOff, behind } = lineOf([other, run(8999.8, 12_000)]);
  expect(brokeOff).toBe(0);
  expect(behind).toMatchObject([{ caller: 'another app' }]);
});

test('a run that ended while it waited was broken off, or had given way', () => {
  expect(lineOf([run(10, 5000), run(8999.8, 12_000)])).toMatchObject({ brokeOff: 1, againMs: 8990 });
  expect(lineOf([run(10, 5000, { gaveWay: true }), run(8999.8, 12_000)])).toMatchObject({ brokeOff: 0, gaveWay: 1 });
});
