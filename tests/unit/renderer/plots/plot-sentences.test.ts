// The strips for those who cannot see them: one sentence each, with now, least and most.
import { describe, expect, test } from 'vitest';
import { bandSentence, countSentence, rateSentence } from '../../../../renderer/plots/plot-words.ts';
import { STRIPS } from '../../../../renderer/plots/plot-columns.ts';
import { emptyPlots, plots } from '../../../support/page/views.ts';

const LAST_HOUR = { over: 'the last hour', when: (step: number): string => `step ${step}` };

describe('a count', () => {
  const say = countSentence('Requests a minute', 'of which', 'needed the model');

  test('says now and the most, and how many of these more is known', () => {
    expect(say([[4, 1200, 7], [1, 900, 2]], LAST_HOUR)).toBe(
      'Requests a minute over the last hour: now 7, most 1,200, of which 900 needed the model',
    ); // prettier-ignore
  });

  test('leaves out what is not known of the most', () => {
    expect(say([[4, 9], [1, null]], LAST_HOUR)).toBe('Requests a minute over the last hour: now 9, most 9'); // prettier-ignore
    expect(countSentence('Waiting')([[1, 2]], LAST_HOUR)).toBe('Waiting over the last hour: now 2, most 2');
  });

  test('tells nothing apart from none', () => {
    expect(say([[null, null]], LAST_HOUR)).toBe('Requests a minute over the last hour: not measured');
    expect(say([], LAST_HOUR)).toBe('Requests a minute over the last hour: not measured');
    expect(say([[null, 0, 0]], LAST_HOUR)).toBe('Requests a minute over the last hour: none');
  });

  test('takes the step before for now while the running one has nothing yet', () => {
    expect(say([[3, 5, null]], LAST_HOUR)).toContain('now 5,');
    expect(say([[3, null, null]], LAST_HOUR)).toContain('now nothing,');
    expect(say([[3, 5, 0]], LAST_HOUR)).toContain('now 0,');
  });
});

test('a rate says now, lowest and highest', () => {
  const say = rateSentence('Hit rate', (value) => `${value * 100} percent`);
  expect(say([[0.5, null, 0.25, 0.75]], LAST_HOUR)).toBe(
    'Hit rate over the last hour: now 75 percent, lowest 25 percent, highest 75 percent',
  );
  expect(say([[null]], LAST_HOUR)).toBe('Hit rate over the last hour: no requests');
});

test('a band says its median now, and the slowest with its time', () => {
  const say = bandSentence('First token', (ms) => `${ms} ms`);
  expect(say([[5, 6, 7], [10, 30, 20]], LAST_HOUR)).toBe(
    'First token over the last hour: median now 7 ms, slowest 30 ms at step 1',
  ); // prettier-ignore
  expect(say([[null], [null]], LAST_HOUR)).toBe('First token over the last hour: no requests');
});

test.each(STRIPS.map((strip) => [strip.label, strip] as const))(
  '%s has a sentence, with and without figures',
  (_, strip) => {
    const { h1 } = plots();
    expect(strip.sentence(strip.columns(h1), LAST_HOUR)).toMatch(/ over the last hour: .*now .*\d/);
    expect(strip.sentence(strip.columns(emptyPlots().h1), LAST_HOUR)).toMatch(/: (not measured|no requests)$/);
  },
);
