// GET /metrics: what it counts, that nobody can make up names in it, and that promtool and a real Prometheus take it.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { METRICS } from '../../../backend/contract/papers/metric-table.ts';
import { queriesOf } from '../../support/dashboard.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';
import { figuresOf } from '../../support/metrics.ts';
import { programOfPrometheus, promtool, startPrometheus, type Prometheus } from '../../support/prometheus.ts';
import { eventually } from '../../support/waiting.ts';

const MODEL = 'llama3.2:latest';
let hearth: Hearth;
beforeEach(async () => {
  hearth = await startHearth();
});
afterEach(() => hearth.stop());

const counted = (source: string, of: string, status: string, route = '/api/chat-optimized', model = MODEL): string =>
  `hearth_requests_total{route="${route}",source="${source}",class="${of}",status="${status}",model="${model}"}`;

describe('requests', () => {
  test('are counted by route, model, source, class and status, with their times and tokens', async () => {
    // Histograms begin with it.
    await figuresOf(hearth);
    const usage = { prompt_tokens: 40, completion_tokens: 7, cached_tokens: 30 };
    hearth.fake.next({ usage }, { fail: { status: 500, error: 'out of memory' } });
    await (await hearth.chat('one')).text();
    await (await hearth.chat('one')).text();
    await (await hearth.chat('one', { model: 'LLAMA3.2:latest' })).text();
    await (await hearth.chat('two')).text();
    const gate = hearth.fake.gate();
    const shared = [hearth.chat('three'), hearth.chat('three')];
    await eventually('both live', async () => {
      const figures = await figuresOf(hearth);
      return figures.get('hearth_slots_in_use{lane="chat"}') === 1 && liveIn(figures) === 2;
    });
    gate.release();
    for (const answer of shared) await (await answer).text();

    const figures = await figuresOf(hearth);
    expect(figures.get(counted('miss', 'normal', 'completed'))).toBe(2);
    expect(figures.get(counted('hit', 'none', 'completed'))).toBe(2);
    expect(figures.get(counted('coalesced', 'normal', 'completed'))).toBe(1);
    expect(figures.get(counted('miss', 'normal', 'failed'))).toBe(1);
    expect(figures.get('hearth_request_failures_total{code="upstream_failed"}')).toBe(1);
    expect(figures.get('hearth_error_answers_total{code="upstream_failed"}')).toBe(1);
    // Kept answers are in none of these.
    expect(figures.get('hearth_request_wait_seconds_count{class="normal"}')).toBe(4);
    expect(figures.get(`hearth_request_duration_seconds_count{model="${MODEL}"}`)).toBe(3);
    expect(figures.get(`hearth_request_first_token_seconds_bucket{le="+Inf",model="${MODEL}"}`)).toBe(3);
    expect(figures.get(`hearth_run_generation_seconds_count{model="${MODEL}"}`)).toBe(2);
    expect(figures.get(`hearth_reused_tokens_total{model="${MODEL}"}`)).toBe(30);
    expect(figures.get(`hearth_prompt_tokens_total{model="${MODEL}"}`)).toBeGreaterThan(40);
    expect(figures.get(`hearth_saved_tokens_total{model="${MODEL}"}`)).toBeGreaterThanOrEqual(14);
    expect(figures.get('hearth_cache_entries{kind="answers",tier="memory"}')).toBe(2);
    expect(figures.get(`hearth_model_load_seconds_count{model="${MODEL}",why="first"}`)).toBe(1);
    expect(liveIn(figures)).toBe(0);
  });

  test('by names that nobody made up', async () => {
    const evil = 'x"} 1\nhearth_ollama_up 0\n';
    for (const model of [evil, 'no-such-model', 'no-such-model:2']) await (await hearth.chat('one', { model })).text();
    await (await hearth.post('/v1/no/such/route', { model: evil })).text();
    await (await hearth.get('/no/such/route')).text();
    const text = await (await hearth.get('/metrics')).text();
    expect(text).not.toMatch(/no-such|no\/such|x"/);
    expect(text).toContain('\nhearth_ollama_up 1\n');
    expect(text).toContain('\nhearth_error_answers_total{code="not_found"} 1\n');
    expect(text).toMatch(/\nhearth_error_answers_total\{code="model_not_found"\} 2\n/);
  });

  test('of an app that asks for other options than another are loads, and the reason is told', async () => {
    await figuresOf(hearth);
    for (const num_ctx of [2048, 4096, 8192]) await (await hearth.chat(`${num_ctx}`, { options: { num_ctx } })).text();
    const figures = await figuresOf(hearth);
    expect(figures.get(`hearth_model_load_seconds_count{model="${MODEL}",why="options"}`)).toBe(2);
    expect(figures.get(`hearth_model_evictions_total{why="options",model="${MODEL}"}`)).toBe(2);
    await hearth.post('/api/cache-stats', { action: 'unload_model' });
    const after = await figuresOf(hearth);
    expect(after.get(`hearth_model_evictions_total{why="unloaded",model="${MODEL}"}`)).toBe(1);
  });
});

test('HEAD gets the headers of it, and POST is refused', async () => {
  const head = await fetch(`${hearth.url}/metrics`, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  expect([await head.text(), head.headers.get('cache-control')]).toEqual(['', 'no-store']);
  expect((await hearth.post('/metrics', {})).status).toBe(405);
});

test('two gateways of one process count for themselves', async () => {
  const other = await startHearth();
  try {
    await (await other.chat('one')).text();
    expect((await figuresOf(other)).get(counted('miss', 'normal', 'completed'))).toBe(1);
    expect((await figuresOf(hearth)).get(counted('miss', 'normal', 'completed'))).toBeUndefined();
  } finally {
    await other.stop();
  }
});

describe.runIf(programOfPrometheus('prometheus') !== undefined)('with the real Prometheus', () => {
  test('promtool finds nothing to say', async () => {
    await figuresOf(hearth);
    for (const text of ['one', 'one', 'two']) await (await hearth.chat(text)).text();
    const text = await (await hearth.get('/metrics')).text();
    expect(promtool(['check', 'metrics'], text)).toEqual({ code: 0, says: '' });
    const shown = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]);
    // Of what is told by model only what there is; no model has left memory.
    const all = Object.entries(METRICS).map(([name, { type }]) => [name, type]);
    expect(shown).toEqual(all.filter(([name]) => name !== 'hearth_model_evictions_total'));
  });

  test('it scrapes, and every query of the dashboard can be asked', async () => {
    for (const text of ['one', 'one', 'two']) await (await hearth.chat(text)).text();
    const prometheus: Prometheus = await startPrometheus(`
      scrape_configs:
        - job_name: hearth
          scrape_interval: 500ms
          scrape_timeout: 500ms
          static_configs: [{ targets: ['${new URL(hearth.url).host}'] }]
    `);
    try {
      const asked = 'sum by (source) (hearth_requests_total{job="hearth"})';
      await expect
        .poll(async () => (await prometheus.query(asked)).map(({ metric, value }) => [metric['source'], value]))
        .toEqual([['hit', 1], ['miss', 2]]); // prettier-ignore
      const dashboard = readFileSync(
        resolve(import.meta.dirname, '../../../deploy/monitoring/hearth-dashboard.json'),
        'utf8',
      );
      const [up, ...others] = queriesOf(dashboard, { job: 'hearth', range: '5m' });
      await expect.poll(async () => (await prometheus.query(up ?? '')).map(({ value }) => value)).toEqual([1]);
      await Promise.all(others.map((query) => prometheus.query(query)));
    } finally {
      await prometheus.stop();
    }
  });
});

function liveIn(figures: ReadonlyMap<string, number>): number {
  const all = [...figures].filter(([series]) => series.startsWith('hearth_live_requests'));
  return all.reduce((sum, [, value]) => sum + value, 0);
}
