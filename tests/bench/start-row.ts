// Row "start": from spawning the headless gateway to its first `200 /health`, against spawning an empty Node program to
// its exit, in turn: as the first start after an install, and as each later one, which has V8's code of an earlier one.
// File caches are warm: the first round is not counted. And what has to be installed for it.
import { statSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Connection } from './connection.ts';
import { emptyFolder, Program, startGateway, startUpstream } from './programs.ts';
import type { Row } from './report.ts';
import { get } from './bench-requests.ts';
import { median, spread } from './stats.ts';

const ROUNDS = 10;
const BUDGET = 2.5;
/** A gateway keeps V8's code two seconds after its start (backend/cli/boot.ts). */
const KEPT_MS = 3000;
const MOST_MB = 2.5;
const GATEWAY = fileURLToPath(new URL('../../hearth.mjs', import.meta.url));
const LIBRARY = fileURLToPath(new URL(`../../hearth-sqlite-${process.platform}-${process.arch}.node`, import.meta.url));

export const start: Row = {
  name: 'start',
  title: 'Headless start',
  limitMs: 120_000,
  async run() {
    const upstream = startUpstream({});
    const upstreamPort = await upstream.port();
    const kept = `${emptyFolder()}/code`;
    // A folder that is not there: nothing is found, and nothing kept.
    const none = `${emptyFolder()}/none/code`;
    await gatewayStart(upstreamPort, kept, KEPT_MS);
    const times: Record<'first' | 'later' | 'empty', number[]> = { first: [], later: [], empty: [] };
    for (let round = 0; round <= ROUNDS; round++) {
      times.later.push(await gatewayStart(upstreamPort, kept));
      times.empty.push(await emptyStart());
      times.first.push(await gatewayStart(upstreamPort, none));
    }
    for (const each of Object.values(times)) each.shift();
    const empty = median(times.empty);
    const later = median(times.later) / empty;
    const mb = statSync(GATEWAY).size / 1e6;
    const libraryMb = statSync(LIBRARY).size / 1e6;
    const told = (each: readonly number[]): string => `${median(each).toFixed(0)} ms (${spread(each, 0)})`;
    return {
      findings: [
        {
          what: 'Headless start to first 200 /health',
          measured: `${later.toFixed(2)} × an empty Node program`,
          budget: `≤ ${BUDGET} ×`,
          kept: later <= BUDGET,
          why: 'Node’s own modules for HTTP, TLS and streams alone bring it to 1.5 to 1.7 × an empty program. The rest is the schemas of zod, which are made at each start, and reading and running the program. Tried, and kept: one bundled file without blanks, V8’s code of an earlier start beside it, and what the first request does not need is read when it is needed.',
        },
        {
          what: 'The same, the first start after an install',
          measured: `${(median(times.first) / empty).toFixed(2)} ×`,
          budget: '–',
          kept: undefined,
        },
        {
          what: 'Headless gateway: what is installed',
          measured: `1 file, ${mb.toFixed(1)} MB, and SQLite’s library, ${libraryMb.toFixed(1)} MB`,
          budget: `1 file, ≤ ${MOST_MB} MB without the library`,
          kept: mb <= MOST_MB,
          inShort: {
            question: 'What it weighs',
            answer: `one file of ${mb.toFixed(1)} MB, and a library of ${libraryMb.toFixed(1)} MB`,
          },
        },
      ],
      notes: [
        `${ROUNDS} rounds in turn after one that is not counted. Spawn to 200: later starts, with V8's code of an earlier one, median ${told(times.later)}; first start median ${told(times.first)}. Empty program, spawn to exit: median ${told(times.empty)}. The ratios are those of the medians.`,
        'Installed is `dist/hearth.mjs`, Node itself not counted; the source map and the licence texts may lie beside it.',
      ],
    };
  },
};

/** Milliseconds; the gateway lives for `more` of them beside. */
async function gatewayStart(upstreamPort: number, codeCache: string, more = 0): Promise<number> {
  const gateway = startGateway(upstreamPort, [], { HEARTH_CODE_CACHE: codeCache });
  const port = await gateway.port();
  const connection = await Connection.open(port);
  const { status } = await connection.ask(get(port, '/health'));
  const ms = performance.now() - gateway.startedAt;
  connection.close();
  await sleep(more);
  await gateway.stop();
  if (status !== 200) throw new Error(`/health answered ${status}`);
  return ms;
}

async function emptyStart(): Promise<number> {
  const program = new Program('empty.js');
  const code = await program.exited;
  const ms = performance.now() - program.startedAt;
  if (code !== 0) throw new Error(`the empty program ended with ${code}`);
  return ms;
}
