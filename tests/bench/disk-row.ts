// Row "disk": what it costs that answers are kept on the disk: to a hit that comes from memory all the same, to the start,
// and to the work on the disk itself.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { performance } from 'node:perf_hooks';
import { seesUpstream } from './ask.ts';
import { conversation, get, post } from './bench-requests.ts';
import { Connection } from './connection.ts';
import { load } from './load.ts';
import { cpuMs, emptyFolder, Program, startGateway, startUpstream } from './programs.ts';
import type { Row } from './report.ts';
import { median, spread } from './stats.ts';

/** 1 GB as it lies there. */
const ENTRIES = 20_000;
const BYTES = 50_000;
const STARTS = 8;
const ROUNDS = 20;
const SLICE_MS = 250;
const WARM_UP_MS = 1500;
const NEW_EACH_MS = 20;
const MOST_MS = 1;
const LEAST_SHARE = 0.97;
const STEP_MS = 300_000;

export const disk: Row = {
  name: 'disk',
  title: 'Answers on the disk',
  limitMs: 600_000,
  async run() {
    const folder = mkdtempSync(join(emptyFolder(), 'gigabyte-'));
    const filled = await did<{ put: number; bytes: number }>(folder, 'fill');
    const reads = await did<{ found: number; slow: number; missing: number }>(folder, 'read');
    const starts = await startsOf(folder);
    const cleared = await did<{ removed: number; took: number; turn: number; total: number }>(folder, 'clear');
    rmSync(folder, { recursive: true });
    const shares = await hitShares('cache.persist=true', 'cache.persist=false', NEW_EACH_MS);
    const ratio = median(starts.full) / median(starts.empty);
    const [perSecond, cpu] = [median(shares.perSecond), median(shares.cpu)];
    const gb = (filled.bytes / 1e9).toFixed(2);
    return {
      findings: [
        {
          what: `Hits with cache.persist on, against off, while ${1000 / NEW_EACH_MS} new answers a second are kept: requests/s`,
          measured: `${perSecond.toFixed(3)} ×`,
          budget: `≥ ${LEAST_SHARE} ×`,
          kept: perSecond >= LEAST_SHARE,
        },
        {
          what: `Headless start with ${gb} GB of answers, against none`,
          measured: `${ratio.toFixed(2)} ×`,
          budget: '–',
          kept: undefined,
        },
        {
          what: 'A hit that memory does not have: the read from the disk, median',
          measured: `${(reads.found / 1000).toFixed(3)} ms`,
          budget: `≤ ${MOST_MS} ms`,
          kept: reads.found <= MOST_MS * 1000,
        },
      ],
      notes: [
        `Hits: ${ROUNDS} rounds of ${SLICE_MS} ms in turn, one question of 2 kB on /api/chat, and beside it a new one each ${NEW_EACH_MS} ms, whose answer is written to the disk or not; requests/s with against without ${spread(shares.perSecond, 2)}, processor time per request without against with ${cpu.toFixed(3)} ×.`,
        `Start: spawn to the first 200 of /health, ${STARTS} rounds in turn: with ${gb} GB ${median(starts.full).toFixed(0)} ms (${spread(starts.full, 0)}), without ${median(starts.empty).toFixed(0)} ms (${spread(starts.empty, 0)}).`,
        `${ENTRIES.toLocaleString('en')} answers of ${BYTES.toLocaleString('en')} bytes: one is written in ${filled.put.toFixed(0)} µs of processor time, ten in a transaction. Reading one takes ${reads.found.toFixed(0)} µs (99 of 100: ${reads.slow.toFixed(0)} µs), and ${reads.missing.toFixed(0)} µs to find that there is none. The files were in the system's cache.`,
        `Clearing all ${cleared.removed.toLocaleString('en')} takes ${cleared.took.toFixed(1)} ms, and then none is found; the longest turn while their room is freed takes ${cleared.turn.toFixed(1)} ms, and the file is small after ${(cleared.total / 1000).toFixed(1)} s.`,
      ],
    };
  },
};

