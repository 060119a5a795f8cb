// The figures of each app over a range: what is kept and what was counted since, each of it once, while more is being counted;
// read in portions, and not again while there is nothing new.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { History } from '../../../../backend/core/telemetry/history.ts';
import { LOCAL } from '../../../../backend/core/ownership.ts';
import type { HistoryStore, Steps } from '../../../../backend/core/telemetry/kept-history.ts';
import type { Share, Whose } from '../../../../backend/core/telemetry/tally.ts';
import { Totals } from '../../../../backend/core/telemetry/totals.ts';
import { openDatabase, type Database } from '../../../../backend/storage/database.ts';
import { historyStore } from '../../../../backend/storage/history-store.ts';
import { NO_LOG } from '../../../support/builders.ts';
import { ManualClock } from '../../../support/clocks.ts';

const NOON = Date.UTC(2026, 0, 1, 12);
const whose = (caller: string, owner = LOCAL): Whose => ({ model: 'm', caller, owner });

let database: Database;
let now: number;
let history: History;
let totals: Totals;
let reads: Steps[];
/** Called between two portions. */
let between: () => void;

beforeEach(() => {
  now = NOON;
  reads = [];
  between = () => undefined;
  database = openDatabase({ folder: undefined, clock: new ManualClock(), log: NO_LOG });
  history = new History(() => now);
  const store = historyStore(database);
  history.began(store);
  const counting: Pick<HistoryStore, 'sums'> = {
    sums: (span, steps, of) => {
      reads.push(steps);
      return store.sums(span, steps, of);
    },
  };
  const sleep = async (): Promise<void> => between();
  totals = new Totals({ history, store: counting, clock: { now: () => now, sleep }, life: AbortSignal.any([]) });
});
afterEach(() => database.close());

/** So many minutes, one request in each. */
function work(minutes: number, of: Whose): void {
  for (let i = 0; i < minutes; i++) {
    history.sourced(of, 'hit');
    now += 60_000;
  }
}

const told = (shares: readonly Share[]): Record<string, number> =>
  Object.fromEntries(shares.map(({ name, figures }) => [name, figures.requests]));

test('have in each range what happened in it, of all apps or of those of one owner', async () => {
  work(100, whose('app'));
  work(30, whose('phone', 'key b'));
  history.sourced(whose('app'), 'miss');
  expect(told(await totals.of('d30', LOCAL))).toEqual({ app: 101, phone: 30 });
  expect(told(await totals.of('h1', LOCAL))).toEqual({ app: 31, phone: 30 });
  expect(told(await totals.of('m15', LOCAL))).toEqual({ app: 1, phone: 15 });
  expect(told(await totals.of('d30', 'key b'))).toEqual({ phone: 30 });
  expect(told(await totals.of('d30', 'key c'))).toEqual({});
});

test('are read in portions, and once for as long as nothing more is kept', async () => {
  work(10, whose('app'));
  await totals.of('d7', LOCAL);
  const once = reads.length;
  expect(Math.max(...reads.map(({ first, last }) => last - first + 1))).toBeLessThanOrEqual(5);
  expect(reads.reduce((sum, { first, last }) => sum + last - first + 1, 0)).toBe(169);
  history.sourced(whose('app'), 'miss');
  expect(told(await totals.of('d7', LOCAL))).toEqual({ app: 11 });
  expect(reads).toHaveLength(once);
  work(5, whose('app'));
  expect(told(await totals.of('d7', LOCAL))).toEqual({ app: 16 });
  expect(reads.length).toBeGreaterThan(once);
});

test('count each request once, also those that are given to the store while it is read', async () => {
  let asked = 0;
  between = () => {
    if (asked++ < 12) work(1, whose('app'));
  };
  expect(told(await totals.of('h24', LOCAL))).toEqual({ app: 12 });
});
