// Why each of those who wait stands where it does: one reason a line.
import { expect, test } from 'vitest';
import type { QueueEntry } from '../../../../backend/contract/views/queue-view.ts';
import { THIN } from '../../../../renderer/parts/words.ts';
import { reasonsOf, ruleWords } from '../../../../renderer/queue/reasons.ts';
import { liveView, queueEntry } from '../../../support/live-view.ts';

const AGING_MS = 60_000;

/** What is said of each, in their order; all came 19 s ago. */
function said(...line: readonly Partial<QueueEntry>[]): string[] {
  const waiting = line.map((over, i) => queueEntry({ request_id: `w${i}`, queue_position: i + 1, ...over }));
  const now = Date.parse(waiting[0]?.created_at ?? '') + 19_000;
  return [...reasonsOf(liveView({ waiting }), now, AGING_MS).values()].map((words) => words.replaceAll(THIN, ' '));
}
const person = (caller: string): Partial<QueueEntry> => ({ caller, class: 'interactive' });
const job = (caller: string): Partial<QueueEntry> => ({ caller, class: 'background' });

test('the line of the mock page says one reason each', () => {
  expect(
    said(
      person('Open WebUI'),
      person('Try it'),
      { caller: 'Continue' },
      { ...job('Open WebUI'), gave_way: 3 },
      job('nightly-report'),
    ),
  ).toEqual(['', 'behind Open WebUI', 'behind 2 people', 'gave way 3 times', 'moves up in 41 s']);
});

test('the first of a class is behind all before it; one alone is called by name', () => {
  expect(said(person('a'), { caller: 'b' }, job('c'))).toEqual(['', 'behind a', 'behind 2 others']);
});

test('in one class alone nobody moves up, and one app may be behind itself', () => {
  expect(said(job('a'), job('b'), job('b'))).toEqual(['', 'behind a', 'behind another of its own']);
});

test('what was changed by hand or by a wish comes before where it stands', () => {
  expect(said(job('moved'), person('a'), { caller: 'b', priority: -1 }, { caller: 'c', priority: 1 })).toEqual([
    'moved up',
    'behind moved',
    'high priority',
    'low priority',
  ]);
  expect(said({ ...person('a'), goes_on: true }, person('b'))).toEqual([
    'continues what the model has just read',
    'behind a',
  ]);
  expect(said(person('a'), { ...job('b'), waits_for: 'people' })).toEqual(['', 'lets people go first']);
});

test('a rule with a name is told without the name of its app, and no other source of a class', () => {
  const words = (class_by: string, caller = 'Open WebUI ada'): string => ruleWords({ class_by, caller });
  expect(words('Open WebUI: title')).toBe('title');
  expect(words('Open WebUI: title', 'Python')).toBe('Open WebUI: title');
  expect(words('nightly report')).toBe('nightly report');
  expect(['default', 'the request', 'queue.rules[2]'].map((by) => words(by))).toEqual(['', '', '']);
});
