// Rows "hits", "hit-sizes" and "hit-streams": kept answers through the whole gateway, on three dialects, against a bare
// node:http server that does the same unavoidable work; in turn within one run, so that both see the same machine. Streams
// are spoken at once (X-Stream-Replay: instant): the usual pace is a promise and not a limit.
import { cacheCounts, seesUpstream } from './ask.ts';
import { Connection } from './connection.ts';
import { load, type Load } from './load.ts';
import { cachingNginx } from './nginx.ts';
import { cpuMs, Program, startGateway, startUpstream } from './programs.ts';
import type { Finding, Outcome, Row } from './report.ts';
import { post, prose } from './bench-requests.ts';
import { median, spread, sum } from './stats.ts';

const CONNECTIONS = 16;
/** Many short ones: neighbours on the machine disturb one or the other, and a median of many forgets them. */
const ROUNDS = 15;
const SLICE_MS = 250;
/** Before V8 has seen so many requests the figures are of its compiler, not of the program. */
const WARM_UP_MS = 1500;
const KB = 1000;

/** How each dialect asks the same. Temperature 0: on routes of others only repeatable answers are kept. */
const DIALECTS: Readonly<Record<string, (messages: readonly object[], stream: boolean) => object>> = {
  '/api/chat-optimized': (messages, stream) => ({ messages, options: { temperature: 0 }, stream }),
  '/api/chat': (messages, stream) => ({ model: 'llama3.2', messages, options: { temperature: 0 }, stream }),
  '/v1/chat/completions': (messages, stream) => ({ model: 'llama3.2', messages, temperature: 0, stream }),
};

/** What is asked again and again. */
interface Case {
  readonly name: string;
  readonly path: string;
  /** Different bodies in turn. */
  readonly bodies: number;
  /** Of one body, about. */
  readonly bytes: number;
  readonly stream: boolean;
  /** The least share of the yardstick's requests/s. */
  readonly budget: number;
}

interface Side {
  readonly program: Program;
  readonly port: number;
  readonly requests: readonly Buffer[];
  readonly slices: Slice[];
}

interface Slice extends Load {
  readonly cpuMs: number | undefined;
}

/** Medians of the rounds' ratios to the yardstick. */
interface Measured {
  readonly of: Case;
  readonly perSecond: number;
  readonly cpu: number;
  /** Processor time of one request, here and at the yardstick. */
  readonly microseconds: readonly [number, number];
  readonly nginx: number | undefined;
  readonly note: string;
}

export const hits: Row = rowOf('hits', 'Cache hit, JSON, 1 kB', [
  ...cases('1,000 bodies in turn', { bodies: 1000, bytes: KB, stream: false, budget: 0.8 }),
  ...cases('one body', { bodies: 1, bytes: KB, stream: false, budget: 0.95 }),
]);

export const hitSizes: Row = rowOf('hit-sizes', 'Cache hit, JSON, larger bodies', [
  ...cases('20 kB', { bodies: 1, bytes: 20 * KB, stream: false, budget: 0.7 }),
  ...cases('70 kB', { bodies: 1, bytes: 70 * KB, stream: false, budget: 0.7 }),
  ...cases('1 MB', { bodies: 1, bytes: 1000 * KB, stream: false, budget: 0.7 }),
]);

export const hitStreams: Row = rowOf(
  'hit-streams',
  'Cache hit, streamed at once',
  cases('one body', { bodies: 1, bytes: KB, stream: true, budget: 0.6 }),
);

function cases(name: string, about: Omit<Case, 'path' | 'name'>): Case[] {
  return Object.keys(DIALECTS).map((path) => ({ name: `${path}, ${name}`, path, ...about }));
}

function rowOf(name: string, title: string, all: readonly Case[]): Row {
  return {
    name,
    title,
    limitMs: 150_000,
    async run() {
      const upstream = startUpstream({ pieces: 25, 'piece-chars': 60, 'piece-ms': -1 });
      const gateway = startGateway(await upstream.port());
      const bare = new Program('bare-server.js');
      const nginx = await cachingNginx(await bare.port());
      await seesUpstream(await gateway.port());
      const measured: Measured[] = [];
      for (const each of all) measured.push(await measure(each, gateway, bare, nginx));
      return outcome(title, measured, nginx !== undefined);
    },
  };
}

async function measure(
  each: Case,
  gateway: Program,
  bare: Program,
  nginx: Awaited<ReturnType<typeof cachingNginx>>,
): Promise<Measured> {
  const port = await gateway.port();
  const bodies = bodiesOf(each);
  const headers = each.stream ? ['X-Stream-Replay: instant'] : [];
  const requests = bodies.map((body) => post(port, each.path, body, headers));
  const answerBytes = await kept(port, requests);
  const [misses] = await runs(port);
  // As many bytes on the wire, head included.
  const path = await pathOfSize(await bare.port(), answerBytes, each.stream);
  const alike = (toPort: number): Buffer[] => bodies.map((body) => post(toPort, path, body, headers));
  const sides: Side[] = [
    { program: gateway, port, requests, slices: [] },
    { program: bare, port: await bare.port(), requests: alike(await bare.port()), slices: [] },
  ];
  // A stream is nothing that it keeps as one, and it takes bodies over a few kilobytes from files.
  if (nginx !== undefined && !each.stream && each.bytes === KB) {
    sides.push({ ...nginx, requests: alike(nginx.port), slices: [] });
  }
  for (const side of sides) await slice(side, WARM_UP_MS);
  for (let round = 0; round < ROUNDS; round++) {
    for (const side of sides) side.slices.push(await slice(side, SLICE_MS));
  }
  const [after] = await runs(port);
  if (after !== misses) throw new Error(`${each.name}: ${after - misses} answers were no hits`);
  return compared(each, sides, answerBytes);
}

