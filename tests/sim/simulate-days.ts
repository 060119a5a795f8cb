// Simulated days before the line as it is, as it was, and before "first come, first served". The tables go into
// docs/scheduling.md, the short one into README.md.
import { readFile, writeFile } from 'node:fs/promises';
import { withBetween } from '../support/made-tables.ts';
import { compare, type Row } from './comparison.ts';
import { beforeAndAfter, pageWith, README_MARK, TABLES } from './scheduling-page.ts';

const PAGE = 'docs/scheduling.md';
const README = 'README.md';

/** Plays them and prints the tables; with `write` into the papers as well. A bound that did not hold ends the process with 1. */
export async function simulateDays(days: number, seed: number, write: boolean): Promise<void> {
  const startedAt = performance.now();
  let done = 0;
  const onDay = (): void => {
    done++;
    if (done % 200 === 0)
      process.stderr.write(`${done} days, ${Math.round((performance.now() - startedAt) / 1000)} s\n`);
  };
  const found: Row[][] = [];
  for (const { slots } of TABLES) found.push(await compare({ days, seed, slots, onDay }));
  const page = pageWith(await readFile(PAGE, 'utf8'), found);
  if (write) {
    await writeFile(PAGE, page.text);
    await writeFile(README, withBetween(await readFile(README, 'utf8'), README_MARK, beforeAndAfter(page.text)));
  }
  process.stdout.write(`${page.tables.join('\n\n')}\n`);

  const broken = found.flat().flatMap((row) => row.broken);
  if (broken.length === 0) return;
  process.stderr.write(`${broken.join('\n')}\n`);
  process.exitCode = 1;
}
