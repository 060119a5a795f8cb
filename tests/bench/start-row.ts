// Row "start": from spawning the headless gateway to its first `200 /health`, against spawning an empty Node program to
// its exit, in turn. File caches are warm: the first start of each is not counted.
import { performance } from 'node:perf_hooks';
import { Connection } from './connection.ts';
import { Program, startGateway, startUpstream } from './programs.ts';
import type { Row } from './report.ts';
import { get } from './bench-requests.ts';
import { median, spread } from './stats.ts';

const PAIRS = 12;
const BUDGET = 4;

export const start: Row = {
  name: 'start',
  title: 'Headless start',
  limitMs: 90_000,
  async run() {
    const upstream = startUpstream({});
    const upstreamPort = await upstream.port();
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let pair = 0; pair <= PAIRS; pair++) {
      ours.push(await gatewayStart(upstreamPort));
      theirs.push(await emptyStart());
    }
    ours.shift();
    theirs.shift();
    const ratio = median(ours) / median(theirs);
    return {
      findings: [
        {
          what: 'Headless start to first 200 /health',
          measured: `${ratio.toFixed(2)} × an empty Node program`,
          budget: `≤ ${BUDGET} ×`,
          kept: ratio <= BUDGET,
          why: 'Nearly all of it is the loading of modules (express, zod with its schemas, undici, pino, the Ollama client); bundled into one file the gateway starts in about half the time, which is still above the budget.',
        },
      ],
      notes: [
        `${PAIRS} pairs in turn after one that is not counted. Gateway, spawn to 200: median ${median(ours).toFixed(0)} ms (${spread(ours, 0)}). Empty program, spawn to exit: median ${median(theirs).toFixed(0)} ms (${spread(theirs, 0)}). The ratio is that of the medians.`,
      ],
    };
  },
};

async function gatewayStart(upstreamPort: number): Promise<number> {
  const gateway = startGateway(upstreamPort);
  const port = await gateway.port();
  const connection = await Connection.open(port);
  const { status } = await connection.ask(get(port, '/health'));
  const ms = performance.now() - gateway.startedAt;
  connection.close();
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
