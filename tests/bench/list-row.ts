// Row "requests": what it costs to list each request, and how fast the list is searched when it is full.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hitShares } from './disk-row.ts';
import { emptyFolder, Program } from './programs.ts';
import type { Row } from './report.ts';
import { median, spread } from './stats.ts';

const ROWS = 1_000_000;
const MOST_MS = 50;
const LEAST_SHARE = 0.97;
const STEP_MS = 500_000;

interface Searched {
  readonly put: number;
  readonly bytes: number;
  readonly took: Readonly<Record<string, number>>;
  readonly cpu: number;
  readonly held: number;
  readonly byId: number;
}

export const requestList: Row = {
  name: 'requests',
  title: 'The list of requests',
  limitMs: 600_000,
  async run() {
    const folder = mkdtempSync(join(emptyFolder(), 'million-'));
    const program = new Program('list-main.js', [folder, String(ROWS)]);
    const [, json = ''] = await program.expect(/did (\{.*\})\n/, STEP_MS);
    await program.stop();
    rmSync(folder, { recursive: true });
    const { put, bytes, took, cpu: searchMs, held, byId } = JSON.parse(json) as Searched;
    const [slowest = '', slowestMs = Infinity] = Object.entries(took).toSorted(([, a], [, b]) => b - a)[0] ?? [];
    const shares = await hitShares(`log.list_max=${ROWS}`, 'log.list_max=0');
    const [perSecond, cpu] = [median(shares.perSecond), median(shares.cpu)];
    return {
      findings: [
        {
          what: 'Hits with the list of requests, against without: requests/s',
          measured: `${perSecond.toFixed(3)} ×`,
          budget: `≥ ${LEAST_SHARE} ×`,
          kept: perSecond >= LEAST_SHARE,
        },
        {
          what: `The slowest search among ${ROWS.toLocaleString('en')} requests (${slowest})`,
          measured: `${slowestMs.toFixed(1)} ms`,
          budget: `≤ ${MOST_MS} ms`,
          kept: slowestMs <= MOST_MS,
        },
      ],
      notes: [
        `Hits: one question of 2 kB on /api/chat, requests/s with against without ${spread(shares.perSecond, 2)}, processor time per request without against with ${cpu.toFixed(3)} ×.`,
        `${ROWS.toLocaleString('en')} rows, half of them with a detail, are ${(bytes / 1e6).toFixed(0)} MB on the disk; one is written in ${put.toFixed(0)} µs of processor time, 50 at one go.`,
        `Searches for 100, in milliseconds, the middle of five: ${Object.entries(took)
          .map(([name, ms]) => `${name} ${ms.toFixed(1)}`)
          .join(
            ', ',
          )}. One by its id takes ${byId.toFixed(2)} ms. None took more than ${searchMs.toFixed(1)} ms of processor time, and none held the event loop up for more than ${held.toFixed(1)} ms at a time.`,
      ],
    };
  },
};
