// What a restart of the gateway costs, said beside the button that does it.
import { expect, test } from 'vitest';
import { restartCost, restartRule } from '../../../../renderer/parts/restart-cost.ts';
import { THIN } from '../../../../renderer/parts/words.ts';
import { queueEntry, type LiveChange } from '../../../support/live-view.ts';
import { quiet, settings, view } from '../../../support/page/views.ts';

const cost = (change: LiveChange, drainMs = 10_000): string | undefined => {
  const values = { ...settings().values, 'server.drain_timeout_ms': drainMs };
  return restartCost(view({ live: quiet(change), settings: { values } }))?.replaceAll(THIN, ' ');
};

test('nothing, when nothing runs: what is kept stays', () => {
  expect(cost({})).toBe('Nothing runs now, so nothing is lost.');
  expect(cost({ entries: 1204 })).toBe('Nothing runs now, so nothing is lost.');
  expect(restartCost(view({ live: null }))).toBeUndefined();
  expect(restartCost(view({ gateway: { state: 'stopped' } }))).toBeUndefined();
});

test('what runs and waits', () => {
  expect(cost({ entries: 1204, running: [queueEntry()] })).toBe('A running answer gets 10 s to end.');
  expect(cost({ running: [queueEntry(), queueEntry()], waiting: [queueEntry()] })).toBe(
    '2 running answers get 10 s to end. One that waits is refused.',
  );
  expect(cost({ running: [queueEntry()] }, 0)).toBe('A running answer gets no time to end.');
});

test('in general, for a setting that will need one', () => {
  const rule = (drainMs: number): string =>
    restartRule({ ...settings(), values: { 'server.drain_timeout_ms': drainMs } }).replaceAll(THIN, ' ');
  expect(rule(10_000)).toBe(
    'A change waits for a restart, which gives running answers 10 s to end and refuses callers who wait.',
  );
  expect(rule(0)).toBe('A change waits for a restart, which ends running answers and refuses callers who wait.');
});
