// The list of requests on a real disk: in which order, for whom, how much of it is kept, and what a flood and a crash do to it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultConfig } from '../../../backend/contract/config/config.ts';
import { LOCAL } from '../../../backend/core/ownership.ts';
import type { LoggedRequest } from '../../../backend/core/requests/request-log.ts';
import type { RequestSearch } from '../../../backend/core/requests/request-search.ts';
import { openDatabase, type Database } from '../../../backend/storage/database.ts';
import { DiskRequestLog } from '../../../backend/storage/requests/disk-request-log.ts';
import { loadSqlite } from '../../../backend/storage/sqlite.ts';
import { Connection } from '../../../backend/storage/rows.ts';
import { migrate, SCHEMA } from '../../../backend/storage/schema.ts';
import { NO_LOG } from '../../support/builders.ts';
import { ManualClock } from '../../support/clocks.ts';
import type { Pinned } from '../../../backend/contract/rules/pin-rule.ts';
import { anyRequest, loggedRequest, someDetail } from '../../support/logged-requests.ts';

let folder: string;
let clock: ManualClock;
let database: Database;
let list: DiskRequestLog;
let kept: { list_max: number; list_ttl_seconds: number };

function open(inMemory = false): void {
  const config = defaultConfig();
  database = openDatabase({ folder: inMemory ? undefined : folder, clock, log: NO_LOG });
  list = new DiskRequestLog(database, clock, () => ({ ...config, log: { ...config.log, ...kept } }), NO_LOG);
  list.open();
}

function close(): void {
  list.close();
  database.close();
}

