// Row "line": what each one costs who stands in line, in a short line and in a long one: to come, to be told and to be
// answered in turn, and to leave. In processor time of the gateway, so that the answer of the model is not in it but for
// its reading. Callers read streams, as they are told every change of their place.
import { seesUpstream } from './ask.ts';
import { Connection, jsonOf } from './connection.ts';
import { cpuMs as usedBy, Program, startGateway, startUpstream } from './programs.ts';
import type { Outcome, Row } from './report.ts';
import { conversation, get, post } from './bench-requests.ts';
import { eventually } from '../support/waiting.ts';
import { median, spread } from './stats.ts';

const SHORT = 100;
const LONG = 5000;
const SHORT_LINES = 5;
const ROUNDS = 5;
/** Lines of the short kind before all: V8 goes on optimising for some thousand requests. */
const WARM_UP_LINES = 10;
const BUDGET = 1.25;
/** Milliseconds of processor time for one waiter, in and out, in the queue alone. */
const ALONE_BUDGET = 0.3;
const ALONE_RUNS = 5;
const EMPTY_MS = 30_000;

const STEPS = ['in', 'out', 'abandoned'] as const;
type Step = (typeof STEPS)[number];

/** Milliseconds of the gateway's processor time for one waiter. */
type Costs = Readonly<Record<Step, number>>;

