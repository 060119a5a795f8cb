// Days of prompts before simulated memories of prompts. The table goes into docs/prompt-reuse.md.
import { readFile, writeFile } from 'node:fs/promises';
import { withBetween } from '../support/made-tables.ts';
import { comparePrompts, promptTable, PROMPTS_MARK } from './prompt-page.ts';

const PAGE = 'docs/prompt-reuse.md';

/** Plays them and prints the table; with `write` into the page as well. */
export async function simulatePrompts(write: boolean): Promise<void> {
  const made = promptTable(await comparePrompts());
  if (write) await writeFile(PAGE, withBetween(await readFile(PAGE, 'utf8'), PROMPTS_MARK, made));
  process.stdout.write(`${made}\n`);
}
