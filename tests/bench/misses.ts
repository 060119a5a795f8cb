// Row "misses": what the gateway adds to a streamed answer of the model: to its first token, to the evenness of the
// others, and in processor time; against the same upstream called directly, beside a bare relay and, where it is
// installed, nginx. Leaves out waiting in line, which is not the gateway's own cost.
import { loadavg } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { seesUpstream } from './ask.ts';
import { Connection } from './connection.ts';
import { passingNginx } from './nginx.ts';
import { cpuMs, Program, startGateway, startUpstream, type UpstreamOptions } from './programs.ts';
import type { Finding, Row } from './report.ts';
import { conversation, post } from './bench-requests.ts';
import { median, percentile, sum } from './stats.ts';

const ROUNDS = 5;

/** One request at a time: so many a round, and between two of them a pause, so that each finds an idle gateway. */
const SINGLES = 40;
const PAUSE_MS = 3;
/** V8 needs some hundreds of requests before it runs this road at its usual speed. */
const WARM_UP_SINGLES = 600;
/** Between the two tokens of such an answer, as from a model: what is done at its end must not count to its first token. */
const NEXT_AFTER_MS = 10;

/** Streams side by side: each connection asks again as soon as it has its answer, and none begins with another. */
const STREAMS = 32;
const PIECES = 60;
const PIECE_MS = 20;
const SLICE_MS = 2500;
/** The same hundreds of requests for the streams. */
const WARM_UP_SLICES = 8;

const MOST_ADDED_MS = 0.7;
const MOST_ADDED_STREAMS_MS = 1.5;
const MOST_JITTER = 2;
const MOST_CPU_MS = 110;

/** Text of a piece: in Ollama's lines and in ours alike. */
const TEXT = /"content":"[^"]/g;

/** Who is asked. */
interface Side {
  readonly name: string;
  readonly program: Program;
  readonly port: number;
  readonly ttfts: number[];
  readonly slices: Slice[];
}

/** What 32 streams side by side came to. */
interface Slice {
  /** Milliseconds to the first token of each stream. */
  readonly ttfts: readonly number[];
  /** By how many milliseconds the time between two tokens differed from that of the model. */
  readonly jitters: readonly number[];
  /** Processor time of the side, milliseconds per 1,000 tokens. */
  readonly cpuMs: number;
}

export const misses: Row = {
  name: 'misses',
  title: 'Miss, streamed',
  limitMs: 600_000,
  async run() {
    const load = loadavg()[0] ?? Number.NaN;
    const single = await sidesBefore({ pieces: 2, 'piece-chars': 6, 'piece-ms': NEXT_AFTER_MS });
    for (let i = 0; i < WARM_UP_SINGLES / SINGLES; i++) for (const side of single) await singles(side);
    for (let round = 0; round < ROUNDS; round++)
      for (const side of single) side.ttfts.push(median(await singles(side)));
    await stop(single);
    const many = await sidesBefore({ pieces: PIECES, 'piece-chars': 6, 'piece-ms': PIECE_MS, parallel: STREAMS });
    for (let i = 0; i < WARM_UP_SLICES; i++) for (const side of many) await streams(side);
    for (let round = 0; round < ROUNDS; round++) for (const side of many) side.slices.push(await streams(side));
    await stop(many);
    return { findings: findingsOf(single, many), notes: notesOf(single, many, load) };
  },
};

/** All who can be asked, before one upstream. */
async function sidesBefore(options: UpstreamOptions): Promise<readonly Side[]> {
  const upstream = startUpstream(options);
  const upstreamPort = await upstream.port();
  const gateway = startGateway(upstreamPort, [`queue.max_concurrent=${STREAMS}`]);
  const relay = new Program('relay-main.js', [String(upstreamPort)]);
  const nginx = await passingNginx(upstreamPort);
  const gatewayPort = await gateway.port();
  await seesUpstream(gatewayPort);
  const side = (name: string, program: Program, port: number): Side => ({ name, program, port, ttfts: [], slices: [] });
  return [
    side('direct', upstream, upstreamPort),
    side('gateway', gateway, gatewayPort),
    side('relay', relay, await relay.port()),
    ...(nginx === undefined ? [] : [side('nginx', nginx.program, nginx.port)]),
  ];
}

async function stop(sides: readonly Side[]): Promise<void> {
  await Promise.all(sides.map(({ program }) => program.stop()));
}

