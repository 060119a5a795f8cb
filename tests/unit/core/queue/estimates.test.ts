// How long a request will take and when it starts: learned from what was measured, and never a negative number.
import { fc } from '../../../support/property.ts';
import { describe, expect, test } from 'vitest';
import type { Metrics } from '../../../../backend/contract/chat/chat.ts';
import { promptChars } from '../../../../backend/core/prompt-size.ts';
import { Estimator, startTimes, type Planned } from '../../../../backend/core/queue/estimate.ts';
import { NO_METRICS, SOME_METRICS } from '../../../support/builders.ts';

const MS = 1_000_000;

/** A run of this many tokens of prompt and answer, each token taking so many milliseconds. */
const measured = (prompt: number, promptMs: number, answer: number, answerMs: number): Metrics => ({
  ...NO_METRICS,
  prompt_eval_count: prompt,
  prompt_eval_duration: prompt * promptMs * MS,
  eval_count: answer,
  eval_duration: answer * answerMs * MS,
});

describe('how long a run takes', () => {
  test('is not known before the first one was measured', () => {
    const estimator = new Estimator();
    expect(estimator.runMs('m', 100)).toBeUndefined();
    estimator.observeLoad('m', 500);
    expect(estimator.runMs('m', 100)).toBeUndefined();
    estimator.observe('other', SOME_METRICS);
    expect(estimator.runMs('m', 100)).toBeUndefined();
  });

  test('is the time to read this prompt and to write an answer of usual length', () => {
    const estimator = new Estimator();
    estimator.observe('m', measured(100, 2, 50, 10));
    expect(estimator.runMs('m', 0)).toBeCloseTo(500);
    expect(estimator.runMs('m', 400)).toBeCloseTo(500 + 200);
  });

  test('moves toward what was measured last, without jumping there', () => {
    const estimator = new Estimator();
    estimator.observe('m', measured(0, 0, 100, 10));
    estimator.observe('m', measured(0, 0, 100, 20));
    const once = estimator.runMs('m', 0) ?? 0;
    expect(once).toBeGreaterThan(1000);
    expect(once).toBeLessThan(2000);
    for (let n = 0; n < 20; n++) estimator.observe('m', measured(0, 0, 100, 20));
    expect(estimator.runMs('m', 0)).toBeCloseTo(2000, -1);
  });

  test('counts the tokens of a prompt that were worked on, and not those that Ollama had', () => {
    const estimator = new Estimator();
    estimator.observe('m', measured(0, 0, 10, 1));
    // 1000 tokens, 900 of them from the cache; the other 100 took 2 ms each.
    const metrics = { ...measured(0, 0, 10, 1), prompt_eval_count: 1000, prompt_eval_duration: 200 * MS };
    estimator.observe('m', metrics, { streamed: true }, 900);
    expect(estimator.runMs('m', 4000)).toBeCloseTo(10 + 2000);
    // One token alone says nothing of the pace.
    estimator.observe('m', { ...metrics, prompt_eval_duration: 50 * MS }, { streamed: true }, 999);
    expect(estimator.runMs('m', 4000)).toBeCloseTo(10 + 2000);
  });

  test('takes a prompt that is read ten times faster for a cached one, not for a faster machine', () => {
    const estimator = new Estimator();
    estimator.observe('m', measured(1000, 2, 10, 1));
    for (let n = 0; n < 20; n++) estimator.observe('m', measured(1000, 0.02, 10, 1));
    expect(estimator.runMs('m', 4000)).toBeCloseTo(2010);
    // Just after a load there is nothing in the cache.
    estimator.observeLoad('m', 1000);
    estimator.observe('m', measured(1000, 0.02, 10, 1));
    const after = estimator.runMs('m', 4000) ?? 0;
    expect(after).toBeLessThan(2010);
    // And then there is.
    estimator.observe('m', measured(1000, 0.002, 10, 1));
    expect(estimator.runMs('m', 4000)).toBeCloseTo(after);
  });

  test('takes it for a faster machine where Ollama says that nothing was in its cache', () => {
    const estimator = new Estimator();
    estimator.observe('m', measured(1000, 2, 10, 1));
    estimator.observe('m', measured(1000, 0.02, 10, 1), { streamed: true }, 0);
    expect(estimator.runMs('m', 4000)).toBeLessThan(1500);
  });

  test('recovers when the first ones were hits, and from one that was slow', () => {
    const [hits, slow] = [new Estimator(), new Estimator()];
    hits.observe('m', measured(1000, 0.02, 10, 1));
    slow.observe('m', measured(1000, 2, 10, 1));
    slow.observe('m', measured(1000, 500, 10, 1));
    for (let n = 0; n < 20; n++) for (const each of [hits, slow]) each.observe('m', measured(1000, 2, 10, 1));
    expect((hits.runMs('m', 4000) ?? 0) / 2010).toBeCloseTo(1, 1);
    expect((slow.runMs('m', 4000) ?? 0) / 2010).toBeCloseTo(1, 1);
  });

  test('knows streamed answers and those that come whole apart, and that a limit ends both', () => {
    const estimator = new Estimator();
    const [read, whole] = [{ streamed: true }, { streamed: false }];
    estimator.observe('m', measured(0, 0, 500, 10), read);
    expect(estimator.runMs('m', 0, whole)).toBeCloseTo(5000);
    for (let n = 0; n < 5; n++) estimator.observe('m', measured(0, 0, 8, 10), whole);
    expect(estimator.runMs('m', 0, read)).toBeCloseTo(5000);
    expect(estimator.runMs('m', 0, whole)).toBeCloseTo(80);
    expect(estimator.runMs('m', 0, { streamed: true, limit: 50 })).toBeCloseTo(500);
    expect(estimator.runMs('m', 0, { streamed: true, limit: 5000 })).toBeCloseTo(5000);
    // Who asks for little gets little, and that says nothing of the others.
    for (let n = 0; n < 5; n++) estimator.observe('m', measured(0, 0, 1, 10), { streamed: true, limit: 1 });
    expect(estimator.runMs('m', 0, read)).toBeCloseTo(5000);
  });

  test('goes by a length of the other kind, or by one that was cut, while there is no other', () => {
    const estimator = new Estimator();
    estimator.observe('whole', measured(0, 0, 8, 10), { streamed: false });
    expect(estimator.runMs('whole', 0, { streamed: true })).toBeCloseTo(80);
    estimator.observe('cut', measured(0, 0, 20, 10), { streamed: true, limit: 20 });
    expect(estimator.runMs('cut', 0, { streamed: true })).toBeCloseTo(200);
  });

  test('learns nothing from figures that Ollama left out', () => {
    const estimator = new Estimator();
    estimator.observe('m', measured(100, 2, 50, 10));
    estimator.observe('m', NO_METRICS);
    estimator.observe('m', { ...NO_METRICS, eval_count: 7, prompt_eval_count: 3 });
    expect(estimator.runMs('m', 400)).toBeCloseTo(700);
  });

  test('is a number that is not negative, whatever was reported', () => {
    const figure = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, -1, NaN, Infinity, 5e-324));
    const metrics = fc.record({
      total_duration: figure,
      load_duration: figure,
      prompt_eval_count: figure,
      prompt_eval_duration: figure,
      eval_count: figure,
      eval_duration: figure,
    });
    fc.assert(
      fc.property(fc.array(metrics, { maxLength: 5 }), fc.nat(), (runs, chars) => {
        const estimator = new Estimator();
        for (const run of runs) estimator.observe('m', run);
        const ms = estimator.runMs('m', chars) ?? 0;
        expect(ms).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 1000 },
    );
  });

  test('the prompt counts in characters of all its messages', () => {
    expect(
      promptChars({ messages: [{ content: 'abc' }, { content: 'de' }, {}, { content: null }, { content: ['x'] }] }),
    ).toBe(5);
    expect(promptChars({ prompt: 'abc', system: 'de', suffix: 7 })).toBe(5);
  });

  test('what the model reads beside the words counts too: thoughts, calls, tools, images', () => {
    const words = { content: 'abc' };
    const tools = [{ type: 'function', function: { name: 'now' } }];
    expect(promptChars({ messages: [{ ...words, thinking: 'de' }] })).toBe(5);
    expect(promptChars({ messages: [words], tools })).toBe(3 + JSON.stringify(tools).length);
    expect(promptChars({ messages: [{ ...words, tool_calls: tools }] })).toBe(3 + JSON.stringify(tools).length);
    expect(promptChars({ messages: [{ ...words, images: ['a'] }] })).toBeGreaterThan(1000);
  });
});