export const line: Row = {
  name: 'line',
  title: 'The line, 100 and 5,000 waiters',
  limitMs: 900_000,
  async run() {
    const upstream = startUpstream({});
    const gateway = startGateway(await upstream.port(), [`queue.max_queue_size=${LONG}`]);
    const bench = await Bench.open(upstream, gateway);
    await bench.lines(WARM_UP_LINES, SHORT);
    const [short, long]: [Costs[], Costs[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      short.push(await bench.lines(SHORT_LINES, SHORT));
      long.push(await bench.lines(1, LONG));
    }
    await Promise.all([gateway.stop(), upstream.stop()]);
    return outcome(short, long, { short: await alone(SHORT), long: await alone(LONG) });
  },
};

/** What one costs in the queue alone, in lines of this length; each run in a process of its own. */
async function alone(length: number): Promise<number[]> {
  const costs: number[] = [];
  for (let i = 0; i < ALONE_RUNS; i++) {
    const program = new Program('queue-main.js', [String(length)]);
    const [, cost] = await program.expect(/queue ([\d.]+)\n/);
    await program.stop();
    costs.push(Number(cost));
  }
  return costs;
}

class Bench {
  readonly #upstream: Program;
  readonly #gateway: Program;
  readonly #port: number;
  #asked = 0;

  private constructor(upstream: Program, gateway: Program, port: number) {
    this.#upstream = upstream;
    this.#gateway = gateway;
    this.#port = port;
  }

  static async open(upstream: Program, gateway: Program): Promise<Bench> {
    const port = await gateway.port();
    await seesUpstream(port);
    return new Bench(upstream, gateway, port);
  }

  /** What one costs of so many lines of this length, which come one after the other. */
  async lines(count: number, length: number): Promise<Costs> {
    const sums = { in: 0, out: 0, abandoned: 0 };
    for (let i = 0; i < count; i++) {
      const served = await this.#stand(length);
      sums.in += served.cpuMs;
      sums.out += await this.#cost(async () => {
        await this.#upstream.say('release', /released\n/);
        await Promise.all(served.ends);
      });
      served.close();
      const left = await this.#stand(length);
      sums.in += left.cpuMs;
      sums.abandoned += await this.#cost(async () => {
        left.leave();
        await this.#empty(left.looker);
      });
      await this.#upstream.say('release', /released\n/);
      await left.first;
      left.close();
    }
    const all = count * length;
    return { in: sums.in / (2 * all), out: sums.out / all, abandoned: sums.abandoned / all };
  }

  /** A line of so many, behind one that runs until the upstream lets it go. */
  async #stand(length: number): Promise<Standing> {
    await this.#upstream.say('hold', /held\n/);
    // New ones for each line: the gateway closes a connection that was idle for as long as a long line takes.
    const [leader, looker] = [await Connection.open(this.#port), await Connection.open(this.#port)];
    const first = leader.ask(this.#question());
    await eventually('the first runs', async () => (await this.#queue(looker)).running > 0, { everyMs: 5 });
    const callers = await Promise.all(Array.from({ length }, () => Connection.open(this.#port)));
    const ends: Promise<unknown>[] = [first];
    const cpuMs = await this.#cost(async () => {
      const places = callers.map(
        (caller) =>
          new Promise<void>((resolve) => {
            const asked = caller.ask(this.#question(), (bytes) => void (bytes.includes('"position"') && resolve()));
            // Who leaves on purpose has no end.
            asked.catch(() => undefined);
            ends.push(asked);
          }),
      );
      await Promise.all(places);
    });
    const leave = (): void => {
      for (const caller of callers) caller.close();
    };
    const close = (): void => {
      leave();
      leader.close();
      looker.close();
    };
    return { cpuMs, first, ends, looker, leave, close };
  }

  #question(): Buffer {
    const messages = conversation(`waiter ${this.#asked++}`);
    return post(this.#port, '/api/chat-optimized', { messages, stream: true });
  }

  async #queue(looker: Connection): Promise<{ readonly length: number; readonly running: number }> {
    const health = jsonOf(await looker.ask(get(this.#port, '/health')));
    return (health as { queue: { length: number; running: number } }).queue;
  }

  async #empty(looker: Connection): Promise<void> {
    const isEmpty = async (): Promise<boolean> => (await this.#queue(looker)).length === 0;
    await eventually('nobody waits after all have left', isEmpty, { limitMs: EMPTY_MS, everyMs: 5 });
  }

  async #cost(work: () => Promise<void>): Promise<number> {
    const before = usedBy(this.#gateway.pid) ?? Number.NaN;
    await work();
    return (usedBy(this.#gateway.pid) ?? Number.NaN) - before;
  }
}

interface Standing {
  /** What it cost until all of them knew their place. */
  readonly cpuMs: number;
  readonly first: Promise<unknown>;
  /** Resolve when all have their answers, that of the first one too. */
  readonly ends: readonly Promise<unknown>[];
  /** Who looks how many wait. */
  readonly looker: Connection;
  /** All but the first one leave. */
  leave(): void;
  close(): void;
}

function outcome(
  short: readonly Costs[],
  long: readonly Costs[],
  queue: { readonly short: readonly number[]; readonly long: readonly number[] },
): Outcome {
  const ratioOf = (step: Step): number => median(long.map((each, i) => each[step] / (short[i]?.[step] ?? Number.NaN)));
  const words: Record<Step, string> = { in: 'to come', out: 'to be answered', abandoned: 'to leave' };
  const figures = (costs: readonly Costs[]): string =>
    STEPS.map((step) => {
      const all = costs.map((each) => each[step]);
      return `${words[step]} ${median(all).toFixed(2)} ms (${spread(all, 2)})`;
    }).join(', ');
  return {
    findings: [
      ...STEPS.map((step) => {
        const ratio = ratioOf(step);
        const known = !Number.isNaN(ratio);
        return {
          what: `In line, processor time ${words[step]}: each of 5,000 against each of 100`,
          measured: known ? `${ratio.toFixed(2)} ×` : 'this system does not tell',
          budget: `flat: ≤ ${BUDGET} ×`,
          kept: known ? ratio <= BUDGET : undefined,
        };
      }),
      ...(
        [
          ['100', queue.short],
          ['5,000', queue.long],
        ] as const
      ).map(([length, costs]) => ({
        what: `In line, the queue alone: processor time of each of ${length}, in and out`,
        measured: `${median(costs).toFixed(2)} ms`,
        budget: `≤ ${ALONE_BUDGET} ms`,
        kept: median(costs) <= ALONE_BUDGET,
      })),
    ],
    notes: [
      `The queue alone, without a request around it, each in and out: ${median(queue.short).toFixed(3)} ms (${spread(queue.short, 3)}) in lines of ${SHORT}, ${median(queue.long).toFixed(3)} ms (${spread(queue.long, 3)}) in lines of ${LONG.toLocaleString('en')}; two models, four callers, ${ALONE_RUNS} runs of each.`,
      `${ROUNDS} rounds after ${WARM_UP_LINES} lines of warm-up: in each ${SHORT_LINES} lines of ${SHORT} callers one after the other, and one of ${LONG.toLocaleString('en')}; the ratio is the median of the rounds' ratios. Each caller streams on a connection that was open before, and a run that is held keeps the one slot until all of a line stand in it.`,
      `A line of ${SHORT}, for each: ${figures(short)}.`,
      `A line of ${LONG.toLocaleString('en')}, for each: ${figures(long)}.`,
      'To come ends when each knows its place; to be answered has the run of the model in it, with its HTTP exchange and the keeping of its answer; to leave ends when nobody waits any more.',
    ],
  };
}