let asked = 0;

/** Each asks something else, so that none is answered by another's run. */
function request({ port }: Side): Buffer {
  return post(port, '/api/chat', { model: 'llama3.2', messages: conversation(`miss ${asked++}`), stream: true });
}

/** Milliseconds to the first token of requests one by one. */
async function singles(side: Side): Promise<number[]> {
  const connection = await Connection.open(side.port);
  const times: number[] = [];
  for (let i = 0; i < SINGLES; i++) {
    await sleep(PAUSE_MS);
    const [first = Number.NaN] = await tokenTimes(connection, request(side));
    times.push(first);
  }
  connection.close();
  return times;
}

async function streams(side: Side): Promise<Slice> {
  const { pid } = side.program;
  const [ttfts, jitters]: [number[], number[]] = [[], []];
  let tokens = 0;
  const before = cpuMs(pid) ?? Number.NaN;
  const stopAt = performance.now() + SLICE_MS;
  await Promise.all(
    Array.from({ length: STREAMS }, async (_, i) => {
      const connection = await Connection.open(side.port);
      await sleep((i * PIECES * PIECE_MS) / STREAMS);
      do {
        const [first = Number.NaN, ...others] = await tokenTimes(connection, request(side));
        ttfts.push(first);
        let last = first;
        for (const time of others) {
          jitters.push(Math.abs(time - last - PIECE_MS));
          last = time;
        }
        tokens += 1 + others.length;
      } while (performance.now() < stopAt);
      connection.close();
    }),
  );
  return { ttfts, jitters, cpuMs: (((cpuMs(pid) ?? Number.NaN) - before) / tokens) * 1000 };
}

/** Milliseconds from the request's write to each token; resolves when the answer has ended. */
function tokenTimes(connection: Connection, bytes: Buffer): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const times: number[] = [];
    const askedAt = performance.now();
    connection.send(bytes, {
      piece: (part) => {
        const now = performance.now() - askedAt;
        for (const _token of part.toString('latin1').matchAll(TEXT)) times.push(now);
      },
      done: ({ status }) =>
        status === 200 && times.length > 0 ? resolve(times) : reject(new Error(`no text came (status ${status})`)),
      failed: reject,
    });
  });
}

// ---- what it came to

/** The median over all rounds of what a side adds to the upstream itself. */
function added(sides: readonly Side[], name: string, ofRound: (side: Side, round: number) => number): number {
  const [direct, side] = [named(sides, 'direct'), named(sides, name)];
  return median(Array.from({ length: ROUNDS }, (_, round) => ofRound(side, round) - ofRound(direct, round)));
}

function named(sides: readonly Side[], name: string): Side {
  const side = sides.find((each) => each.name === name);
  if (side === undefined) throw new Error(`nobody is called ${name}`);
  return side;
}

const single = ({ ttfts }: Side, round: number): number => ttfts[round] ?? Number.NaN;
const ofStreams = ({ slices }: Side, round: number): number => median(slices[round]?.ttfts ?? []);
const jitterOf = ({ slices }: Side): number => median(slices.map(({ jitters }) => percentile(jitters, 0.99)));
const cpuOf = ({ slices }: Side): number => median(slices.map((slice) => slice.cpuMs));