describe('how many tokens a prompt has', () => {
  const run = (estimator: Estimator, chars: number, tokens: number): void =>
    estimator.observe('m', measured(tokens, 1, 10, 1), { streamed: true, chars });

  test('is one for every four characters until it was measured, then by what this model took', () => {
    const estimator = new Estimator();
    expect(estimator.promptTokens('m', 4001)).toBe(1001);
    run(estimator, 2000, 1000);
    expect(estimator.promptTokens('m', 4000)).toBe(2000);
    expect(estimator.promptTokens('other', 4000)).toBe(1000);
  });

  test('is not learned from a prompt of which Ollama counted a small part alone, or a few tokens', () => {
    const estimator = new Estimator();
    run(estimator, 40_000, 20);
    run(estimator, 20, 10);
    run(estimator, 10, 100);
    expect(estimator.promptTokens('m', 4000)).toBe(1000);
  });
});

describe('how long a load takes', () => {
  test('is 0 before one was measured, then what was measured', () => {
    const estimator = new Estimator();
    expect(estimator.loadMs('m')).toBe(0);
    estimator.observe('m', SOME_METRICS);
    expect(estimator.loadMs('m')).toBe(0);
    estimator.observeLoad('m', 4000);
    expect(estimator.loadMs('m')).toBe(4000);
    estimator.observeLoad('m', 2000);
    expect(estimator.loadMs('m')).toBeGreaterThan(2000);
    expect(estimator.loadMs('m')).toBeLessThan(4000);
  });
});

