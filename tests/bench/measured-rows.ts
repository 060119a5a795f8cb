// What was measured of each row, when and how busy the machine was: docs/benchmarks.json. A whole run takes most of an hour, so each
// row is kept as soon as it is there and may be measured alone; the page is made of all of them. Ratios are taken within a row.
import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { ROWS } from './bench-rows.ts';
import { QUESTIONS, type Measured } from './report.ts';

const finding = z.strictObject({
  what: z.string(),
  measured: z.string(),
  budget: z.string(),
  kept: z.boolean().optional(),
  why: z.string().optional(),
  inShort: z.strictObject({ question: z.enum(QUESTIONS), answer: z.string() }).optional(),
});

const measuredRow = z.strictObject({
  row: z.string(),
  /** The day. */
  at: z.iso.date(),
  /** The load average of the last minute when it began. */
  load: z.number(),
  /** As report.ts says it: rows of another machine, or of another Node, are no part of the page. */
  machine: z.string(),
  outcome: z.strictObject({ findings: z.array(finding), notes: z.array(z.string()) }),
});
type Kept = z.infer<typeof measuredRow>;

const file = z.array(measuredRow);

/** Puts what was measured into the file. Resolves with all that was measured on the same machine, in the order of ROWS. */
export async function kept(path: string, { row, at, load, outcome }: Measured, machine: string): Promise<Measured[]> {
  const before = file.parse(JSON.parse(await readFile(path, 'utf8').catch(() => '[]')));
  const entry = { row: row.name, at, load, machine, outcome } as Kept;
  const others = before.filter((each) => each.row !== row.name && each.machine === machine);
  const all = ROWS.flatMap(({ name }) => [...others, entry].filter((each) => each.row === name));
  await writeFile(path, `${JSON.stringify(all, undefined, 2)}\n`);
  return all.flatMap((each) =>
    ROWS.filter(({ name }) => name === each.row).map((of) => ({ ...each, row: of }) as Measured),
  );
}
