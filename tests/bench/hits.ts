// Row "hits": requests per second on a cache hit through the whole gateway, against a bare node:http server that does
// the same unavoidable work, in turn within one run. Leaves out streamed hits, whose pace is a promise and not a limit.
import { performance } from 'node:perf_hooks';
import { cacheCounts, seesUpstream } from './ask.ts';
import { Connection, jsonOf } from './connection.ts';
import { load, type Load } from './load.ts';
import { cpuMs, Program, startGateway, startUpstream } from './programs.ts';
import type { Outcome, Row } from './report.ts';
import { conversation, post } from './requests.ts';
import { median, percentile, spread, sum } from './stats.ts';

const CONNECTIONS = 16;
const PAIRS = 6;
const SLICE_MS = 3000;
/** V8 goes on optimising for about so many requests; before that the figures are of its compiler, not of the program. */
const WARM_UP_REQUESTS = 30_000;
const WARM_UP_LIMIT_MS = 15_000;
const BUDGET = 0.7;
const FLOOR = 0.5;

interface Slice extends Load {
  readonly cpuMs: number | undefined;
}

export const hits: Row = {
  name: 'hits',
  title: 'Cache hit, JSON',
  limitMs: 120_000,
  async run() {
    const upstream = startUpstream({ pieces: 250, 'piece-chars': 6, 'piece-ms': -1 });
    const gateway = startGateway(await upstream.port());
    const port = await gateway.port();
    await seesUpstream(port);
    const request = post(port, '/api/chat-optimized', { messages: conversation('hits') });
    const answerBytes = await keptAnswer(port, request);
    const bare = await bareServer(answerBytes, request);
    const sides = {
      gateway: { program: gateway, slices: [] as Slice[] },
      bare: { program: bare, slices: [] as Slice[] },
    };
    for (const { program } of Object.values(sides)) await warmUp(program, request);
    for (let pair = 0; pair < PAIRS; pair++) {
      for (const { program, slices } of [sides.gateway, sides.bare])
        slices.push(await slice(program, request, SLICE_MS));
    }
    const others = await otherAnswers(port);
    return outcome(sides.gateway.slices, sides.bare.slices, request.length, answerBytes, others);
  },
};

/** Has the answer made once and kept; the second one must be a hit. Resolves with its bytes, head included. */
async function keptAnswer(port: number, request: Buffer): Promise<number> {
  const connection = await Connection.open(port);
  jsonOf(await connection.ask(request));
  const hit = await connection.ask(request);
  connection.close();
  const { source } = jsonOf(hit) as { source: string };
  if (source !== 'hit') throw new Error(`the second answer was a ${source}, not a hit`);
  return hit.bytes;
}

/** A yardstick whose whole answer is as long as the gateway's. */
async function bareServer(answerBytes: number, request: Buffer): Promise<Program> {
  const probe = new Program('bare-server.js', [String(answerBytes)]);
  const connection = await Connection.open(await probe.port());
  const head = (await connection.ask(request)).bytes - answerBytes;
  connection.close();
  await probe.stop();
  return new Program('bare-server.js', [String(answerBytes - head)]);
}

async function warmUp(program: Program, request: Buffer): Promise<void> {
  const startedAt = performance.now();
  let requests = 0;
  while (requests < WARM_UP_REQUESTS && performance.now() - startedAt < WARM_UP_LIMIT_MS) {
    requests += (await slice(program, request, 1000)).requests;
  }
}

async function slice(program: Program, request: Buffer, forMs: number): Promise<Slice> {
  const port = await program.port();
  const before = cpuMs(program.pid);
  const measured = await load({ port, connections: CONNECTIONS, forMs, request });
  const after = cpuMs(program.pid);
  return { ...measured, cpuMs: before === undefined || after === undefined ? undefined : after - before };
}

/** Answers that did not come from the cache; one miss is the first request of all. */
async function otherAnswers(port: number): Promise<number> {
  const { misses, coalesced } = await cacheCounts(port);
  return misses + coalesced - 1;
}

function outcome(
  gateway: readonly Slice[],
  bare: readonly Slice[],
  requestBytes: number,
  answerBytes: number,
  others: number,
): Outcome {
  const ratios = gateway.map(({ perSecond }, i) => perSecond / (bare[i]?.perSecond ?? Number.NaN));
  const ratio = median(ratios);
  const perSecond = (slices: readonly Slice[]): string =>
    Math.round(median(slices.map((each) => each.perSecond))).toLocaleString('en');
  const latency = (slices: readonly Slice[]): string => {
    const all = slices.flatMap(({ latencies }) => latencies);
    return `p50 ${percentile(all, 0.5).toFixed(2)} ms, p99 ${percentile(all, 0.99).toFixed(2)} ms`;
  };
  const p50 = percentile(
    gateway.flatMap(({ latencies }) => latencies),
    0.5,
  );
  const busiest = Math.max(...bare.map(({ generatorBusy }) => generatorBusy));
  const below = ratio < FLOOR ? ` Below the floor of ${FLOOR}.` : '';
  return {
    findings: [
      {
        what: 'Cache hit, JSON, 16 connections: requests/s',
        measured: `${ratio.toFixed(2)} × bare node:http`,
        budget: `≥ ${BUDGET} ×`,
        kept: ratio >= BUDGET,
        why: 'A hit also looks up the model and its digest, writes eleven headers and a part of the body that differs each time (id, age, timing), and keeps the counts; the yardstick writes two headers and the same bytes.',
      },
      {
        what: 'Cache hit, JSON, 16 connections: p50',
        measured: `${p50.toFixed(2)} ms`,
        budget: '≤ 5 ms',
        kept: p50 <= 5,
      },
    ],
    notes: [
      `${PAIRS} pairs of ${SLICE_MS / 1000} s each, gateway and yardstick in turn, after up to ${WARM_UP_REQUESTS.toLocaleString('en')} requests of warm-up of each; the ratio is the median of the pairs' ratios (${spread(ratios, 2)}).${below}`,
      `Gateway: ${perSecond(gateway)} requests/s, ${latency(gateway)}. Yardstick: ${perSecond(bare)} requests/s, ${latency(bare)}.`,
      ...cpuNote(gateway, bare),
      `One request: ${requestBytes} bytes with its head (a system message and six others); one answer: ${answerBytes} bytes with its head on both sides. The yardstick reads the body, parses it as JSON, hashes it with SHA-256 and writes.`,
      `${others === 0 ? 'All answers but the first were hits' : `${others} answers were no hits`}. The load generator was busy ${Math.round(busiest * 100)} % of one core at most while it drove the yardstick.`,
    ],
  };
}

/** Processor time per request depends less than the clock on what else the machine does. */
function cpuNote(gateway: readonly Slice[], bare: readonly Slice[]): string[] {
  const perRequest = (slices: readonly Slice[]): number =>
    (sum(slices.map(({ cpuMs }) => cpuMs ?? Number.NaN)) * 1000) / sum(slices.map(({ requests }) => requests));
  const [ours, theirs] = [perRequest(gateway), perRequest(bare)];
  if (Number.isNaN(ours) || Number.isNaN(theirs)) return [];
  return [
    `Processor time per request (user and system): gateway ${ours.toFixed(0)} µs, yardstick ${theirs.toFixed(0)} µs; ratio ${(theirs / ours).toFixed(2)}. It depends less than the clock on what else the machine does.`,
  ];
}
