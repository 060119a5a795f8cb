// `npm run bench`: measures the budgets, one after the other, and prints them as a table; with --write each goes, as soon as it is
// there, into docs/benchmarks.json, and from there into docs/benchmarks.md, README.md and docs/comparison.md. It asserts nothing: a
// missed budget is a line in the table, not a failure.
import { readFile, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { stopAll } from './programs.ts';
import { ROWS } from './bench-rows.ts';
import { kept } from './measured-rows.ts';
import { document, findingsTable, machine, type Measured, type Outcome, type Row, withAnswers } from './report.ts';

const USAGE = `Usage: npm run bench -- [--only ROW]… [--write]

Rows: ${ROWS.map(({ name }) => name).join(', ')}. --write puts them into docs/benchmarks.md, where
the others stay as they were measured, and the short answers into README.md and docs/comparison.md.
`;
const [README, COMPARISON, PAGE, FIGURES] = [
  'README.md',
  'docs/comparison.md',
  'docs/benchmarks.md',
  'docs/benchmarks.json',
].map((path) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))) as [string, string, string, string];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { only: { type: 'string', multiple: true }, write: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  const wanted = values.only ?? ROWS.map(({ name }) => name);
  const unknown = wanted.filter((name) => !ROWS.some((row) => row.name === name));
  if (values.help === true || unknown.length > 0) {
    process.stderr.write(USAGE);
    process.exitCode = values.help === true ? 0 : 64;
    return;
  }
  const measured: Measured[] = [];
  for (const row of ROWS.filter(({ name }) => wanted.includes(name))) {
    process.stderr.write(`${row.title} …\n`);
    const load = loadavg()[0] ?? Number.NaN;
    const outcome = await withinLimit(row);
    const one = { row, at: new Date().toISOString().slice(0, 10), load, outcome };
    measured.push(one);
    if (values.write === true) await write(one);
    process.stdout.write(`\n${row.title}\n${outcome.notes.map((note) => `- ${note}`).join('\n')}\n\n`);
  }
  process.stdout.write(`\n${machine()}\n\n${findingsTable(measured)}\n`);
}

/** Into the file of all figures, and from there into the papers. */
async function write(one: Measured): Promise<void> {
  const all = await kept(FIGURES, one, machine());
  const missing = ROWS.filter(({ name }) => all.every(({ row }) => row.name !== name)).map(({ title }) => title);
  await writeFile(PAGE, document(all, 'npm run bench -- --write', missing));
  for (const path of [README, COMPARISON]) await writeFile(path, withAnswers(await readFile(path, 'utf8'), all));
}

/** Ends all programs of a row with it, however it went. */
async function withinLimit(row: Row): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`"${row.name}" took longer than ${row.limitMs / 1000} s`)), row.limitMs);
  });
  try {
    return await Promise.race([row.run(), limit]);
  } finally {
    clearTimeout(timer);
    await stopAll();
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stopAll().then(() => process.exit(1)));
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  // Connections of a row that was given up would keep the process.
  process.exit(1);
});
