// Row "clear": for how long other work has to wait while entries are removed from a large response cache, each way there
// is. It measures the cache alone, not the gateway around it.
import { GROUP_SIZE } from '../../backend/core/cache/groups.ts';
import { Program } from './programs.ts';
import type { Row } from './report.ts';
import { median } from './stats.ts';

const ENTRIES = 200_000;
const ROUNDS = 5;
const BUDGET_MS = 5;
const WORDS = {
  model: 'those of one model in four',
  everything: 'all',
  age: 'those older than some seconds',
  prefix: 'one, by the beginning of its key',
} as const;
type Way = keyof typeof WORDS;
const WAYS: readonly Way[] = ['model', 'everything', 'age', 'prefix'];

interface Figures {
  readonly removed: number;
  readonly longest: number;
  readonly total: number;
}
/** `nothing`: the yardstick, the same cache and as long a time in which nothing is removed. */
type Measured = Readonly<Record<Way | 'nothing', Figures>>;

export const clear: Row = {
  name: 'clear',
  title: 'Clearing a large cache',
  limitMs: 300_000,
  async run() {
    const rounds: Measured[] = [];
    for (let i = 0; i < ROUNDS; i++) rounds.push(await measure());
    const of = (way: Way | 'nothing', what: keyof Figures): number => median(rounds.map((round) => round[way][what]));
    const each = (way: Way | 'nothing'): string => rounds.map((round) => round[way].longest.toFixed(1)).join(', ');
    const more = (way: Way): number => Math.max(0, of(way, 'longest') - of('nothing', 'longest'));
    return {
      findings: WAYS.map((way) => ({
        what: `Removing ${WORDS[way]}, of ${ENTRIES.toLocaleString('en')} entries: longest block`,
        measured: `${of(way, 'longest').toFixed(1)} ms, ${more(way).toFixed(1)} ms more than with nothing removed`,
        budget: `≤ ${BUDGET_MS} ms`,
        kept: of(way, 'longest') <= BUDGET_MS,
        why: `A portion of tidying is one group of ${GROUP_SIZE} entries. The same program is held up for ${of('nothing', 'longest').toFixed(1)} ms while nothing is removed: V8 collects meanwhile. Tried, and kept: what is removed is marked by group at once, and freed group by group with turns for others in between.`,
      })),
      notes: [
        ...WAYS.map(
          (way) =>
            `${WORDS[way]}: ${of(way, 'removed').toLocaleString('en')} removed, and their room taken back after ${of(way, 'total').toFixed(0)} ms; longest block ${of(way, 'longest').toFixed(1)} ms (median of ${ROUNDS} runs, ${each(way)}).`,
        ),
        `nothing, on the same cache and for as long: longest block ${of('nothing', 'longest').toFixed(1)} ms (${each('nothing')}). So long a program that does nothing is held up. A block is counted without what other programs took of it: it is no longer than the processor time that went into it.`,
      ],
    };
  },
};

async function measure(): Promise<Measured> {
  const program = new Program('clear-main.js', [String(ENTRIES)], ['--expose-gc']);
  const [, json = ''] = await program.expect(/cleared (\{.*\})\n/, 60_000);
  await program.stop();
  return JSON.parse(json) as Measured;
}
