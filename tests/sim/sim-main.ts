// `npm run sim -- [days | prompts | fleet] --seed 1`: plays what cannot be tried here, and prints what came of it. With --write the tables
// go into the papers that show them. `days` (--days 60) is the line on simulated days, `prompts` what model servers remember of prompts, `fleet` many
// gateways and many people.
import { parseArgs } from 'node:util';
import { simulateFleets } from './fleet/simulate-fleets.ts';
import { simulateDays } from './simulate-days.ts';
import { simulatePrompts } from './simulate-prompts.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    days: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    write: { type: 'boolean', default: false },
  },
});
const [what = 'days', ...more] = positionals;
const seed = Number(values.seed);
const PLAYS: Readonly<Record<string, () => Promise<void>>> = {
  days: () => simulateDays(Number(values.days), seed, values.write),
  prompts: () => simulatePrompts(values.write),
  fleet: () => simulateFleets(seed, values.write),
};
const play = more.length === 0 ? PLAYS[what] : undefined;
if (play === undefined) {
  process.stderr.write(`Usage: npm run sim -- [${Object.keys(PLAYS).join(' | ')}] [--days N] [--seed N] [--write]\n`);
  process.exitCode = 64;
} else await play();