async function did<T>(folder: string, step: 'fill' | 'read' | 'clear'): Promise<T> {
  const program = new Program('disk-main.js', [folder, String(ENTRIES), String(BYTES), step]);
  const [, json = ''] = await program.expect(/did (\{.*\})\n/, STEP_MS);
  await program.stop();
  return JSON.parse(json) as T;
}

/** Milliseconds from the spawn to the first answer, in turn. */
async function startsOf(folder: string): Promise<{ readonly full: number[]; readonly empty: number[] }> {
  const upstream = startUpstream({});
  const port = await upstream.port();
  const env = { HEARTH_CODE_CACHE: join(emptyFolder(), 'disk-code') };
  const full: number[] = [];
  const empty: number[] = [];
  for (let round = 0; round <= STARTS; round++) {
    empty.push(await startMs(port, env));
    full.push(await startMs(port, { ...env, HEARTH_DATA_DIR: folder }));
  }
  await upstream.stop();
  return { full: full.slice(1), empty: empty.slice(1) };
}

async function startMs(upstreamPort: number, env: Readonly<Record<string, string>>): Promise<number> {
  const gateway = startGateway(upstreamPort, ['cache.disk_max_size_mb=4096'], env);
  const port = await gateway.port();
  const connection = await Connection.open(port);
  await connection.ask(get(port, '/health'));
  const ms = performance.now() - gateway.startedAt;
  connection.close();
  await gateway.stop();
  return ms;
}

interface Side {
  readonly program: Program;
  readonly port: number;
  readonly requests: readonly Buffer[];
}

/** Asks one new question each `eachMs` for so long; its answer is kept. */
async function newAnswers(port: number, forMs: number, eachMs: number): Promise<void> {
  if (eachMs === Infinity) return;
  const end = performance.now() + forMs;
  const connection = await Connection.open(port);
  for (let next = performance.now(); next < end; next += eachMs) {
    await sleep(next - performance.now());
    const body = {
      model: 'llama3.2',
      messages: conversation(randomUUID()),
      options: { temperature: 0 },
      stream: false,
    };
    await connection.ask(post(port, '/api/chat', body));
  }
  connection.close();
}

/** Hits of a gateway with one setting against those of one with another, by round, while new answers are kept, one each `newEachMs`. */
export async function hitShares(
  one: string,
  other: string,
  newEachMs: number = Infinity,
): Promise<{ readonly perSecond: number[]; readonly cpu: number[] }> {
  const upstream = startUpstream({ pieces: 25, 'piece-chars': 60, 'piece-ms': -1 });
  const sides: Side[] = [];
  for (const setting of [one, other]) {
    const program = startGateway(await upstream.port(), [setting]);
    const port = await program.port();
    await seesUpstream(port);
    const body = { model: 'llama3.2', messages: conversation('disk'), options: { temperature: 0 }, stream: false };
    sides.push({ program, port, requests: [post(port, '/api/chat', body)] });
  }
  const slice = async (side: Side, forMs: number): Promise<{ perSecond: number; cpu: number }> => {
    const before = cpuMs(side.program.pid) ?? Number.NaN;
    const [{ requests, perSecond }] = await Promise.all([
      load({ ...side, connections: 16, forMs }),
      newAnswers(side.port, forMs, newEachMs),
    ]);
    return { perSecond, cpu: ((cpuMs(side.program.pid) ?? Number.NaN) - before) / requests };
  };
  for (const side of sides) await slice(side, WARM_UP_MS);
  const shares: { readonly perSecond: number[]; readonly cpu: number[] } = { perSecond: [], cpu: [] };
  for (let round = 0; round < ROUNDS; round++) {
    const [on, off] = sides;
    if (on === undefined || off === undefined) break;
    const [with_, without] = [await slice(on, SLICE_MS), await slice(off, SLICE_MS)];
    shares.perSecond.push(with_.perSecond / without.perSecond);
    shares.cpu.push(without.cpu / with_.cpu);
  }
  return shares;
}
