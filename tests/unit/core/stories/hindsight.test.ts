// What is found out about runs once they have gone up: where the prompt parts from the one before, and what Ollama still had.
import { expect, test } from 'vitest';
import { resolveConfig } from '../../../../backend/contract/config/config-sources.ts';
import { NO_METRICS, type End } from '../../../../backend/contract/chat/chat.ts';
import { Estimator } from '../../../../backend/core/queue/estimate.ts';
import { Hindsight } from '../../../../backend/core/stories/reasons/hindsight.ts';
import type { Trace } from '../../../../backend/core/requests/trace.ts';
import { Ticket } from '../../../../backend/core/requests/ticket.ts';
import { ManualClock } from '../../../support/clocks.ts';

const LONG = 'Answer in one short paragraph, and say what you do not know. '.repeat(40);
const clock = new ManualClock();
const { config } = resolveConfig({}, 'headless');

interface Ran {
  readonly owner?: string;
  readonly tokens: number;
  readonly cached?: number;
  readonly msEach?: number;
  readonly loadMs?: number;
  /** How much of the prompt the runner had read before. */
  readonly known?: number;
}

/** Runs one after the other; each has so many tokens, of which those that are not cached take so long. */
function runs(): (content: readonly string[], ran: Ran) => Trace {
  const later: (() => void)[] = [];
  const cache = { fateOf: () => undefined, holds: () => false, onDisk: undefined, notKept: () => undefined };
  const state = {
    url: '',
    status: 'up',
    version: '0.33.0',
    latency_ms: 1,
    reason: undefined,
    code: undefined,
  } as const;
  const seen = { foreign: false, away: false, breaker: 'closed', installed: undefined, loaded: [] } as const;
  const around = { cache, watch: { state: { ...state, ...seen } }, modelfiles: { known: () => undefined } };
  const parts = { ...around, config: () => config, clock, estimator: new Estimator(), startedAt: 0 };
  const hindsight = new Hindsight(parts, (work) => later.push(work));
  let ids = 0;
  return (content, { owner = 'local', tokens, cached, msEach = 1, loadMs = 0, known }) => {
    const place = { class: 'normal', classBy: 'default', unknownWord: undefined, priority: 5 } as const;
    const who = { route: '/api/chat', model: 'llama3.2', caller: 'an app', owner };
    const ticket = new Ticket({ ...place, ...who, id: String(++ids) }, clock);
    const request = { model: 'llama3.2', messages: content.map((each) => ({ role: 'user', content: each })) };
    const plan = {
      read: true,
      store: true,
      share: true,
      onlyIfCached: false,
      maxAge: undefined,
      ttl: 60,
      bypass: undefined,
    };
    const outcome = { plan, key: undefined, hit: undefined, landed: { stored: false }, keepAs: () => undefined };
    const call = { ...ticket, ...who, family: 'chat', request, namespace: owner, wishes: [] } as const;
    const told = { cacheByDefault: 'always', replay: 'instant', streamed: true } as const;
    const run = { call: { ...call, ...told }, unsettled: { request, model: undefined }, outcome };
    const look = hindsight.at(ticket, run);
    look.goesUp(known === undefined ? undefined : { known });
    for (const work of later.splice(0)) work();
    ticket.trace.load = { ms: loadMs };
    const prompt_eval_duration = (tokens - (cached ?? 0)) * msEach * 1e6;
    const extra = cached === undefined ? {} : { extra: { prompt_eval_cached_count: cached } };
    const metrics = { ...NO_METRICS, prompt_eval_count: tokens, prompt_eval_duration };
    const end: End = { created_at: '', done_reason: 'stop', metrics, ...extra };
    look.landed(end);
    return ticket.trace;
  };
}

test('a clock at the top: what Ollama reports as reused is held against what could have been', () => {
  const ran = runs();
  expect(ran([`14:01:12 ${LONG}`, 'one'], { tokens: 611, cached: 0 }).parted).toBeUndefined();
  const { parted, reused } = ran([`14:06:02 ${LONG}`, 'one', 'two'], { tokens: 613, cached: 2 });
  const chars = 9 + LONG.length + 6;
  expect(parted).toEqual({
    with: { request_id: '1', created_at: new Date(clock.now()).toISOString() },
    same_chars: 4,
    chars,
    block: 1,
    same_tokens: 1,
    where: 'message 1',
    what: 'a clock',
    reused_tokens: 2,
    known_by: 'reported',
    same_after_tokens: Math.round(((1 + LONG.length + 3 + 1) * 613) / chars),
    new_tokens: 1,
    then: { before: '', differs: '14:01:12', after: ' Answer in one short par' },
    now: { before: '', differs: '14:06:02', after: ' Answer in one short par' },
  });
  expect(reused).toEqual({ tokens: 2, by: 'reported' });
});

test('where Ollama does not tell, reuse is estimated by the pace of prompts that were new', () => {
  const ran = runs();
  // It had nothing to reuse just after its load, and nobody knows its pace before it has read something.
  expect(ran([LONG], { tokens: 600, loadMs: 900 }).reused).toEqual({ tokens: 0, by: 'estimated' });
  expect(ran([LONG, 'one'], { tokens: 601, msEach: 1 / 10 })).toMatchObject({
    reused: { tokens: 541, by: 'estimated' },
    parted: { goes_on: true, reused_tokens: 541, known_by: 'estimated', same_tokens: 600, new_tokens: 1 },
  });
  // A little faster than before is the machine.
  expect(ran([LONG, 'two'], { tokens: 601, msEach: 0.9 }).reused).toEqual({ tokens: 0, by: 'estimated' });
});

test('reuse is unknown as long as no pace is known, and owners are kept apart', () => {
  const ran = runs();
  ran(['short'], { tokens: 10 });
  expect(ran(['short', 'one'], { tokens: 11 })).toMatchObject({
    parted: { reused_tokens: null, known_by: 'estimated' },
  });
  expect(ran(['short', 'one'], { tokens: 11, owner: 'key b' }).parted).toBeUndefined();
});

test('what could have been reused is told in tokens, and is never less than what was', () => {
  const ran = runs();
  const chars = LONG.length + 3;
  expect(ran([LONG, 'one'], { tokens: 611, cached: 100, known: LONG.length }).reusable).toBe(
    Math.round((LONG.length * 611) / chars),
  );
  expect(ran([LONG, 'two'], { tokens: 611, cached: 600, known: 0 }).reusable).toBe(600);
  expect(ran([LONG, 'six'], { tokens: 611, cached: 0 }).reusable).toBeUndefined();
});
