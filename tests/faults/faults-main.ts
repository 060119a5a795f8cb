// `npm run faults -- --kills 500 --seed 1`: breaks what can be broken around a gateway, and says of each promise whether it
// held. With --short in seconds what else takes minutes, with --only TEXT those whose name or area has the text; --json FILE
// writes the results, --write puts them into docs/reliability.md. The exit code is 1 where a promise was not kept.
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { runFaults, type Result } from './faults.ts';
import { pageWith, type Run } from './reliability-page.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string' },
    seed: { type: 'string', default: '1' },
    short: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const PAGE = 'docs/reliability.md';
const isFull = !values.short;
const seed = Number(values.seed);
const kills = Number(values.kills ?? (isFull ? 500 : 20));
const say = (text: string): void => void process.stdout.write(`${text}\n`);

say(`seed ${seed}, ${kills} kills, the ${isFull ? 'full' : 'short'} form`);
const onResult = ({ area, name, promise, outcome, seen, seconds }: Result): void =>
  say(`${outcome}  ${area}: ${name} (${seconds} s)\n      promised: ${promise}\n      seen: ${seen}`);
const only = ({ area, name }: { area: string; name: string }): boolean =>
  `${area} ${name}`.toLowerCase().includes(values.only.toLowerCase());
const onProgress = (progress: string): void => void process.stderr.write(`${progress}\n`);
const results = await runFaults({ seed, kills, isFull, only, onResult, onProgress });
const report: Run = { seed, kills, form: isFull ? 'full' : 'short', node: process.version, results };
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`);
if (values.write) {
  const page = await readFile(PAGE, 'utf8');
  await writeFile(PAGE, await format(pageWith(page, report), { ...(await resolveConfig(PAGE)), filepath: PAGE }));
}
const failed = results.filter(({ outcome }) => outcome === 'fail');
say(`${results.length - failed.length} of ${results.length} held${failed.length > 0 ? `, with seed ${seed}` : ''}`);
if (failed.length > 0) process.exitCode = 1;
