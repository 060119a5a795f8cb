// The day as it is told: which apps by name and which together, what was lost in words, since when, and what failed.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LOCAL } from '../../../../backend/core/ownership.ts';
import type { LoggedRequest } from '../../../../backend/core/requests/request-log.ts';
import type { RequestSearch } from '../../../../backend/core/requests/request-search.ts';
import { Days } from '../../../../backend/core/stories/views/day-figures.ts';
import { History } from '../../../../backend/core/telemetry/history.ts';
import type { Whose } from '../../../../backend/core/telemetry/tally.ts';
import { openDatabase, type Database } from '../../../../backend/storage/database.ts';
import { historyStore } from '../../../../backend/storage/history-store.ts';
import { NO_LOG } from '../../../support/builders.ts';
import { ManualClock } from '../../../support/clocks.ts';

/** In the middle of a step of every range. */
const START = Date.UTC(2026, 0, 1, 12, 7, 20);

let now: number;
let database: Database;
let history: History;
let days: Days;
let searches: RequestSearch[];

beforeEach(() => {
  now = START;
  searches = [];
  database = openDatabase({ folder: undefined, clock: new ManualClock(), log: NO_LOG });
  history = new History(() => now);
  const store = historyStore(database);
  history.began(store);
  const clock = { now: () => now, sleep: async () => undefined };
  const failed = { id: 'f', createdAt: START, caller: 'app', model: 'm', code: 'internal', error: 'It broke.' };
  const requestLog = {
    search: async (search: RequestSearch) => {
      searches.push(search);
      return { requests: [failed as LoggedRequest], next: undefined };
    },
  };
  days = new Days({ history, store, requestLog, clock, life: AbortSignal.any([]) });
});
afterEach(() => database.close());

const of = (caller: string, owner = LOCAL): Whose => ({ model: 'm', caller, owner });

test('has the apps that were saved the most by name, and the others together', async () => {
  for (let app = 0; app < 9; app++) {
    history.sourced(of(`app ${app}`), 'hit');
    history.saved(of(`app ${app}`), 1000 * app, 10);
    history.sourced(of(`app ${app}`), 'bypass');
  }
  const day = await days.of('1h', LOCAL);
  expect(day.apps.map(({ caller }) => caller)).toEqual(['app 8', 'app 7', 'app 6', 'app 5', 'app 4']);
  expect(day.more_apps).toMatchObject({
    apps: 4,
    requests: 8,
    no_model_time: 4,
    time_saved_ms: 6000,
    tokens_saved: 40,
  });
  expect([day.requests, day.no_model_time, day.time_saved_ms]).toEqual([18, 9, 36_000]);
  for (let app = 0; app < 600; app++) history.sourced(of(`other ${app}`), 'miss');
  expect((await days.of('1h', LOCAL)).more_apps).toMatchObject({ apps: null, requests: 608 });
});

test('tells each loss in words: prompts by their app, loads by their model', async () => {
  const lost = (caller: string, cause: 'changed' | 'loaded' | 'displaced', where: string, tokens: number): void =>
    history.reused(of(caller), {
      reusable: 1000,
      reused: 1000 - tokens,
      lost: [{ cause, where, tokens, request_id: `${caller} ${tokens}`, at: now }],
    });
  lost('coder', 'changed', 'the system prompt (a clock)', 500);
  lost('coder', 'changed', 'the system prompt (a clock)', 400);
  lost('coder', 'loaded', 'llama3.2', 100);
  lost('chat', 'loaded', 'llama3.2', 120);
  lost('chat', 'loaded', 'llama3.2', 10);
  lost('chat', 'displaced', '', 50);
  const { reuse } = await days.of('24h', LOCAL);
  expect(reuse).toMatchObject({ reusable_tokens: 6000, reused_tokens: 6000 - 1180 });
  expect(reuse?.losses.map(({ text, tokens, request_id }) => [text, tokens, request_id])).toEqual([
    ['coder changed the system prompt (a clock) twice', 900, 'coder 500'],
    ['llama3.2 was loaded again 3 times', 230, 'chat 120'],
    ['Other prompts took the place of those of chat', 50, 'chat 50'],
  ]);
});

test('tells of each app and of all how many prompt tokens were sent, read, reused and reusable', async () => {
  history.sourced(of('coder'), 'miss');
  history.ran(of('coder'), { promptTokens: 1000, tokens: 1, evalMs: 1 });
  history.read(of('coder'), { processed: 200, reused: 800, reusable: 900 });
  history.sourced(of('chat'), 'miss');
  // Of this one it is not known what was reused.
  history.ran(of('chat'), { promptTokens: 50, tokens: 1, evalMs: 1 });
  const { prompts, apps } = await days.of('1h', LOCAL);
  const ofCoder = { processed_tokens: 200, reused_tokens: 800, reusable_tokens: 900 };
  expect(prompts).toEqual({ sent_tokens: 1050, ...ofCoder });
  expect(apps.find(({ caller }) => caller === 'coder')?.prompts).toEqual({ sent_tokens: 1000, ...ofCoder });
});

test('begins with the run, to the second, or with the range where that is later', async () => {
  history.sourced(of('app'), 'miss');
  now += 20 * 60_000;
  history.alive();
  expect((await days.of('24h', LOCAL)).since).toBe(new Date(START).toISOString());
  expect((await days.of('15m', LOCAL)).since).toBe(new Date(now).toISOString().replace(/\d\d\.\d+Z/, '15.000Z'));
});

test('looks for what failed only when more has failed, and for each watcher its own', async () => {
  history.sourced(of('app'), 'miss');
  expect((await days.of('1h', LOCAL)).failures).toEqual([]);
  history.unanswered(of('app'), 'cancelled');
  history.unanswered(of('app'), 'failed');
  for (let i = 0; i < 3; i++) {
    const { failed, cancelled, failures } = await days.of('1h', LOCAL);
    expect([failed, cancelled]).toEqual([1, 1]);
    expect(failures).toEqual([{ request_id: 'f', at: new Date(START).toISOString(), caller: 'app', model: 'm', code: 'internal', error: 'It broke.' }]); // prettier-ignore
  }
  expect(searches).toHaveLength(1);
  expect(searches[0]).toMatchObject({ watcher: LOCAL, from: START });
  await days.of('1h', 'key b');
  history.unanswered(of('app'), 'failed');
  await days.of('1h', LOCAL);
  expect(searches).toHaveLength(2);
});
