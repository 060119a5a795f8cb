// `npm run sim -- --days 60 --seed 1`: replays simulated days before the line as it is, as it was, and before "first come,
// first served", and prints what came of it. With --write the tables go into docs/scheduling.md, the short one into README.md.
// `npm run sim -- prompts` does the same with days of prompts, and what model servers remember of them: docs/prompt-reuse.md.
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { compare, type Row } from './comparison.ts';
import { withBetween } from '../support/made-tables.ts';
import { comparePrompts, promptTable, PROMPTS_MARK } from './prompt-page.ts';
import { beforeAndAfter, pageWith, README_MARK, TABLES } from './scheduling-page.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    days: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    write: { type: 'boolean', default: false },
  },
});
const [days, seed] = [Number(values.days), Number(values.seed)];

if (positionals[0] === 'prompts') await prompts();
else await lines();

/** docs/prompt-reuse.md */
async function prompts(): Promise<void> {
  const PAGE = 'docs/prompt-reuse.md';
  const made = promptTable(await comparePrompts());
  if (values.write) await writeFile(PAGE, withBetween(await readFile(PAGE, 'utf8'), PROMPTS_MARK, made));
  process.stdout.write(`${made}\n`);
}

/** docs/scheduling.md */
async function lines(): Promise<void> {
  const startedAt = performance.now();
  let done = 0;
  const onDay = (): void => {
    done++;
    if (done % 200 === 0)
      process.stderr.write(`${done} days, ${Math.round((performance.now() - startedAt) / 1000)} s\n`);
  };

  const found: Row[][] = [];
  for (const { slots } of TABLES) found.push(await compare({ days, seed, slots, onDay }));
  const PAGE = 'docs/scheduling.md';
  const README = 'README.md';
  const page = pageWith(await readFile(PAGE, 'utf8'), found);
  if (values.write) {
    await writeFile(PAGE, page.text);
    await writeFile(README, withBetween(await readFile(README, 'utf8'), README_MARK, beforeAndAfter(page.text)));
  }
  process.stdout.write(`${page.tables.join('\n\n')}\n`);

  const broken = found.flat().flatMap((row) => row.broken);
  if (broken.length > 0) {
    process.stderr.write(`${broken.join('\n')}\n`);
    process.exitCode = 1;
  }
}
