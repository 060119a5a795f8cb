// A program that fills a list of requests on the disk and searches it, without a gateway around it, and prints what each step
// took, as one line of JSON. Usage: list-main.js FOLDER ROWS
import { performance } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import { systemClock } from '../../backend/clock.ts';
import { resolveConfig } from '../../backend/contract/config/config-sources.ts';
import type { LoggedRequest } from '../../backend/core/requests/request-log.ts';
import type { RequestSearch } from '../../backend/core/requests/request-search.ts';
import { openDatabase } from '../../backend/storage/database.ts';
import { DiskRequestLog } from '../../backend/storage/requests/disk-request-log.ts';
import { putRequests } from '../../backend/storage/requests/request-rows.ts';
import { anyRequest, loggedRequest, someDetail } from '../support/logged-requests.ts';
import { median } from './stats.ts';

const [folder = '', rowsText] = process.argv.slice(2);
const rows = Number(rowsText);
/** As many as are written at one go. */
const AT_ONCE = 50;
const ROUNDS = 5;
const { config } = resolveConfig({ flags: { 'log.list_max': String(rows + 1) } }, 'headless');
const database = openDatabase({ folder, clock: systemClock, log: pino({ level: 'silent' }) });
const began = systemClock.now() - rows * 1000;

/** A random number that is the same for each run, from 0 to 1. */
function chance(i: number): number {
  return ((Math.imul(i + 1, 0x9e3779b1) >>> 0) % 10_007) / 10_007;
}

const idOf = (i: number): string => `${(Math.imul(i + 7, 0x85ebca6b) >>> 0).toString(16).padStart(8, '0')}-${i}`;

/** Twenty apps with six models; one app and one model are of ten requests, of long ago. Each second is a hit. */
function requestAt(i: number): LoggedRequest {
  const isRare = i >= 500 && i < 510;
  const isHit = chance(i) < 0.5;
  const isFailed = !isHit && chance(i * 3) < 0.04;
  return loggedRequest({
    id: idOf(i),
    createdAt: began + i * 1000,
    caller: isRare ? 'rare-app/1.0' : `app-${Math.floor(chance(i * 5) * 20)}/2.${i % 3}`,
    model: isRare ? 'rare-model:7b' : `model-${Math.floor(chance(i * 7) * 6)}:latest`,
    route: chance(i * 11) < 0.7 ? '/api/chat' : '/v1/chat/completions',
    source: isHit ? 'hit' : 'miss',
    class: isHit ? undefined : chance(i * 13) < 0.3 ? 'interactive' : 'background',
    class_by: isHit ? undefined : 'default',
    status: isFailed ? 'failed' : 'completed',
    code: isFailed ? (isRare || i % 997 === 0 ? 'idle_timeout' : 'upstream_failed') : undefined,
    error: isFailed
      ? i % 997 === 0
        ? 'The model stopped in the middle.'
        : 'Ollama answered with status 500.'
      : undefined,
    tokens: isHit ? undefined : 131,
    detail: isHit ? undefined : someDetail,
  });
}

/** Microseconds of processor time for one row. */
async function fill(): Promise<number> {
  const each: number[] = [];
  for (let i = 0; i < rows; i += AT_ONCE) {
    const some = Array.from({ length: AT_ONCE }, (_, k) => ({ n: i + k + 1, request: requestAt(i + k) }));
    const before = process.cpuUsage();
    database.later((sql) => putRequests(sql, some));
    if (i % 500 === 450) database.flush();
    const { user, system } = process.cpuUsage(before);
    if (i % 500 === 450) each.push((user + system) / 500);
    if (i % 5000 === 0) await turn();
  }
  database.flush();
  return median(each);
}

const among = (value: string): ReadonlySet<string> => new Set([value]);
const at = (i: number): number => began + i * 1000;

const SEARCHES: Readonly<Record<string, Partial<RequestSearch>>> = {
  everything: {},
  'everything, far back': { before: 1000 },
  'a common app': { caller: among('app-3/2.1') },
  'a rare app': { caller: among('rare-app/1.0') },
  'a common app, far back': { caller: among('app-3/2.1'), before: rows / 2 },
  'a rare model': { model: among('rare-model:7b') },
  'a common model': { model: among('model-2:latest') },
  'a source': { source: among('hit') },
  'a source that has none': { source: among('bypass') },
  'a class': { class: among('interactive') },
  'a status': { status: among('failed') },
  'a rare app that failed': { caller: among('rare-app/1.0'), status: among('cancelled') },
  'an hour long ago': { from: at(rows / 3), to: at(rows / 3 + 3600) },
  'an hour of a rare app': { caller: among('rare-app/1.0'), from: at(rows / 3), to: at(rows / 3 + 3600) },
  'another owner': { watcher: 'key nobody' },
  'q: a common app': { words: ['APP-7'] },
  'q: a rare app': { words: ['rare-app'] },
  'q: a route': { words: ['completions'] },
  'q: an old id': { words: [idOf(3000)] },
  'q: how an id begins': { words: [idOf(rows - 9).slice(0, 8)] },
  'q: a common error': { words: ['status', '500'] },
  'q: a rare error': { words: ['idle_timeout', 'rare-app'] },
  'q: nothing': { words: ['nowhere-at-all'] },
};

/** Milliseconds, the middle one; the most processor time of one; and how long the event loop was held up at most. */
async function search(list: DiskRequestLog): Promise<object> {
  const took: Record<string, number> = {};
  let cpu = 0;
  let held = 0;
  for (const [name, over] of Object.entries(SEARCHES)) {
    const times: number[] = [];
    const before = process.cpuUsage();
    for (let round = 0; round < ROUNDS; round++) {
      let isOver = false;
      const startedAt = performance.now();
      const found = list
        .search({ ...anyRequest, ...over }, new AbortController().signal)
        .finally(() => (isOver = true));
      for (let last = startedAt; !isOver; last = performance.now()) {
        held = Math.max(held, performance.now() - last);
        await turn();
      }
      await found;
      times.push(performance.now() - startedAt);
    }
    const { user, system } = process.cpuUsage(before);
    cpu = Math.max(cpu, (user + system) / 1000 / ROUNDS);
    took[name] = median(times);
  }
  const byId = Array.from({ length: 50 }, (_, i) => {
    const startedAt = performance.now();
    list.find(idOf((i * 7919) % rows), 'local');
    return performance.now() - startedAt;
  });
  return { took, cpu, held, byId: median(byId) };
}

const put = await fill();
const { bytes } = database;
const list = new DiskRequestLog(database, systemClock, () => config, pino({ level: 'silent' }));
const searched = await search(list);
list.close();
database.close();
process.stdout.write(`did ${JSON.stringify({ put, bytes, ...searched })}\n`);
