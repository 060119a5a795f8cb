// The strips for those who cannot see them: one sentence each, of the whole range.
import { expect, test } from 'vitest';
import { STRIPS } from '../../../../renderer/plots/plot-columns.ts';
import { dayView, emptyDay } from '../../../support/page/views.ts';

const say = ({ day, steps }: ReturnType<typeof dayView>): string[] =>
  STRIPS.map(({ sentence }) => sentence({ day, span: steps, since: 'since 09:12' }).replaceAll('\u202F', ' '));

test('a strip says what it shows, over the whole range', () => {
  const { day, steps } = dayView('24h');
  expect(say({ day, steps: { ...steps, requests: [1, null, 10] }, empty: false })).toEqual([
    'Requests in steps of 15 minutes since 09:12: 214 in all, most 10 in one, 77 of them needed the model',
    'Wait for a turn since 09:12: median 0.20 s, 95 percent under 6.1 s',
    'Time from the turn to the first token since 09:12: median 0.41 s, 95 percent under 3.9 s',
  ]);
});

test('what was not measured is said to be', () => {
  expect(say(emptyDay('7d'))).toEqual([
    'Requests in steps of an hour since 09:12: 0 in all, most 0 in one, 0 of them needed the model',
    'Wait for a turn since 09:12: no requests',
    'Time from the turn to the first token since 09:12: no requests',
  ]);
});
