// The plots' history: what was measured in each step, and null where nothing was.
import { describe, expect, test } from 'vitest';
import { SPANS } from '../../../../backend/contract/spans.ts';
import { History } from '../../../../backend/core/telemetry/history.ts';

/** 12:00:00 UTC, at the beginning of a step of every span. */
const NOON = Date.UTC(2026, 0, 1, 12);

function history(): { it: History; pass: (ms: number) => void } {
  let now = NOON;
  return { it: new History(() => now), pass: (ms) => (now += ms) };
}

describe('a span', () => {
  test('has its columns of one length, the newest step last', () => {
    const { it } = history();
    const view = it.view();
    for (const [name, { span_s, step_s }] of Object.entries(SPANS)) {
      const span = view[name as keyof typeof SPANS];
      expect(span.step_s).toBe(step_s);
      expect(span.t.at(-1)).toBe(NOON / 1000);
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
    const { requests, hit_rate, ttft_p50, tokens_per_s } = it.view().m15;
    expect(requests.slice(-3)).toEqual([null, 0, null]);
    expect([hit_rate, ttft_p50, tokens_per_s].map((column) => column.at(-2))).toEqual([null, null, null]);
  });

  test('counts the minute that ends with each step, and shares by source within the step alone', () => {
    const { it, pass } = history();
    for (const source of ['hit', 'hit', 'coalesced', 'miss', 'bypass'] as const) it.sourced(source);
    pass(10_000);
    expect(it.view().m15.requests.at(-1)).toBe(5);
    expect(it.view().m15.needed_model.at(-1)).toBe(2);
    expect(it.view().m15.hit_rate.at(-1)).toBe(0.75);
    pass(20_000);
    it.sourced('hit');
    expect(it.view().m15.requests.slice(-3)).toEqual([5, null, 6]);
    expect(it.view().m15.hit_rate.at(-1)).toBe(1);
    pass(45_000);
    it.alive();
    // A minute and a quarter after the first five: they are past.
    expect(it.view().m15.requests.at(-1)).toBe(1);
  });

  test('has the mean minute of a step that is longer', () => {
    const { it, pass } = history();
    for (let i = 0; i < 30; i++) it.sourced('miss');
    pass(30_000);
    expect(it.view().h24.requests.at(-1)).toBe(30);
    pass(270_000);
    expect(it.view().h24.requests.at(-1)).toBe(6);
    pass(600_000);
    it.alive();
    expect(it.view().h24.requests.at(-2)).toBe(2);
  });

  test('has no rate above what has happened, whenever one looks', () => {
    const { it, pass } = history();
    let happened = 0;
    for (let second = 0; second < 400; second++) {
      if (second % 7 === 0) {
        it.sourced('miss');
        happened += 1;
      }
      for (const span of Object.values(it.view())) {
        const rates = [...span.requests, ...span.needed_model].map((rate) => rate ?? 0);
        expect(Math.max(...rates)).toBeLessThanOrEqual(happened);
        expect(Math.max(...rates)).toBeLessThan(11);
      }
      pass(1000);
    }
  });

  test('shows the longest line of each step, which goes on into the next', () => {
    const { it, pass } = history();
    it.waiting(3);
    it.waiting(1);
    pass(15_000);
    it.alive();
    expect(it.view().m15.waiting.slice(-2)).toEqual([3, 1]);
    it.ended();
    pass(15_000);
    it.alive();
    expect(it.view().m15.waiting.at(-1)).toBe(0);
  });

  test('has median and 95th percentile of waits and of first tokens, and tokens by model time', () => {
    const { it } = history();
    for (let ms = 1; ms <= 100; ms++) it.firstPiece({ queue_ms: ms * 10, ttft_ms: ms * 11 });
    it.ran(100, 2000);
    it.ran(100, 2000);
    it.ran(5, 0);
    const { wait_p50, wait_p95, ttft_p50, ttft_p95, tokens_per_s } = it.view().h1;
    expect([wait_p50.at(-1), wait_p95.at(-1)]).toEqual([510, 960]);
    expect([ttft_p50.at(-1), ttft_p95.at(-1), tokens_per_s.at(-1)]).toEqual([51, 96, 50]);
  });

  test('forgets what is older than itself', () => {
    const { it, pass } = history();
    for (let step = 0; step < 500; step++) {
      it.sourced('hit');
      pass(15_000);
    }
    const { m15, h24 } = it.view();
    expect(m15.requests.filter((rate) => rate !== null)).toHaveLength(60);
    expect(h24.requests.filter((rate) => rate !== null).length).toBe(9);
  });

  test('does not run backwards when the clock is set back', () => {
    const { it, pass } = history();
    it.sourced('hit');
    pass(-60_000);
    it.sourced('hit');
    pass(60_000);
    expect(it.view().m15.requests.at(-1)).toBe(2);
  });
});
