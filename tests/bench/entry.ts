// Row "entry": what an entry of the response cache really costs in resident memory beyond what the cache counts for it.
// It checks BOOKKEEPING_BYTES in backend/core/cache.ts; it measures the cache alone, not the gateway around it.
import { Program } from './programs.ts';
import type { Row } from './report.ts';
import { median } from './stats.ts';

interface Measured {
  readonly entries: number;
  /** Bytes that the cache counts for one entry, and those of record and key alone. */
  readonly counted: number;
  readonly own: number;
  /** Bytes per entry by which the process grew. */
  readonly resident: number;
  readonly heap: number;
  readonly external: number;
}

const CASES = [
  { entries: 100_000, chars: 60, times: 1 },
  { entries: 100_000, chars: 60, times: 3 },
  { entries: 50_000, chars: 1500, times: 1 },
  { entries: 40_000, chars: 5000, times: 3 },
] as const;
const REPEATS = 3;

export const entry: Row = {
  name: 'entry',
  title: 'Bytes of one cache entry',
  limitMs: 120_000,
  async run() {
    const notes: string[] = [];
    const bookkeeping: number[] = [];
    let counts = 0;
    for (const { entries, chars, times } of CASES) {
      const runs: Measured[] = [];
      for (let i = 0; i < REPEATS; i++) runs.push(await measure(entries, chars, times));
      const middle = (pick: (each: Measured) => number): number => Math.round(median(runs.map(pick)));
      const own = middle((each) => each.own);
      const beside = middle((each) => each.resident - each.own);
      counts = middle((each) => each.counted - each.own);
      bookkeeping.push(beside);
      notes.push(
        `${entries.toLocaleString('en')} entries of ${own} bytes (record and key)${times > 1 ? `, each place filled ${times} times over` : ''}: ${middle((each) => each.resident)} resident bytes each, so ${beside} beside record and key (V8's heap grew by ${middle((each) => each.heap)}, other memory of Node by ${middle((each) => each.external)}).`,
      );
    }
    const smallest = bookkeeping[0] ?? Number.NaN;
    return {
      findings: [
        {
          what: 'Resident bytes of a small cache entry beyond those counted',
          measured: `${(smallest - counts).toFixed(0)} (beside record and key ${smallest}, counted ${counts})`,
          budget: '–',
          kept: undefined,
        },
      ],
      notes: [
        ...notes,
        `The median of ${REPEATS} runs each, every run in a process of its own, after a full garbage collection.`,
      ],
    };
  },
};

async function measure(entries: number, chars: number, times: number): Promise<Measured> {
  const program = new Program('entry-main.js', [String(entries), String(chars), String(times)], ['--expose-gc']);
  const [, json = ''] = await program.expect(/entries (\{.*\})\n/, 60_000);
  await program.stop();
  return JSON.parse(json) as Measured;
}
