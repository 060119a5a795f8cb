// One request as a whole, in words: the waterfall, the two sentences, where its prompt parted.
import { expect, test } from 'vitest';
import { detailText } from '../../../backend/cli/commands/request-text.ts';
import type { RequestFact } from '../../../backend/contract/views/control.ts';
import type { RequestDetail } from '../../../backend/contract/views/request-detail.ts';

const FACT: RequestFact = {
  request_id: 'r-2',
  route: '/api/chat',
  model: 'llama3.2',
  caller: 'aider\u001B[2J',
  source: 'miss',
  status: 'completed',
  class: 'normal',
  class_by: 'default',
  created_at: '2026-05-01T10:00:00.000Z',
  queue_ms: 4000,
  ttft_ms: 7000,
  total_ms: 10_000,
};
const DETAIL: RequestDetail = {
  phases: {
    turn_ms: null,
    place_ms: 4000,
    load_ms: 2000,
    prompt_ms: 1000,
    first_token_ms: 7000,
    generation_ms: 3000,
    delivery_ms: 0,
  },
  place: { position: 2, behind: ['claude-cli/2.1.197 (external, cli)', 'claude-cli/2.2.0'], gave_way: 1 },
  load: 'it was asked for with another num_ctx',
  tokens: { prompt: 1200, reused: 400, reused_by: 'estimated', answer: 90 },
  rates: { prompt: 800, answer: 30 },
  shared_with: 0,
  why_slow: {
    cause: 'waited',
    text: '4 of 10 s were spent behind a title of Open WebUI.',
    setting: { path: 'queue.rules', label: 'Rules' },
  },
  parted: {
    with: { request_id: 'r-1', created_at: '2026-05-01T09:59:00.000Z' },
    same_chars: 1204,
    chars: 5000,
    block: 1,
    same_tokens: 300,
    where: 'the system prompt',
    what: 'a clock',
    reused_tokens: 400,
    known_by: 'estimated',
    then: { before: 'it is ', differs: '09:59', after: ' now' },
    now: { before: 'it is ', differs: '10:00', after: ' now' },
  },
};
const NOW = Date.parse('2026-05-01T10:01:00.000Z');
const text = (fact: RequestFact & { detail?: RequestDetail }, columns?: number): string =>
  detailText(fact, { columns, hasColours: false }, NOW);

test('each step is a bar where it began and as long as it was', () => {
  const lines = text({ ...FACT, detail: DETAIL }, 80).split('\n');
  const bar = (name: string): [number, number] => {
    const line = lines.find((each) => each.startsWith(name)) ?? '';
    return [line.indexOf('█'), line.split('█').length - 1];
  };
  const [from = 0, waited = 0] = bar('Waited in line');
  const tenth = waited / 4;
  expect([bar('Loaded the model'), bar('Read the prompt'), bar('Wrote the answer')]).toEqual(
    [[4, 2], [6, 1], [7, 3]].map(([at = 0, long = 0]) => [expect.closeTo(from + at * tenth, -0.4), expect.closeTo(long * tenth, -0.4)]), // prettier-ignore
  );
  expect(bar('Delivered')).toEqual([-1, 0]);
  expect(lines.every((line) => line.length <= 80)).toBe(true);
});

test('says why, with the setting, and shows where the prompt parted without a colour', () => {
  const told = text({ ...FACT, detail: DETAIL });
  expect(told).toContain('It was number 2 in line when it came, behind Claude Code. It gave way 1 time.');
  expect(told).toContain(
    'Why it was slow\n4 of 10 s were spent behind a title of Open WebUI.\nSetting: queue.rules (Rules).',
  );
  expect(told).not.toContain('Why it was not served');
  expect(told).toContain('then the system prompt differs: a clock.');
  expect(told).toContain('Now : …it is [10:00] now…');
  expect(told).toContain('1,200 of the prompt, 400 of them reused (estimated); 90 of the answer at 30 a second');
  expect(told).not.toContain('\u001B');
});

test('says what of the prompt was kept the same, in brackets, and what that saved', () => {
  const diff = {
    sent: [{ text: '…cch=' }, { text: 'fa690', differs: true as const }, { text: ';' }],
    now: [{ text: '…cch=' }, { text: '00000', differs: true as const }, { text: ';' }],
  };
  const one = { what: 'billing_line', how: 'pin', chars: 5, at: 70, sent_hash: '51d7e09b44c2f8a3' } as const;
  const pinned = { done: [{ ...one, diff }], saved_tokens: 1200 };
  expect(text({ ...FACT, detail: { ...DETAIL, pinned } })).toContain(
    'What was kept the same in its prompt\nThe check digits of its first line went up as zeros.\nSent: …cch=[fa690];\nKept: …cch=[00000];\nBy that Ollama reused about 1,200 tokens more.\n',
  );
  const bare = text({ ...FACT, detail: { ...DETAIL, pinned: { done: [one], saved_tokens: null } } });
  expect(bare).toContain('went up as zeros.\n');
  expect(bare).not.toMatch(/Kept:|By that|At its end/);
  const clock = { what: 'clock', how: 'to_end', chars: 5, at: 70, sent_hash: '51d7e09b44c2f8a3' } as const;
  const moved = { done: [{ ...clock, diff: { ...diff, end: '[Current time: 14:35]' } }], saved_tokens: null };
  expect(text({ ...FACT, detail: { ...DETAIL, pinned: moved } })).toContain('At its end: [[Current time: 14:35]]\n');
});

test('a kept answer has neither waited nor run', () => {
  expect(text({ ...FACT, source: 'hit' })).toMatch(/A kept answer, given at once: it neither waited nor ran\.\n$/);
  const phases = Object.fromEntries(Object.keys(DETAIL.phases).map((name) => [name, null])) as never;
  const done = [{ what: 'billing_line', how: 'pin', chars: 5, at: 70, sent_hash: '51d7e09b44c2f8a3' } as const];
  const { why_slow: _slow, parted: _parted, place: _place, ...rest } = DETAIL;
  expect(text({ ...FACT, source: 'hit', detail: { ...rest, phases, pinned: { done, saved_tokens: null } } })).toMatch(
    /given at once: it neither waited nor ran\.\n\nWhat was kept the same in its prompt\nThe check digits .* zeros\.\n$/,
  );
});
