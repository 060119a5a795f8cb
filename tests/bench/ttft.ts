// Row "ttft": what the gateway adds to the time to the first token of a miss, against the same upstream called directly,
// one request at a time and in turn. Leaves out waiting in line, which is not the gateway's own cost.
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { seesUpstream } from './ask.ts';
import { Connection } from './connection.ts';
import { startGateway, startUpstream } from './programs.ts';
import type { Row } from './report.ts';
import { conversation, post } from './requests.ts';
import { median, percentile } from './stats.ts';

const PAIRS = 400;
/** V8 needs some hundreds of requests before it runs this path at its usual speed. */
const WARM_UP_PAIRS = 1000;
/** Between two requests, so that each finds an idle gateway. */
const PAUSE_MS = 3;
const BUDGET_MS = 2;

/** The first piece with text: in Ollama's lines and in ours alike. */
const FIRST_TEXT = /"content":"[^"]/;

export const ttft: Row = {
  name: 'ttft',
  title: 'Time to first token on a miss',
  limitMs: 120_000,
  async run() {
    const upstream = startUpstream({ pieces: 20, 'piece-chars': 6 });
    const upstreamPort = await upstream.port();
    const gateway = startGateway(upstreamPort);
    const gatewayPort = await gateway.port();
    await seesUpstream(gatewayPort);
    const messages = conversation('ttft');
    const viaGateway = {
      connection: await Connection.open(gatewayPort),
      request: post(gatewayPort, '/api/chat-optimized', { messages, stream: true, use_cache: false }),
      times: [] as number[],
    };
    const direct = {
      connection: await Connection.open(upstreamPort),
      request: post(upstreamPort, '/api/chat', { model: 'llama3.2', messages, stream: true }),
      times: [] as number[],
    };
    for (let pair = 0; pair < WARM_UP_PAIRS + PAIRS; pair++) {
      for (const { connection, request, times } of [viaGateway, direct]) {
        await sleep(PAUSE_MS);
        times.push(await firstToken(connection, request));
      }
    }
    viaGateway.connection.close();
    direct.connection.close();
    const ours = viaGateway.times.slice(WARM_UP_PAIRS);
    const theirs = direct.times.slice(WARM_UP_PAIRS);
    const added = ours.map((ms, i) => ms - (theirs[i] ?? Number.NaN));
    const middle = median(added);
    return {
      findings: [
        {
          what: 'Added to the time to first token on a miss, idle',
          measured: `${middle.toFixed(2)} ms at the median`,
          budget: `≤ ${BUDGET_MS} ms`,
          kept: middle <= BUDGET_MS,
          why: 'Most of it is the second HTTP exchange with the upstream in a process of its own (undici, its stream, the lines of NDJSON), then the chain of generators and signals that lets each caller leave at any moment.',
        },
      ],
      notes: [
        `${PAIRS} pairs after ${WARM_UP_PAIRS} of warm-up: a streamed chat through the gateway (\`use_cache: false\`) and the same to the upstream's \`/api/chat\`, in turn, ${PAUSE_MS} ms apart, each on its own keep-alive connection, model loaded. The upstream answers without delay.`,
        `Difference of the pairs: median ${middle.toFixed(2)} ms, p95 ${percentile(added, 0.95).toFixed(2)} ms. Through the gateway: median ${median(ours).toFixed(2)} ms, p95 ${percentile(ours, 0.95).toFixed(2)} ms; directly: median ${median(theirs).toFixed(2)} ms, p95 ${percentile(theirs, 0.95).toFixed(2)} ms.`,
      ],
    };
  },
};

/** Milliseconds from the request's write to the packet with the first text; resolves when the answer has ended. */
async function firstToken(connection: Connection, request: Buffer): Promise<number> {
  let firstAt: number | undefined;
  const askedAt = performance.now();
  const { status } = await connection.ask(request, (bytes) => {
    if (firstAt === undefined && FIRST_TEXT.test(bytes.toString('latin1'))) firstAt = performance.now();
  });
  if (status !== 200 || firstAt === undefined) throw new Error(`no text came (status ${status})`);
  return firstAt - askedAt;
}