test('names without end do not fill memory: the model measured longest ago is forgotten', () => {
  const estimator = new Estimator();
  estimator.observe('first', SOME_METRICS);
  for (let n = 0; n < 150; n++) estimator.observe(`m${n}`, SOME_METRICS);
  estimator.observe('first', SOME_METRICS);
  for (let n = 0; n < 150; n++) estimator.observe(`n${n}`, SOME_METRICS);
  expect(estimator.runMs('first', 0)).toBeDefined();
  expect(estimator.runMs('m0', 0)).toBeUndefined();
  for (let n = 0; n < 1000; n++) estimator.observe(`o${n}`, SOME_METRICS);
  expect(estimator.runMs('first', 0)).toBeUndefined();
});

describe('when each in line starts', () => {
  const run = (runMs: number, loadMs = 0): Planned => ({ runMs, loadMs });

  test('at once when a slot is free', () => {
    expect(startTimes([run(100)], [0])).toEqual([0]);
  });

  test('one after the other behind what runs', () => {
    expect(startTimes([run(100), run(50), run(10)], [30])).toEqual([30, 130, 180]);
  });

  test('on the slot that is free first', () => {
    expect(startTimes([run(100), run(100), run(100)], [50, 10])).toEqual([10, 50, 110]);
  });

  test('later by the loads before them', () => {
    const order = [run(100), run(100, 1000), run(100), run(100, 7)];
    expect(startTimes(order, [0])).toEqual([0, 1100, 1200, 1307]);
  });

  test('never before now, and in line never before the first', () => {
    const planned = fc.record({
      runMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
      loadMs: fc.double({ min: 0, max: 1e5, noNaN: true }),
    });
    const slots = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(planned), slots, (order, taken) => {
        const starts = startTimes(order, taken);
        expect(starts.length).toBe(order.length);
        for (const start of starts) expect(start).toBeGreaterThanOrEqual(Math.round(Math.min(...taken)));
      }),
    );
  });
});
