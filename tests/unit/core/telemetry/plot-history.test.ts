// The plots' history: what was measured in each step, and null where nothing was.
import { afterEach, describe, expect, test } from 'vitest';
import { SPAN_NAMES, SPANS } from '../../../../backend/contract/views/spans.ts';
import { LOCAL } from '../../../../backend/core/ownership.ts';
import { RELATIVE_ERROR } from '../../../../backend/core/telemetry/digest.ts';
import { History } from '../../../../backend/core/telemetry/history.ts';
import { startOf, stepOf } from '../../../../backend/core/telemetry/steps.ts';
import type { Whose } from '../../../../backend/core/telemetry/tally.ts';

/** 12:00:00 UTC, at the beginning of a step of every span. */
const NOON = Date.UTC(2026, 0, 1, 12);

const ME: Whose = { model: 'm', caller: 'app', owner: LOCAL };

function history(): { it: History; pass: (ms: number) => void } {
  let now = NOON;
  return { it: new History(() => now), pass: (ms) => (now += ms) };
}

describe('a span', () => {
  test('has its columns of one length, the newest step last', () => {
    const { it } = history();
    for (const name of SPAN_NAMES) {
      const { span_s, step_s } = SPANS[name];
      const span = it.view(name);
      expect(span.step_s).toBe(step_s);
      expect(span.t.at(-1)).toBe(startOf(name, stepOf(name, NOON)) / 1000);
      expect(span.t).toHaveLength(span_s / step_s + 1);
      for (const column of Object.values(span)) {
        if (Array.isArray(column)) expect(column).toHaveLength(span.t.length);
      }
    }
  });

  test('says null, not 0, where no gateway ran and where nothing was measured', () => {
    const { it, pass } = history();
    it.alive();
    pass(15_000);
    const { requests, hit_rate, ttft_p50, tokens_per_s } = it.view('m15');
    expect(requests.slice(-3)).toEqual([null, 0, null]);
    expect([hit_rate, ttft_p50, tokens_per_s].map((column) => column.at(-2))).toEqual([null, null, null]);
  });

  test('counts in each step what came in it, and shares by source within the step alone', () => {
    const { it, pass } = history();
    for (const source of ['hit', 'hit', 'coalesced', 'miss', 'bypass'] as const) it.sourced(ME, source);
    pass(30_000);
    it.sourced(ME, 'hit');
    const { requests, needed_model, hit_rate } = it.view('m15');
    expect(requests.slice(-3)).toEqual([5, null, 1]);
    expect(needed_model.slice(-3)).toEqual([2, null, 0]);
    expect(hit_rate.slice(-3)).toEqual([0.75, null, 1]);
    expect(it.view('h24').requests.at(-1)).toBe(6);
  });

  test('shows the longest line of each step, which goes on into the next', () => {
    const { it, pass } = history();
    it.waiting(3);
    it.waiting(1);
    pass(15_000);
    it.alive();
    expect(it.view('m15').waiting.slice(-2)).toEqual([3, 1]);
    it.ended();
    pass(15_000);
    it.alive();
    expect(it.view('m15').waiting.at(-1)).toBe(0);
  });

  test('has median and 95th percentile of waits and of first tokens, and tokens by model time', () => {
    const { it } = history();
    for (let ms = 1; ms <= 100; ms++) it.firstPiece(ME, { queue_ms: ms * 10, ttft_ms: ms * 11 });
    for (const evalMs of [2000, 2000]) it.ran(ME, { promptTokens: 10, tokens: 100, evalMs });
    it.ran(ME, { promptTokens: 10, tokens: 5, evalMs: 0 });
    const { wait_p50, wait_p95, ttft_p50, ttft_p95, tokens_per_s } = it.view('h1');
    const told = [wait_p50, wait_p95, ttft_p50, ttft_p95].map((column) => column.at(-1) ?? NaN);
    for (const [i, exact] of [510, 960, 51, 96].entries()) {
      expect(Math.abs((told[i] ?? NaN) / exact - 1)).toBeLessThanOrEqual(RELATIVE_ERROR);
    }
    expect(tokens_per_s.at(-1)).toBe(50);
  });

  test('forgets what is older than itself', () => {
    const { it, pass } = history();
    for (let step = 0; step < 500; step++) {
      it.sourced(ME, 'hit');
      pass(15_000);
    }
    const [m15, h24] = [it.view('m15'), it.view('h24')];
    expect(m15.requests.filter((rate) => rate !== null)).toHaveLength(60);
    expect(h24.requests.filter((rate) => rate !== null).length).toBe(9);
  });

  test('has in each step what the clock said, also after it was set back by a day', () => {
    const { it, pass } = history();
    const DAY = 86_400_000;
    it.sourced(ME, 'miss');
    pass(-DAY);
    it.sourced(ME, 'miss');
    // What is ahead of the clock is not shown.
    expect(it.view('h24').requests.filter((rate) => (rate ?? 0) > 0)).toHaveLength(1);
    pass(DAY);
    it.sourced(ME, 'miss');
    const [m15, d7] = [it.view('m15'), it.view('d7')];
    expect(m15.requests.at(-1)).toBe(2);
    expect([d7.requests.at(-1), d7.requests.at(-25)]).toEqual([2, 1]);
  });
});

describe('a day', () => {
  const { TZ } = process.env;
  afterEach(() => {
    if (TZ === undefined) delete process.env['TZ'];
    else process.env['TZ'] = TZ;
  });

  /** Midnight is missing on one day of a year in Beirut. */
  test.each(['UTC', 'Europe/Berlin', 'Asia/Beirut', 'Asia/Kathmandu', 'America/St_Johns'])(
    'in %s begins with its date, and every moment is in one',
    (zone) => {
      process.env['TZ'] = zone;
      const wrong: number[] = [];
      for (let at = NOON; at < NOON + 366 * 86_400_000; at += 1_800_000) {
        const day = stepOf('d30', at);
        const isIn = startOf('d30', day) <= at && at < startOf('d30', day + 1);
        if (!isIn || stepOf('d30', startOf('d30', day)) !== day) wrong.push(at);
      }
      expect(wrong).toEqual([]);
    },
  );

  test('of 23 or 25 hours has as many requests as there were', () => {
    process.env['TZ'] = 'Europe/Berlin';
    const lengths = [Date.UTC(2026, 2, 28, 23), Date.UTC(2026, 9, 24, 22)].map((begins) => {
      let now = begins;
      const it = new History(() => now);
      const ends = startOf('d30', stepOf('d30', begins) + 1);
      for (; now < ends; now += 3_600_000) it.sourced(ME, 'miss');
      it.alive();
      return it.view('d30').requests.at(-2);
    });
    expect(lengths).toEqual([23, 25]);
  });
});
