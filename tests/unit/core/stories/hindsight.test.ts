// What is found out about runs once they have gone up: where the prompt parts from the one before, and what Ollama still had.
import { expect, test } from 'vitest';
import { resolveConfig } from '../../../../backend/contract/config/config-sources.ts';
import { NO_METRICS, type End } from '../../../../backend/contract/chat/chat.ts';
import type { PinRules } from '../../../../backend/contract/rules/pin-rule.ts';
import { keptStable } from '../../../../backend/core/pins/pins.ts';
import { HeldPrompts } from '../../../../backend/core/prompts/held.ts';
import { Estimator } from '../../../../backend/core/queue/estimate.ts';
import { Hindsight } from '../../../../backend/core/stories/reasons/hindsight.ts';
import { pinDiffs } from '../../../../backend/core/stories/reasons/pin-diff.ts';
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
  /** The runner's places, where it is read into one of them. */
  readonly held?: HeldPrompts;
  /** It did not fit. */
  readonly isCut?: boolean;
  /** The first so many messages are the system's. */
  readonly systems?: number;
  /** With what is kept the same. */
  readonly rules?: PinRules;
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
  return (content, ran) => {
    const { owner = 'local', tokens, cached, msEach = 1, loadMs = 0, known, held, isCut = false, systems = 0 } = ran;
    const place = { class: 'normal', classBy: 'default', unknownWord: undefined, priority: 5 } as const;
    const who = { route: '/api/chat', model: 'llama3.2', caller: 'an app', owner };
    const ticket = new Ticket({ ...place, ...who, id: String(++ids) }, clock);
    const messages = content.map((each, i) => ({ role: i < systems ? 'system' : 'user', content: each }));
    const { request, pinned } = keptStable({ model: 'llama3.2', messages }, ran.rules ?? {});
    const plan = {
      read: true,
      store: true,
      share: true,
      onlyIfCached: false,
      maxAge: undefined,
      ttl: 60,
      bypass: undefined,
    };
    const outcome = {
      plan,
      key: undefined,
      hit: undefined,
      landed: { stored: false },
      keepAs: () => undefined,
      pinned: pinned.length === 0 ? undefined : pinned,
    };
    const call = { ...ticket, ...who, family: 'chat', request, namespace: owner, wishes: [] } as const;
    const told = { cacheByDefault: 'always', replay: 'instant', streamed: true } as const;
    const run = { call: { ...call, ...told }, unsettled: { request, model: undefined }, outcome };
    const look = hindsight.at(ticket, run);
    const read = held?.reads('a runner', look.prompt, { by: look.id, isCut });
    look.goesUp(read ?? (known === undefined ? undefined : { known, stood: undefined }), isCut);
    for (const work of later.splice(0)) work();
    read?.answers();
    read?.ended();
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

test('of a prompt that did not fit nothing is told to be reusable but what was reused', () => {
  const ran = runs();
  const held = new HeldPrompts();
  ran([LONG, 'one'], { tokens: 611, cached: 0, held });
  expect(ran([LONG, 'one', 'two'], { tokens: 300, cached: 20, held, isCut: true }).reusable).toBe(20);
  expect(ran([LONG, 'one', 'three'], { tokens: 300, cached: 0, held }).parted?.held_tokens).toBe(0);
  // Nothing is reusable beyond what there was to read.
  expect(ran([LONG], { tokens: 100, cached: 120, known: 5 }).reusable).toBe(100);
});

const line = (cch: string): string =>
  `x-anthropic-billing-header: cc_version=2.1.37.0d9; cc_entrypoint=cli; cch=${cch};`;
const timed = (minute: number): string => `Current time: 2026-11-28 14:${minute}:12\n${LONG}`;

test('two changes at the head are offered together, and one alone where that brings most', () => {
  const pinnableOf = (first: readonly string[], second: readonly string[]) => {
    const ran = runs();
    const held = new HeldPrompts();
    const systems = first.length - 1;
    ran(first, { tokens: 640, cached: 0, held, systems });
    return ran(second, { tokens: 640, cached: 10, held, systems }).parted?.pinnable;
  };
  const both = pinnableOf([`${line('aaaaa')}\n${timed(11)}`, 'one'], [`${line('bbbbb')}\n${timed(12)}`, 'two']);
  expect(both).toMatchObject({ what: 'billing_line', how: 'pin', also: [{ what: 'clock', how: 'to_end' }] });
  expect(both?.tokens).toBeGreaterThan(550);
  expect(both?.diff?.sent.flatMap(({ text, differs }) => (differs === true ? [text] : []))).toEqual(['0d9', 'bbbbb', '2026-11-28 14:12:12']); // prettier-ignore
  const line1 = pinnableOf(
    [`${line('aaaaa')}${LONG}`, timed(11), 'one'],
    [`${line('bbbbb')}${LONG}`, timed(11), 'two'],
  );
  expect([line1?.what, line1?.also]).toEqual(['billing_line', undefined]);
});

test('what could be kept the same is held against what stood where the prompt was read', () => {
  const ran = runs();
  const held = new HeldPrompts();
  const turn = (cch: string, said: string) => [`${line(cch)}${LONG}`, said];
  const up = { tokens: 640, cached: 10, held, systems: 1 };
  ran(turn('aaaaa', 'one'), up);
  expect(ran(turn('bbbbb', 'one'), { ...up, cached: 0, loadMs: 3000 }).parted).toMatchObject({ held_tokens: 0 });
  expect(ran(turn('ccccc', 'one'), { ...up, cached: 0, loadMs: 3000 }).parted?.pinnable).toBeUndefined();
  expect(ran(turn('ddddd', 'one'), up).parted?.pinnable?.tokens).toBeGreaterThan(550);
  // Ollama had most of it all the same.
  expect(ran(turn('eeeee', 'one'), { ...up, cached: 600 }).parted?.pinnable?.tokens).toBeLessThan(41);
  ran(['Another one, that takes the place. '.repeat(60)], { ...up, systems: 0 });
  const after = ran(turn('fffff', 'one'), up).parted;
  expect(after?.held_tokens).toBeLessThan(10);
  expect(after?.pinnable?.tokens ?? 0).toBe(0);
});

test('what keeping a clock the same has saved counts from its place in the whole prompt', () => {
  const ran = runs();
  const up = { tokens: 1240, systems: 2, rules: { clock: 'to_end' } as const };
  ran([LONG, timed(11), 'one'], { ...up, cached: 0 });
  // As sent, the two would have gone together up to the clock behind all of the first message.
  const { pinSaved } = ran([LONG, timed(12), 'one'], { ...up, cached: 1200 });
  expect(pinSaved).toBeGreaterThan(540);
  expect(pinSaved).toBeLessThan(620);
});

test('all that was kept the same is shown, wherever it stands in the instructions', () => {
  const texts = [`A: 0.\n${LONG}B: 0. `, `C: 0\n${LONG}`];
  const spans = [
    { text: 0, at: 3, sent: '1', now: '0' },
    { text: 0, at: (texts[0]?.length ?? 0) - 3, sent: '22', now: '0' },
    { text: 1, at: 3, sent: '3', now: '0' },
  ];
  const done = { what: 'clock', how: 'to_end', chars: 4, at: 3, sent_hash: '', spans, end: '[A: 1]' } as const;
  const request = { model: 'm', messages: texts.map((content) => ({ role: 'system', content })) };
  const [{ diff } = { diff: undefined }] = pinDiffs(request, [done], (text, from, to) => text.slice(from, to));
  const said = diff?.sent.map(({ text, differs }) => (differs === true ? `[${text}]` : text)).join('');
  expect(said).toBe(
    'A: [1].\nAnswer in one short pa… …hat you do not know. B: [22].  C: [3]\nAnswer in one short par…',
  );
  expect(diff?.end).toBe('[A: 1]');
});
