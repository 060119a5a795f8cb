// Row "prompts": what the regard for prompts costs. To put those who wait in order by their prompts, in a short line and in a long
// one; and to keep what changes in a long prompt the same, which happens on the road of every request of an app with such a rule. In
// processor time, each run in a process of its own.
import { Program } from './programs.ts';
import type { Outcome, Row } from './report.ts';
import { median, spread } from './stats.ts';

const SHORT = 100;
const LONG = 5000;
const RUNS = 5;
const LIMIT_MS = 120_000;
const FLAT = 1.25;
/** Milliseconds for one waiter, in and out, its prompt of 10,000 characters read once. */
const ALONE = 0.5;
/** Milliseconds for a request of 80,000 characters, and for the first one of a process. */
const EACH = 1;
const FIRST = 20;

const KINDS = [
  ['none', 'with rules, and nothing to keep'],
  ['billing_line', 'the line of Claude Code'],
  ['to_day', 'a clock, its day left'],
  ['to_end', 'a clock to the end'],
] as const;

interface PinCost {
  readonly first: number;
  readonly each: number;
}

export const prompts: Row = {
  name: 'prompts',
  title: 'Order by prompts, and what is kept the same in them',
  limitMs: 600_000,
  async run() {
    const lines: Record<'short' | 'long', number[]> = { short: [], long: [] };
    for (let i = 0; i < RUNS; i++) {
      lines.short.push(await told<number>('line', String(SHORT)));
      lines.long.push(await told<number>('line', String(LONG)));
    }
    const pins = new Map<string, PinCost[]>();
    for (const [kind] of KINDS) {
      const runs: PinCost[] = [];
      for (let i = 0; i < RUNS; i++) runs.push(await told<PinCost>('pins', kind));
      pins.set(kind, runs);
    }
    return outcome(lines, pins);
  },
};

async function told<T>(what: string, which: string): Promise<T> {
  const program = new Program('prompts-main.js', [what, which]);
  const [, json = ''] = await program.expect(/prompts (.+)\n/, LIMIT_MS);
  await program.stop();
  return JSON.parse(json) as T;
}

function outcome(
  { short, long }: Readonly<Record<'short' | 'long', readonly number[]>>,
  pins: ReadonlyMap<string, readonly PinCost[]>,
): Outcome {
  const ratio = median(long.map((cost, i) => cost / (short[i] ?? Number.NaN)));
  const all = [...pins.values()].flat();
  const dearest = Math.max(...[...pins.values()].map((runs) => median(runs.map(({ each }) => each))));
  const first = Math.max(...[...pins.values()].map((runs) => median(runs.map((run) => run.first))));
  const alone = median(long);
  return {
    findings: [
      {
        what: 'In order by prompt, processor time of each: among 5,000 against among 100',
        measured: `${ratio.toFixed(2)} ×`,
        budget: `flat: ≤ ${FLAT} ×`,
        kept: ratio <= FLAT,
      },
      {
        what: 'In order by prompt, processor time of each of 5,000, in and out',
        measured: `${alone.toFixed(2)} ms`,
        budget: `≤ ${ALONE} ms`,
        kept: alone <= ALONE,
      },
      {
        what: 'To keep a prompt of 80,000 characters the same, processor time of the dearest kind',
        measured: `${dearest.toFixed(2)} ms`,
        budget: `≤ ${EACH} ms`,
        kept: dearest <= EACH,
      },
      {
        what: 'The same, the first one after a start',
        measured: `${first.toFixed(1)} ms`,
        budget: `≤ ${FIRST} ms`,
        kept: first <= FIRST,
      },
    ],
    notes: [
      `The queue alone, with what a runner holds of prompts: eight conversations of 10,000 characters take turns, four callers, ${RUNS} runs of each. For each waiter ${median(short).toFixed(3)} ms (${spread(short, 3)}) in lines of ${SHORT}, ${alone.toFixed(3)} ms (${spread(long, 3)}) in lines of ${LONG.toLocaleString('en')}.`,
      ...KINDS.map(([kind, words]) => {
        const runs = pins.get(kind) ?? all;
        return `A request of 80,000 characters, ${words}: ${median(runs.map(({ each }) => each)).toFixed(2)} ms, the first one ${median(runs.map((run) => run.first)).toFixed(1)} ms (${spread(
          runs.map((run) => run.first),
          1,
        )}).`;
      }),
    ],
  };
}
