// Row "entry": what an entry of the response cache really costs in resident memory beyond what the cache counts for it.
// It checks BOOKKEEPING_BYTES in backend/core/cache/answer-memory.ts; it measures the cache alone, not the gateway around it.
import { Program } from './programs.ts';
import type { Row } from './report.ts';
import { median } from './stats.ts';

interface Measured {
  readonly kept: number;
  /** Bytes that the cache counts for one entry, and those of record and key alone. */
  readonly counted: number;
  readonly own: number;
  /** Bytes per entry by which the process grew, and after all entries had been replaced several times. */
  readonly resident: number;
  readonly refilled: number;
}

const CASES = [
  { entries: 60_000, chars: 60 },
  { entries: 30_000, chars: 5000 },
] as const;
const REPEATS = 2;

export const entry: Row = {
  name: 'entry',
  title: 'Bytes of one cache entry',
  limitMs: 180_000,
  async run() {
    const notes: string[] = [];
    const beside: number[] = [];
    let counts = 0;
    for (const { entries, chars } of CASES) {
      const runs: Measured[] = [];
      for (let i = 0; i < REPEATS; i++) runs.push(await measure(entries, chars));
      const middle = (pick: (each: Measured) => number): number => Math.round(median(runs.map(pick)));
      const own = middle((each) => each.own);
      const real = middle((each) => each.resident - each.own);
      const refilled = middle((each) => each.refilled - each.own);
      counts = middle((each) => each.counted - each.own);
      beside.push(real);
      notes.push(
        `${entries.toLocaleString('en')} entries of ${own} bytes (record and key): ${real} further resident bytes each; ${refilled} after all had been replaced three times. The cache counts ${counts}.`,
      );
    }
    const smallest = beside[0] ?? Number.NaN;
    return {
      findings: [
        {
          what: 'Resident bytes of a small cache entry beside record and key',
          measured: `${smallest}, and the cache counts ${counts}`,
          budget: '–',
          kept: undefined,
        },
      ],
      notes: [
        ...notes,
        `The median of ${REPEATS} runs, each in a process of its own and after full garbage collections; the first third of the entries is not counted, since it makes the heap as large as it gets.`,
      ],
    };
  },
};

async function measure(entries: number, chars: number): Promise<Measured> {
  const program = new Program('entry-main.js', [String(entries), String(chars)], ['--expose-gc']);
  const [, json = ''] = await program.expect(/entries (\{.*\})\n/, 60_000);
  await program.stop();
  return JSON.parse(json) as Measured;
}
