// `npm run bench`: measures the budgets, one after the other, and prints them as a table; with
// --write also into docs/benchmarks.md, README.md and docs/comparison.md. It asserts nothing: a missed budget is a line in the table, not a failure.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { stopAll } from './programs.ts';
import { ROWS } from './bench-rows.ts';
import { document, findingsTable, machine, type Measured, type Outcome, type Row, withAnswers } from './report.ts';

const USAGE = `Usage: npm run bench -- [--only ROW]… [--write]

Rows: ${ROWS.map(({ name }) => name).join(', ')}. --write puts all of them into docs/benchmarks.md, and the
short answers into README.md and docs/comparison.md.
`;
/** Papers with the short answers in them. */
const SHORT = ['README.md', 'docs/comparison.md'].map((path) =>
  fileURLToPath(new URL(`../../../${path}`, import.meta.url)),
);
const DOCUMENT = fileURLToPath(new URL('../../../docs/benchmarks.md', import.meta.url));

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { only: { type: 'string', multiple: true }, write: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  const wanted = values.only ?? ROWS.map(({ name }) => name);
  const unknown = wanted.filter((name) => !ROWS.some((row) => row.name === name));
  // A page with a part of the rows would look like the whole.
  if (values.help === true || unknown.length > 0 || (values.write === true && values.only !== undefined)) {
    process.stderr.write(USAGE);
    process.exitCode = values.help === true ? 0 : 64;
    return;
  }
  const measured: Measured[] = [];
  for (const row of ROWS.filter(({ name }) => wanted.includes(name))) {
    process.stderr.write(`${row.title} …\n`);
    const outcome = await withinLimit(row);
    measured.push({ row, outcome });
    process.stdout.write(`\n${row.title}\n${outcome.notes.map((note) => `- ${note}`).join('\n')}\n\n`);
  }
  process.stdout.write(`\n${machine()}\n\n${findingsTable(measured)}\n`);
  if (values.write !== true) return;
  await mkdir(fileURLToPath(new URL('.', `file://${DOCUMENT}`)), { recursive: true });
  const now = new Date();
  await writeFile(DOCUMENT, document(measured, 'npm run bench -- --write', now));
  for (const path of SHORT) await writeFile(path, withAnswers(await readFile(path, 'utf8'), measured, now));
  process.stdout.write(`\nWritten to ${[DOCUMENT, ...SHORT].join(', ')}\n`);
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