/** Different questions of about so many bytes. */
function bodiesOf({ path, bodies, bytes, stream }: Case): object[] {
  const ask = DIALECTS[path];
  if (ask === undefined) throw new Error(`no dialect has ${path}`);
  return Array.from({ length: bodies }, (_, number) =>
    ask(
      [
        { role: 'system', content: 'You are a helpful assistant. Answer in short sentences.' },
        { role: 'user', content: `Why does bread rise? (${bytes} ${number}) ${prose(bytes - 250)}` },
      ],
      stream,
    ),
  );
}

/** Has each answer made once, and asks again; resolves with the bytes of the second answer, head included. */
async function kept(port: number, requests: readonly Buffer[]): Promise<number> {
  const connection = await Connection.open(port);
  let bytes = 0;
  for (const request of requests) {
    await connection.ask(request);
    bytes = (await connection.ask(request)).bytes;
  }
  connection.close();
  return bytes;
}

async function pathOfSize(port: number, answerBytes: number, stream: boolean): Promise<string> {
  const connection = await Connection.open(port);
  const at = stream ? '/stream/' : '/';
  // The head with a length of as many digits.
  const head = (await connection.ask(post(port, `${at}1000`, {}))).bytes - 1000;
  connection.close();
  return `${at}${Math.max(1, answerBytes - head)}`;
}

/** Runs of the model that requests have asked for. */
async function runs(port: number): Promise<[number]> {
  const { misses, coalesced } = await cacheCounts(port);
  return [misses + coalesced];
}

async function slice({ program, port, requests }: Side, forMs: number): Promise<Slice> {
  const before = cpuMs(program.pid);
  const measured = await load({ port, connections: CONNECTIONS, forMs, requests });
  const after = cpuMs(program.pid);
  return { ...measured, cpuMs: before === undefined || after === undefined ? undefined : after - before };
}

function compared(of: Case, [gateway, bare, nginx]: readonly Side[], answerBytes: number): Measured {
  const ours = gateway?.slices ?? [];
  const theirs = bare?.slices ?? [];
  const ratiosOf = (slices: readonly Slice[]): number[] =>
    slices.map(({ perSecond }, i) => perSecond / (theirs[i]?.perSecond ?? Number.NaN));
  const ratios = ratiosOf(ours);
  const [cost, least] = [microsecondsOf(ours), microsecondsOf(theirs)];
  const all = [median(ours.map(({ perSecond }) => perSecond)), median(theirs.map(({ perSecond }) => perSecond))];
  const [fast = 0, bareFast = 0] = all.map(Math.round);
  return {
    of,
    perSecond: median(ratios),
    cpu: least / cost,
    microseconds: [cost, least],
    nginx: nginx === undefined ? undefined : median(ratiosOf(nginx.slices)),
    note: `${of.name}: ${fast.toLocaleString('en')} requests/s, yardstick ${bareFast.toLocaleString('en')} (rounds ${spread(ratios, 2)}); processor time per request ${cost.toFixed(0)} µs, yardstick ${least.toFixed(0)} µs; an answer has ${answerBytes} bytes with its head.`,
  };
}

/** Processor time (user and system) of one request. It depends less than the clock on what else the machine does. */
function microsecondsOf(slices: readonly Slice[]): number {
  return (sum(slices.map((each) => each.cpuMs ?? Number.NaN)) * 1000) / sum(slices.map(({ requests }) => requests));
}

function inShort([cost, least]: readonly [number, number]): NonNullable<Finding['inShort']> {
  return {
    question: 'What a hit costs',
    answer: `${cost.toFixed(0)} µs of processor time on \`/api/chat\`, where a server that only reads, hashes and writes as much takes ${least.toFixed(0)} µs`,
  };
}

const WHY =
  'A hit also finds its entry, writes eleven headers and fills the gaps that differ each time (id, age, timing), and keeps the counts; the yardstick writes the same bytes in two headers, ready made. In a profile of it Hearth’s own code has a seventh of the time, and the rest is that of Node’s HTTP and of the system. Tried, and kept: the key is remembered by the raw bytes of the question, so nothing of it is parsed; the answer’s text is ready in parts; one writeHead with a flat list; no ticket, signal or listener for it; what the door said is remembered for the connection.';

function outcome(title: string, measured: readonly Measured[], withNginx: boolean): Outcome {
  return {
    findings: measured.map(({ of, perSecond, cpu, microseconds, nginx }): Finding => {
      const beside = nginx === undefined ? '' : `, nginx ${nginx.toFixed(2)}`;
      return {
        what: `${title}: ${of.name}`,
        measured: `${perSecond.toFixed(2)} × bare node:http (processor time ${cpu.toFixed(2)}${beside})`,
        budget: `≥ ${of.budget} ×`,
        kept: perSecond >= of.budget,
        why: WHY,
        ...(of.bodies > 1 && of.path === '/api/chat' ? { inShort: inShort(microseconds) } : {}),
      };
    }),
    notes: [
      `Medians of ${ROUNDS} rounds of ${SLICE_MS / 1000} s, gateway and yardstick in turn, on ${CONNECTIONS} connections. The first ratio is that of the requests/s, the second that of the processor time per request, which hangs less on what else the machine does. The yardstick reads the body, parses it as JSON, hashes it with SHA-256 and writes as many bytes.`,
      ...measured.map(({ note }) => note),
      withNginx
        ? 'nginx is that of Debian with proxy_cache and the body as key, one process, in front of the yardstick; only with the 1 kB bodies.'
        : 'nginx is not installed here, so there is none beside it.',
    ],
  };
}
