// The figures of the past on a real disk: what a restart finds again, how much is kept, and whose figures add up.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { History } from '../../../backend/core/telemetry/history.ts';
import { LOCAL } from '../../../backend/core/ownership.ts';
import { SPAN_NAMES } from '../../../backend/contract/views/spans.ts';
import { OTHERS, Tally, type Whose } from '../../../backend/core/telemetry/tally.ts';
import { openDatabase, type Database } from '../../../backend/storage/database.ts';
import { historyStore } from '../../../backend/storage/history-store.ts';
import { NO_LOG } from '../../support/builders.ts';
import { ManualClock } from '../../support/clocks.ts';

const NOON = Date.UTC(2026, 0, 1, 12);
const HOUR = 3_600_000;
const ALL = { first: 0, last: Number.MAX_SAFE_INTEGER };
const ME: Whose = { model: 'm', caller: 'app', owner: LOCAL };

let folder: string;
let database: Database;
let now: number;

function open(): void {
  database = openDatabase({ folder, clock: new ManualClock(), log: NO_LOG });
}

/** A process that begins. */
function started(): History {
  const history = new History(() => now);
  history.began(historyStore(database));
  return history;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-history-'));
  now = NOON;
  open();
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

/** Some hours of requests, one a minute; each second one is a hit. */
function work(history: History, minutes: number, whose: Whose = ME): void {
  for (let minute = 0; minute < minutes; minute++) {
    history.sourced(whose, minute % 2 === 0 ? 'miss' : 'hit');
    if (minute % 2 === 0) history.firstPiece(whose, { queue_ms: 100, ttft_ms: 600 });
    history.ran(whose, { promptTokens: 10, tokens: 40, evalMs: 1000 });
    now += 60_000;
  }
}

describe('a process that follows another one', () => {
  test('shows in every span what that one had shown, to the last figure', () => {
    const first = started();
    work(first, 200);
    const shown = SPAN_NAMES.map((span) => first.view(span));
    first.ended();
    database.close();
    open();
    const second = started();
    expect(SPAN_NAMES.map((span) => second.view(span))).toEqual(shown);
  });

  test('goes on in the hour and the day that were under way', () => {
    const first = started();
    work(first, 5);
    first.ended();
    const second = started();
    work(second, 5);
    expect([second.view('d7').requests.at(-1), second.view('d30').requests.at(-1)]).toEqual([10, 10]);
    second.ended();
    expect(started().view('d30').requests.at(-1)).toBe(10);
  });

  test('shows a gap where none ran, and no figure in it', () => {
    const first = started();
    work(first, 120);
    first.ended();
    now += 5 * HOUR;
    const second = started();
    work(second, 30);
    expect(second.view('d7').requests.slice(-9)).toEqual([null, 60, 60, null, null, null, null, null, 30]);
  });

  test('lacks the last steps alone when the one before was killed', () => {
    work(started(), 60);
    // Nobody says that it ended.
    expect(started().view('d30').requests.at(-1)).toBeGreaterThanOrEqual(56);
  });
});

test('the first look reads what is kept, and what was counted before that look is in it once', () => {
  const first = started();
  work(first, 30);
  first.ended();
  const second = started();
  work(second, 30);
  expect(second.view('d30').requests.at(-1)).toBe(60);
  work(second, 2);
  expect(second.view('d30').requests.at(-1)).toBe(62);
});

test('of each span only its newest steps are kept, also when the clock jumps by a year and back', () => {
  const history = started();
  const YEAR = 365 * 24 * HOUR;
  for (let hour = 0; hour < 24 * 40; hour++) {
    history.sourced(ME, 'hit');
    now += HOUR;
  }
  now += YEAR;
  history.sourced(ME, 'hit');
  now -= YEAR;
  history.sourced(ME, 'hit');
  history.ended();
  const store = historyStore(database);
  const steps = SPAN_NAMES.map((span) => store.read(span, 0).size);
  expect(steps).toEqual([61, 61, 97, 169, 31]);
  // All but one of those that can be shown are still there.
  expect(
    started()
      .view('d30')
      .requests.filter((rate) => rate !== null),
  ).toHaveLength(30);
});

test('a step has so many callers by name, and counts the others together', () => {
  const history = started();
  for (let i = 0; i < 900; i++) history.sourced({ ...ME, caller: `app ${i}`, model: `m ${i}` }, 'miss');
  history.ended();
  const store = historyStore(database);
  for (const group of ['model', 'caller'] as const) {
    const sums = store.sums('d30', ALL, { group });
    expect(sums).toHaveLength(33);
    expect(sums[0]).toMatchObject({ name: OTHERS, owner: LOCAL });
    expect(sums.reduce((sum, { figures }) => sum + figures.requests, 0)).toBe(900);
  }
});

test('callers of two owners are two, whatever they call themselves', () => {
  const store = historyStore(database);
  const tally = new Tally(0);
  for (const owner of [LOCAL, 'key a', 'key b', 'key b']) tally.of({ ...ME, owner }).sums.misses++;
  store.add('h1', 7, tally.shares());
  store.add('h1', 8, tally.shares());
  const sums = store
    .sums('h1', ALL, { group: 'caller' })
    .map(({ owner, name, figures }) => [owner, name, figures.requests]);
  expect(sums).toEqual([
    ['key b', 'app', 4],
    ['key a', 'app', 2],
    [LOCAL, 'app', 2],
  ]);
  expect(store.sums('h1', { first: 8, last: 8 }, { group: 'all' })).toHaveLength(1);
  const ofB = store.sums('h1', { first: 7, last: 7 }, { group: 'caller', owner: 'key b' });
  expect(ofB.map(({ owner, figures }) => [owner, figures.requests])).toEqual([['key b', 2]]);
});

test('a row whose bytes are damaged is left out, and the others are read', () => {
  const store = historyStore(database);
  for (const step of [1, 2, 3]) store.add('h1', step, new Tally(0).shares());
  database.flush();
  database.commit((sql) => {
    sql.run("UPDATE history SET waits = x'ffff' WHERE step = 1");
    sql.run("UPDATE history SET losses = '[{' WHERE step = 2");
  });
  expect([...store.read('h1', 0).keys()]).toEqual([3]);
});
