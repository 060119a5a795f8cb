// The list of requests on a real disk: in which order, for whom, how much of it is kept, and what a flood does to it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultConfig } from '../../../backend/contract/config/config.ts';
import { LOCAL } from '../../../backend/core/ownership.ts';
import type { LoggedRequest } from '../../../backend/core/requests/request-log.ts';
import { openDatabase, type Database } from '../../../backend/storage/database.ts';
import { DiskRequestLog } from '../../../backend/storage/disk-request-log.ts';
import { NO_LOG } from '../../support/builders.ts';
import { ManualClock } from '../../support/clocks.ts';

let folder: string;
let clock: ManualClock;
let database: Database;
let list: DiskRequestLog;
let kept: { list_max: number; list_ttl_seconds: number };

function open(inMemory = false): void {
  const config = defaultConfig();
  database = openDatabase({ folder: inMemory ? undefined : folder, clock, log: NO_LOG });
  list = new DiskRequestLog(database, clock, () => ({ ...config, log: { ...config.log, ...kept } }), NO_LOG);
}

function close(): void {
  list.close();
  database.close();
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-requests-'));
  clock = new ManualClock();
  kept = { list_max: 1000, list_ttl_seconds: 86_400 };
  open();
});
afterEach(() => {
  close();
  if (clock.sleeping > 0) throw new Error('a wait was left over');
  rmSync(folder, { recursive: true });
});

function request(id: string, over: Partial<LoggedRequest> = {}): LoggedRequest {
  const names = { caller: 'app', owner: LOCAL, model: 'm', route: '/api/chat', source: 'miss', status: 'completed' };
  const place = { class: 'normal', class_by: 'default', code: undefined } as const;
  const times = { createdAt: clock.now(), queue_ms: 1, ttft_ms: 20, total_ms: 300 };
  return { id, ...names, ...place, ...times, ...over } as LoggedRequest;
}

function end(count: number, over: Partial<LoggedRequest> = {}): void {
  for (let i = 0; i < count; i++) list.ended(request(`r${i}`, over));
}

/** Until all is written. */
const written = (): Promise<void> => clock.advance(60_000);

/** By its id, through all that is written. */
async function find(id: string, watcher: string): Promise<LoggedRequest | undefined> {
  const found = list.find(id, watcher, new AbortController().signal);
  await clock.advance(1);
  return await found;
}

/** Every page of the list, as ids. */
function pages(watcher: string, limit: number): string[][] {
  const all: string[][] = [];
  let before: number | undefined;
  do {
    const { requests, next } = list.list(watcher, limit, before);
    all.push(requests.map(({ id }) => id));
    before = next;
  } while (before !== undefined);
  return all;
}

test('a request comes back as it ended, before it is written, after it is, and after a restart', async () => {
  const failed = request('a', { source: 'bypass', status: 'failed', code: 'upstream_failed', class: 'interactive' });
  const hit = request('b', { source: 'hit', class: undefined, class_by: undefined });
  list.ended(failed);
  list.ended(hit);
  const both = (): unknown => list.list(LOCAL, 9).requests;
  expect(both()).toEqual([hit, failed]);
  await written();
  expect(both()).toEqual([hit, failed]);
  list.ended(request('c'));
  close();
  open();
  expect(pages(LOCAL, 9)).toEqual([['c', 'b', 'a']]);
  list.ended(request('d'));
  expect(pages(LOCAL, 9)).toEqual([['d', 'c', 'b', 'a']]);
});

test('pages follow each other without a gap or a double, over what is written and what is not', async () => {
  end(7);
  await written();
  for (const id of ['x', 'y', 'z']) list.ended(request(id));
  const whole = ['z', 'y', 'x', 'r6', 'r5', 'r4', 'r3', 'r2', 'r1', 'r0'];
  expect(pages(LOCAL, 100)).toEqual([whole]);
  for (const limit of [1, 2, 3, 4, 9, 10]) expect(pages(LOCAL, limit).flat()).toEqual(whole);
});

test('each owner sees its own requests, whatever their ids, and this machine all', async () => {
  for (const owner of [LOCAL, 'key a', 'key b']) {
    list.ended(request('same', { owner, caller: owner }));
    list.ended(request(`of ${owner}`, { owner }));
  }
  for (const when of ['before', 'after']) {
    expect(pages('key a', 9)).toEqual([['of key a', 'same']]);
    expect(pages(LOCAL, 9).flat()).toHaveLength(6);
    expect((await find('same', 'key a'))?.caller).toBe('key a');
    expect((await find('same', LOCAL))?.caller).toBe('key b');
    expect(await find('of key b', 'key a')).toBeUndefined();
    if (when === 'before') await written();
  }
});

describe('of the list', () => {
  test('the oldest go when there are too many, a portion at a time', async () => {
    kept.list_max = 3000;
    for (let round = 0; round < 3; round++) {
      end(1000);
      await written();
    }
    kept.list_max = 100;
    list.reconfigured();
    await clock.advance(1100);
    const left = list.list(LOCAL, 5000).requests.length;
    expect(left).toBeGreaterThan(100);
    expect(left).toBeLessThan(3000);
    await written();
    expect(list.list(LOCAL, 5000).requests).toHaveLength(100);
    kept.list_max = 0;
    list.reconfigured();
    await written();
    list.ended(request('unlisted'));
    expect(pages(LOCAL, 9)).toEqual([[]]);
    expect(database.read((sql) => sql.all('SELECT * FROM request_kinds'))).toEqual([]);
  });

  test('what is too old is not shown, and goes within an hour although nothing ends', async () => {
    list.open();
    list.ended(request('old'));
    await written();
    clock.jump(86_400_000);
    expect([pages(LOCAL, 9), await find('old', LOCAL)]).toEqual([[[]], undefined]);
    expect(database.read((sql) => sql.all('SELECT * FROM requests'))).toHaveLength(1);
    await clock.advance(3_600_000);
    expect(database.read((sql) => sql.all('SELECT * FROM requests'))).toEqual([]);
  });
});

test('in memory there are ten thousand, and a flood of kept answers leaves out no run', async () => {
  close();
  open(true);
  kept.list_max = 1_000_000;
  end(12_000, { source: 'hit' });
  end(20, { source: 'miss', model: 'ran' });
  await written();
  const { requests } = list.list(LOCAL, 50_000);
  expect(requests.filter(({ model }) => model === 'ran')).toHaveLength(20);
  expect(requests).toHaveLength(10_000);
  // The oldest that is left is found too.
  expect(await find('r20', LOCAL)).toMatchObject({ id: 'r20', source: 'hit' });
  expect(await find('nobody', LOCAL)).toBeUndefined();
});
