// The plots' history: what was measured in each step, and null where nothing was.
import { describe, expect, test } from 'vitest';
import { SPANS } from '../../backend/contract/desktop.ts';
import { History } from '../../backend/core/history.ts';

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

  test('counts as a rate a minute, and a step under way by what has passed of it', () => {
    const { it, pass } = history();
    for (const source of ['hit', 'hit', 'coalesced', 'miss', 'bypass'] as const) it.sourced(source);
    pass(10_000);
    let { m15 } = it.view();
    expect(m15.requests.at(-1)).toBe(30);
    expect(m15.needed_model.at(-1)).toBe(12);
    expect(m15.hit_rate.at(-1)).toBe(0.75);
    pass(5000);
    ({ m15 } = it.view());
    expect(m15.requests.at(-2)).toBe(20);
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

  test('has the median and the 95th percentile of the first tokens, and tokens by the model’s own time', () => {
    const { it } = history();
    for (let ms = 1; ms <= 100; ms++) it.firstPiece(ms);
    it.ran(100, 2000);
    it.ran(100, 2000);
    it.ran(5, 0);
    const { ttft_p50, ttft_p95, tokens_per_s } = it.view().h1;
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
    expect(it.view().m15.requests.at(-1)).toBe(24);
  });
});