function findingsOf(one: readonly Side[], many: readonly Side[]): Finding[] {
  const [oneMs, manyMs] = [added(one, 'gateway', single), added(many, 'gateway', ofStreams)];
  const [jitter, plain] = [jitterOf(named(many, 'gateway')), jitterOf(named(many, 'direct'))];
  const cpu = cpuOf(named(many, 'gateway'));
  const [relayOneMs, relayManyMs] = [added(one, 'relay', single), added(many, 'relay', ofStreams)];
  const bare = `The bare relay of this run, Node and undici alone, takes ${cpuOf(named(many, 'relay')).toFixed(0)} ms, and the upstream, which only writes, ${cpuOf(named(many, 'direct')).toFixed(0)}: every token wakes a process that has slept. Of Hearth’s ${cpu.toFixed(0)} ms, then, ${(cpu - cpuOf(named(many, 'relay'))).toFixed(0)} are its own. Tried, and done: one parse of each line, no generator for each layer, pieces that come together leave together; in a profile writing to sockets is a fifth of all and undici a seventh.`;
  return [
    {
      what: 'Added to the time to first token on a miss, one stream',
      measured: `${oneMs.toFixed(2)} ms`,
      budget: `≤ ${MOST_ADDED_MS} ms`,
      kept: oneMs <= MOST_ADDED_MS,
      why: `Who was idle for ${PAUSE_MS} ms answers with cold caches: the bare relay of this run adds ${relayOneMs.toFixed(2)} ms, and does nothing else. The other ${(oneMs - relayOneMs).toFixed(2)} ms are Hearth’s own: what is asked is read and keyed, stands in line, and is written and read anew. Tried, and done: no look at earlier prompts or at who was in the way before the request has left, and copies field by field (a spread with fields after it takes Node 20 25 µs); nothing in its profile has more than a few hundredths of it.`,
      inShort: {
        question: 'What a miss adds',
        answer: `${oneMs.toFixed(1)} ms to the first token, ${manyMs.toFixed(1)} ms while ${STREAMS} answers stream`,
      },
    },
    {
      what: `The same, ${STREAMS} streams`,
      measured: `${manyMs.toFixed(2)} ms`,
      budget: `≤ ${MOST_ADDED_STREAMS_MS} ms`,
      kept: manyMs <= MOST_ADDED_STREAMS_MS,
      why: `The bare relay of this run adds ${relayManyMs.toFixed(2)} ms; the other ${(manyMs - relayManyMs).toFixed(2)} are Hearth’s own, and mostly the wait behind the tokens of the other ${STREAMS - 1}, which one thread passes on. Tried, and kept: what nobody waits for is done after the request has left.`,
    },
    {
      what: `Jitter between tokens, p99, ${STREAMS} streams`,
      measured: `${(jitter / plain).toFixed(1)} × direct (${jitter.toFixed(1)} ms)`,
      budget: `≤ ${MOST_JITTER} ×`,
      kept: jitter <= MOST_JITTER * plain,
      why: `Jitter is who waits for whom: with the bare relay in between it is ${(jitterOf(named(many, 'relay')) / plain).toFixed(1)} × direct. Tried, and kept: pieces that come together leave together.`,
    },
    {
      what: `Processor time per 1,000 tokens, ${STREAMS} streams`,
      measured: `${cpu.toFixed(0)} ms`,
      budget: `≤ ${MOST_CPU_MS} ms`,
      kept: cpu <= MOST_CPU_MS,
      why: bare,
    },
  ];
}

function notesOf(one: readonly Side[], many: readonly Side[], load: number): string[] {
  const others = many.filter(({ name }) => name !== 'direct');
  const figures = others.map((side) => {
    const first = `${added(one, side.name, single).toFixed(2)} ms and ${added(many, side.name, ofStreams).toFixed(2)} ms`;
    return `${WHO[side.name] ?? side.name}: first token ${first} later than directly, jitter p99 ${jitterOf(side).toFixed(2)} ms, processor time ${cpuOf(side).toFixed(0)} ms.`;
  });
  const direct = named(many, 'direct');
  const all = sum(direct.slices.map(({ ttfts }) => ttfts.length));
  return [
    `${ROUNDS} rounds, all sides in turn, and the median of the rounds; load average when the row began: ${load.toFixed(2)}. One stream: ${SINGLES} requests a round one by one, ${PAUSE_MS} ms apart, after ${WARM_UP_SINGLES} of warm-up; the second token and the end come ${NEXT_AFTER_MS} ms after the first. ${STREAMS} streams: after ${WARM_UP_SLICES} rounds of warm-up, for ${SLICE_MS / 1000} s each connection asks again when it has its answer of ${PIECES} tokens, ${PIECE_MS} ms apart (${all} answers of each side); begun one after the other. Everybody is asked \`POST /api/chat\`, each time something new; upstream, gateway and measurer share this machine.`,
    ...figures,
    `Directly: jitter p99 ${jitterOf(direct).toFixed(2)} ms. Jitter is by how much the time between two tokens differs from ${PIECE_MS} ms. The bare relay is undici and \`node:http\` alone, with one JSON.parse and one JSON.stringify a line: what Node itself takes for this work.`,
    ...(others.some(({ name }) => name === 'nginx') ? [] : ['nginx is not installed here, so it was not measured.']),
  ];
}

const WHO: Readonly<Record<string, string>> = {
  gateway: 'Hearth',
  relay: 'A bare relay',
  nginx: 'nginx, `proxy_buffering off`',
};
