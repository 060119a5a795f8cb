// Questions to the gateway beside what is measured: does it see its upstream, and what has its cache counted.
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, jsonOf } from './connection.ts';
import { get } from './bench-requests.ts';

/** What the benchmark reads of `response_cache` in GET /api/cache-stats. */
export interface CacheCounts {
  readonly total_entries: number;
  readonly memory_usage_percent: number;
  readonly evictions: number;
  readonly hits: number;
  readonly misses: number;
  readonly coalesced: number;
}

export async function cacheCounts(port: number): Promise<CacheCounts> {
  const connection = await Connection.open(port);
  try {
    const stats = jsonOf(await connection.ask(get(port, '/api/cache-stats')));
    return (stats as { response_cache: CacheCounts }).response_cache;
  } finally {
    connection.close();
  }
}

const READY_MS = 15_000;

/** Resolves when the gateway has seen its upstream: from then on it has its usual ways. Rejects after a limit. */
export async function seesUpstream(port: number): Promise<void> {
  const connection = await Connection.open(port);
  try {
    for (let waited = 0; waited < READY_MS; waited += 50) {
      if ((await connection.ask(get(port, '/health?ready=1'))).status === 200) return;
      await sleep(50);
    }
  } finally {
    connection.close();
  }
  throw new Error(`the gateway did not see its upstream within ${READY_MS / 1000} s`);
}