/** The process is gone: what was not given to the disk is lost. */
async function crash(): Promise<void> {
  await written();
  list.close();
  database.rest();
  open();
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

const request = (id: string, over: Partial<LoggedRequest> = {}): LoggedRequest =>
  loggedRequest({ id, createdAt: clock.now(), ...over });

function end(count: number, over: Partial<LoggedRequest> = {}): void {
  for (let i = 0; i < count; i++) list.ended(request(`r${i}`, over));
}

/** One that lives, and what it is at its end. */
function arrive(
  id: string,
  over: Partial<LoggedRequest> = {},
  comesAgain = false,
): { ends(as?: Partial<LoggedRequest>): void; withdraws(): void } {
  const came = request(id, { status: 'queued', source: 'none', ...over });
  const life = { id, owner: came.owner, bornAt: came.createdAt, comesAgain };
  list.arrived(life, () => ({ ...came, total_ms: clock.now() - came.createdAt }));
  return {
    ends: (as = {}) => list.ended({ ...came, status: 'completed', source: 'miss', ...as }, life),
    withdraws: () => list.withdrew(life),
  };
}

/** Until all is written. */
const written = (): Promise<void> => clock.advance(60_000);

/** A search may go through its rows in portions. */
async function search(over: Partial<RequestSearch>) {
  const found = list.search({ ...anyRequest, ...over }, new AbortController().signal);
  await clock.advance(20);
  return await found;
}

/** Every page of a search, as ids. */
async function pages(over: Partial<RequestSearch>): Promise<string[][]> {
  const all: string[][] = [];
  let before = Infinity;
  for (;;) {
    const { requests, next } = await search({ ...over, before });
    all.push(requests.map(({ id }) => id));
    if (next === undefined) return all;
    before = next;
  }
}

const ids = async (over: Partial<RequestSearch> = {}): Promise<string[]> => (await pages(over)).flat();

test('a request comes back as it ended, before it is written, after it is, and after a restart', async () => {
  const detail = someDetail;
  const failed = request('a', { status: 'failed', code: 'upstream_failed', error: 'It broke.', class: 'interactive' });
  const hit = request('b', { source: 'hit', class: undefined, class_by: undefined });
  const slow = request('d', { tokens: 7, prompt_tokens: 9, load_ms: 3, slow: true, missed: 'temperature', detail });
  for (const each of [failed, hit, slow]) list.ended(each);
  const all = async (): Promise<unknown> =>
    (await search({})).requests.map((found) => ({ ...found, detail: undefined }));
  const told = [{ ...slow, detail: undefined }, hit, failed];
  expect(await all()).toEqual(told);
  await written();
  expect(await all()).toEqual(told);
  list.ended(request('c'));
  close();
  open();
  expect(await pages({ limit: 9 })).toEqual([['c', 'd', 'b', 'a']]);
  expect(list.find('d', LOCAL)).toMatchObject({
    tokens: 7,
    slow: true,
    missed: 'temperature',
    detail: { shared_with: 2 },
  });
  list.ended(request('e'));
  expect(await pages({ limit: 9 })).toEqual([['e', 'c', 'd', 'b', 'a']]);
});

const KEPT: Pinned = {
  what: 'clock',
  how: 'to_day',
  chars: 5,
  at: 9,
  sent_hash: '51d7e09b44c2f8a3',
  diff: { sent: [{ text: 'a secret', differs: true }], now: [{ text: 'a day', differs: true }] },
};
const OFFERED = { what: 'clock', how: 'to_end', tokens: 900 } as const;

test('of a detail the texts of a prompt, and what a caller was told, stay in memory', async () => {
  const error = 'Ollama said: "a secret"';
  list.ended(
    request('a', {
      status: 'failed',
      code: 'upstream_failed',
      error: 'Ollama said: …',
      detail: {
        ...someDetail,
        error,
        parted: someDetail.parted && { ...someDetail.parted, pinnable: { ...OFFERED, diff: KEPT.diff } },
        pinned: { done: [KEPT], saved_tokens: 5 },
      },
    }),
  );
  await written();
  expect(list.find('a', LOCAL)?.detail).toMatchObject({ error, parted: { now: { differs: 'a clock' } } });
  expect(list.find('a', LOCAL)?.detail?.pinned?.done).toEqual([KEPT]);
  close();
  open();
  const detail = list.find('a', LOCAL)?.detail;
  expect(detail).toMatchObject({ error: 'Ollama said: …', parted: { same_chars: 71 } });
  expect([detail?.parted?.then, detail?.parted?.now]).toEqual([undefined, undefined]);
  expect(detail?.parted?.pinnable).toEqual(OFFERED);
  const { diff: _diff, ...kept } = KEPT;
  expect(detail?.pinned).toEqual({ done: [kept], saved_tokens: 5 });
});

test('pages follow each other without a gap or a double, whether a request lives or is written', async () => {
  end(7);
  const first = arrive('living');
  await written();
  for (const id of ['x', 'y', 'z']) list.ended(request(id));
  const whole = ['z', 'y', 'x', 'living', 'r6', 'r5', 'r4', 'r3', 'r2', 'r1', 'r0'];
  for (const limit of [1, 2, 3, 4, 9, 10, 100]) expect((await pages({ limit })).flat()).toEqual(whole);
  expect(await pages({ limit: 11 })).toEqual([whole]);
  first.ends();
  await written();
  for (const limit of [1, 3, 100]) expect((await pages({ limit })).flat()).toEqual(whole);
});

describe('a request that lives', () => {
  test('has its place from when it came, and is listed as it stands and as it ended', async () => {
    const slow = arrive('slow');
    list.ended(request('fast'));
    await clock.advance(700);
    const [, living] = (await search({})).requests;
    expect(living).toMatchObject({ id: 'slow', status: 'queued', total_ms: 700 });
    expect(list.find('slow', LOCAL)?.status).toBe('queued');
    slow.ends({ total_ms: 5000 });
    await written();
    expect((await search({})).requests.map(({ id, status }) => [id, status])).toEqual([
      ['fast', 'completed'],
      ['slow', 'completed'],
    ]);
  });

  test('is written once when it ends at once, and twice when it lives longer', async () => {
    const rows = (): unknown[] => database.read((sql) => [...sql.all('SELECT id, status FROM requests JOIN request_kinds USING (kind) ORDER BY n')]); // prettier-ignore
    arrive('fast').ends();
    const slow = arrive('slow');
    await clock.advance(2000);
    expect(rows()).toEqual([
      { id: 'fast', status: 'completed' },
      { id: 'slow', status: 'queued' },
    ]);
    slow.ends({ status: 'cancelled' });
    await written();
    expect(rows()[1]).toEqual({ id: 'slow', status: 'cancelled' });
  });

  test('is shown as interrupted after a crash, unless it is taken up again', async () => {
    arrive('lost');
    const job = { createdAt: clock.now(), owner: 'key a' };
    arrive('job', job);
    list.ended(request('other'));
    await crash();
    // In the first moments too, in which nothing is written yet.
    expect(list.find('lost', LOCAL)).toMatchObject({ status: 'failed' });
    expect((await search({})).requests.map(({ id, status, code }) => [id, status, code])).toEqual([
      ['other', 'completed', undefined],
      ['job', 'failed', 'interrupted'],
      ['lost', 'failed', 'interrupted'],
    ]);
    expect(await ids({ status: new Set(['failed']) })).toEqual(['job', 'lost']);
    expect(await ids({ status: new Set(['queued']) })).toEqual([]);
    arrive('job', job).ends();
    await written();
    expect((await search({})).requests.map(({ id, status }) => [id, status]).slice(0, 2)).toEqual([
      ['other', 'completed'],
      ['job', 'completed'],
    ]);
  });

  test('that is taken up again has its old place, though the clock was set back over the restart', async () => {
    const job = { createdAt: clock.now(), owner: 'key a' };
    arrive('job', job);
    await written();
    clock.jump(-3_600_000);
    await crash();
    arrive('job', job, true).ends();
    await written();
    const { requests } = await search({});
    expect(requests.map(({ id, status }) => ({ id, status }))).toEqual([{ id: 'job', status: 'completed' }]);
  });

  test('that was refused for now, and comes again, was never there', async () => {
    const now = arrive('now');
    const later = arrive('later');
    now.withdraws();
    await written();
    later.withdraws();
    await written();
    expect([await ids(), database.read((sql) => sql.all('SELECT n FROM requests'))]).toEqual([[], []]);
  });
});

test('each owner sees its own requests, whatever their ids, and this machine all', async () => {
  for (const owner of [LOCAL, 'key a', 'key b']) {
    list.ended(request('same', { owner, caller: owner }));
    list.ended(request(`of ${owner}`, { owner }));
    arrive(`now of ${owner}`, { owner });
  }
  for (const when of ['before', 'after']) {
    expect(await pages({ watcher: 'key a' })).toEqual([['now of key a', 'of key a', 'same']]);
    expect(await pages({ watcher: 'key a', words: ['same'] })).toEqual([['same']]);
    expect(await ids()).toHaveLength(9);
    expect(list.find('same', 'key a')?.caller).toBe('key a');
    expect(list.find('same', LOCAL)?.caller).toBe('key b');
    expect(list.find('of key b', 'key a')).toBeUndefined();
    expect(list.find('now of key b', 'key a')).toBeUndefined();
    if (when === 'before') await written();
  }
});

describe('a search', () => {
  let now: number;
  beforeEach(() => {
    now = clock.now();
  });
  const came = (minutes: number): number => now - minutes * 60_000;
  const some = (): void => {
    list.ended(request('7b1e44c0-52aa', { caller: 'aider', model: 'llama3.2:3b', createdAt: came(50) }));
    list.ended(request('c0f4a7e2-18b3', { caller: 'Open WebUI', model: 'qwen3', source: 'hit', class: undefined, class_by: undefined, createdAt: came(40) })); // prettier-ignore
    list.ended(
      request('aider-7', { caller: 'Continue', route: '/v1/messages', class: 'interactive', createdAt: came(30) }),
    );
    list.ended(request('d-4', { caller: 'aider', status: 'failed', code: 'queue_full', error: 'The line is full: 50 wait.', createdAt: came(20) })); // prettier-ignore
    arrive('e-5', { caller: 'Continue', model: 'qwen3', createdAt: came(10) });
  };
  const SEARCHES: readonly [string, Partial<RequestSearch> | (() => Partial<RequestSearch>), string[]][] = [
    ['an app', { caller: new Set(['aider']) }, ['d-4', '7b1e44c0-52aa']],
    ['two apps', { caller: new Set(['aider', 'Continue']) }, ['e-5', 'd-4', 'aider-7', '7b1e44c0-52aa']],
    ['a model', { model: new Set(['qwen3']) }, ['e-5', 'c0f4a7e2-18b3']],
    ['a source', { source: new Set(['hit']) }, ['c0f4a7e2-18b3']],
    ['a class', { class: new Set(['interactive']) }, ['aider-7']],
    ['what lives', { status: new Set(['queued', 'processing']) }, ['e-5']],
    ['an app and a status', { caller: new Set(['aider']), status: new Set(['failed']) }, ['d-4']],
    ['a time', () => ({ from: came(40), to: came(20) }), ['aider-7', 'c0f4a7e2-18b3']],
    ['a word in an app, whatever its case, or how an id begins', { words: ['AIDER'] }, ['d-4', '7b1e44c0-52aa']],
    ['a word that is both', { words: ['aider'] }, ['d-4', 'aider-7', '7b1e44c0-52aa']],
    ['a part of a model', { words: ['3.2'] }, ['7b1e44c0-52aa']],
    ['a part of a route', { words: ['messages'] }, ['aider-7']],
    ['how an id begins', { words: ['c0f4a7e2'] }, ['c0f4a7e2-18b3']],
    ['two words of an error', { words: ['queue', 'full:'] }, ['d-4']],
    ['a word and an id', { words: ['llama', '7b1e44c0-52aa'] }, ['7b1e44c0-52aa']],
    ['words of different requests', { words: ['llama', 'messages'] }, []],
    ['nobody', { caller: new Set(['nobody']) }, []],
  ];

  test('finds what is written and what is not', async () => {
    some();
    for (const when of ['before', 'after']) {
      for (const [name, wanted, found] of SEARCHES) {
        const asked = typeof wanted === 'function' ? wanted() : wanted;
        expect(await ids(asked), `${name}, ${when}`).toEqual(found);
        expect(await ids({ ...asked, limit: 1 }), `${name} by one, ${when}`).toEqual(found);
      }
      if (when === 'before') await clock.advance(700);
    }
  });

  test('finds the rare among many, and the event loop has its turn in between', async () => {
    kept.list_max = 100_000;
    list.ended(request('needle-1', { caller: 'rare' }));
    database.commit((sql) => {
      sql.run(`WITH RECURSIVE count(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < 6000)
        INSERT INTO request_kinds SELECT n, 'local', 'app ' || n, 'm', '/r', 'miss', '', '', 'completed', '', '', '', 0, 'app ' || n, n FROM count`);
      sql.run('INSERT INTO requests (n, id, kind, created_at, queue_ms, ttft_ms, total_ms) SELECT last, caller, kind, ?, 0, 0, 0 FROM request_kinds', clock.now()); // prettier-ignore
    });
    await clock.advance(700);
    const signal = new AbortController();
    const found = list.search({ ...anyRequest, words: ['app'] }, signal.signal);
    expect(clock.sleeping).toBeGreaterThan(0);
    await clock.advance(100);
    expect((await found).requests.map(({ id }) => id)[0]).toBe('app 6000');
    expect(await ids({ caller: new Set(['app 7']) })).toEqual(['app 7']);
    const given = list.search({ ...anyRequest, words: ['nowhere'] }, signal.signal);
    signal.abort(new Error('gone'));
    await expect(given).rejects.toThrow('gone');
  });
});

describe('of the list', () => {
  test('the oldest go when there are too many, a portion at a time', async () => {
    kept.list_max = 3000;
    for (let round = 0; round < 3; round++) {
      end(1000, { detail: someDetail });
      await written();
    }
    kept.list_max = 100;
    list.reconfigured();
    await clock.advance(1100);
    const count = async (): Promise<number> => (await search({ limit: 5000 })).requests.length;
    const left = await count();
    expect(left).toBeGreaterThan(100);
    expect(left).toBeLessThan(3000);
    await written();
    expect(await count()).toBe(100);
    kept.list_max = 0;
    list.reconfigured();
    await written();
    list.ended(request('unlisted'));
    arrive('unlisted, living');
    expect(await pages({})).toEqual([[]]);
    for (const table of ['request_kinds', 'request_details']) {
      expect(database.read((sql) => sql.all(`SELECT * FROM ${table}`))).toEqual([]);
    }
  });

  test('what is too old is not shown, and goes within an hour although nothing ends', async () => {
    list.ended(request('old'));
    await written();
    const living = arrive('living');
    clock.jump(86_400_000);
    expect([await pages({}), list.find('old', LOCAL)]).toEqual([[['living']], undefined]);
    living.withdraws();
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
  const { requests } = await search({ limit: 50_000 });
  expect(requests.filter(({ model }) => model === 'ran')).toHaveLength(20);
  expect(requests).toHaveLength(10_000);
  // The oldest that is left is found too.
  expect(list.find('r20', LOCAL)).toMatchObject({ id: 'r20', source: 'hit' });
  expect(list.find('nobody', LOCAL)).toBeUndefined();
});

test('a file of the first version opens with its rows', async () => {
  close();
  rmSync(folder, { recursive: true });
  folder = mkdtempSync(join(tmpdir(), 'hearth-requests-'));
  const old = new Connection(loadSqlite().sqlite, join(folder, 'hearth.db'));
  migrate(old, { ...SCHEMA, migrations: SCHEMA.migrations.slice(0, 1) });
  old.run("INSERT INTO request_kinds VALUES (1, 'local', 'app', 'm', '/api/chat', 'miss', 'normal', 'default', 'failed', 'queue_full', 7)"); // prettier-ignore
  old.run("INSERT INTO requests VALUES (7, 'old', 1, ?, 1, 2, 3)", clock.now());
  old.close();
  open();
  list.ended(request('new'));
  expect(await ids()).toEqual(['new', 'old']);
  expect(await ids({ words: ['queue_full'] })).toEqual(['old']);
  expect(list.find('old', LOCAL)).toMatchObject({ caller: 'app', code: 'queue_full', total_ms: 3, detail: undefined });
});

test('counts what a watcher may see, by source, those that live and are not written included', async () => {
  list.ended(request('a', { source: 'hit' }));
  list.ended(request('b', { source: 'bypass', status: 'failed' }));
  list.ended(request('c', { owner: 'somebody' }));
  const life = arrive('d');
  await written();
  const { all, hit, coalesced, miss, bypass, failed } = list.count(LOCAL);
  expect([all, hit, coalesced, miss, bypass, failed]).toEqual([4, 1, 0, 1, 1, 1]);
  // It is on the disk as one that lives, and known better.
  life.ends({ source: 'coalesced' });
  expect(list.count(LOCAL)).toMatchObject({ all: 4, coalesced: 1, miss: 1 });
  expect(list.count('somebody')).toMatchObject({ all: 1, miss: 1, hit: 0 });
  await written();
  expect(list.count(LOCAL)).toMatchObject({ all: 4, coalesced: 1, miss: 1 });
});

test('says who has sent requests and when last, written or not, and after a restart', async () => {
  const callers = (): string[] =>
    list
      .callers()
      .map(({ caller, class_by, at }) => `${caller} ${class_by} ${at - began}`)
      .toSorted();
  const began = clock.now();
  list.ended(request('a', { caller: 'curl/8' }));
  await written();
  list.ended(request('b', { caller: 'curl/8', status: 'failed' }));
  list.ended(request('c', { caller: 'aiohttp', class_by: 'Open WebUI: title' }));
  const life = arrive('d', { caller: 'codex' });
  const all = ['aiohttp Open WebUI: title 60000', 'codex default 60000', 'curl/8 default 60000'];
  expect(callers()).toEqual(all);
  life.ends();
  close();
  open();
  expect(callers()).toEqual(all);
  // What is forgotten was not seen.
  kept.list_ttl_seconds = 60;
  await clock.advance(59_000);
  list.ended(request('e', { caller: 'late' }));
  await clock.advance(2000);
  expect(callers()).toEqual(['late default 119000']);
});
