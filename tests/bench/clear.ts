// Row "clear": for how long other work has to wait while entries are removed from a large response cache, each way there
// is. It measures the cache alone, not the gateway around it.
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

type Measured = Readonly<Record<Way, { readonly removed: number; readonly longest: number; readonly total: number }>>;

export const clear: Row = {
  name: 'clear',
  title: 'Clearing a large cache',
  limitMs: 300_000,
  async run() {
    const rounds: Measured[] = [];
    for (let i = 0; i < ROUNDS; i++) rounds.push(await measure());
    const of = (way: Way, what: 'removed' | 'longest' | 'total'): number =>
      median(rounds.map((round) => round[way][what]));
    return {
      findings: WAYS.map((way) => ({
        what: `Removing ${WORDS[way]}, of ${ENTRIES.toLocaleString('en')} entries: longest block`,
        measured: `${of(way, 'longest').toFixed(1)} ms`,
        budget: `≤ ${BUDGET_MS} ms`,
        kept: of(way, 'longest') <= BUDGET_MS,
      })),
      notes: WAYS.map(
        (way) =>
          `${WORDS[way]}: ${of(way, 'removed').toLocaleString('en')} removed, and their room taken back after ${of(way, 'total').toFixed(0)} ms; longest block ${of(way, 'longest').toFixed(1)} ms (median of ${ROUNDS} runs, ${rounds.map((round) => round[way].longest.toFixed(1)).join(', ')}).`,
      ),
    };
  },
};

async function measure(): Promise<Measured> {
  const program = new Program('clear-main.js', [String(ENTRIES)], ['--expose-gc']);
  const [, json = ''] = await program.expect(/cleared (\{.*\})\n/, 60_000);
  await program.stop();
  return JSON.parse(json) as Measured;
}
