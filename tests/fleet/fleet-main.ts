// `npm run fleet -- --kills 500 --seed 1`: three gateways, three Ollamas, Valkey with a replica and nginx, each on a machine of its
// own in network namespaces that this makes and takes away again; does to them what can happen to a fleet, and says of each
// promise whether it held. With --short it takes minutes, with --only TEXT it does what has the text in its name; --json FILE
// writes the results, --write puts them into docs/scale.md. The exit code is 1 where a promise was not kept.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { Network, whyNoNetwork } from './network.ts';
import { pageWith } from './scale-page.ts';
import { runTrials } from './trials.ts';

/** Of the process that makes the network, told to the one that runs inside of it. */
const INSIDE = 'HEARTH_FLEET_NETWORK';
const PAGE = 'docs/scale.md';
const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Makes the network, has the same program run in it, and takes it away, whatever came of that. */
async function around(): Promise<number> {
  const why = whyNoNetwork();
  if (why !== undefined) {
    process.stderr.write(`${why}\n`);
    return 69;
  }
  const network = new Network();
  // Whoever runs inside has the signal too, or is ended with the network.
  const stopped = Promise.race(['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => once(process, signal)));
  try {
    network.build();
    const [command, ...args] = network.on('callers');
    const inside = spawn(command, [...args, process.execPath, ...process.argv.slice(1)], {
      stdio: 'inherit',
      env: { ...process.env, [INSIDE]: network.id },
    });
    const ended = once(inside, 'exit').then(([code]) => Number(code ?? 1));
    return await Promise.race([ended, stopped.then(() => 130)]);
  } finally {
    network.remove();
  }
}

async function inside(id: string): Promise<number> {
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
  const isFull = !values.short;
  const seed = Number(values.seed);
  const kills = Number(values.kills ?? (isFull ? 500 : 20));
  say(`seed ${seed}, ${kills} kills, the ${isFull ? 'full' : 'short'} form`);
  const results = await runTrials(new Network(id), {
    seed,
    kills,
    isFull,
    only: ({ name }) => name.toLowerCase().includes(values.only.toLowerCase()),
    say: (text) => say(`      ${new Date().toISOString().slice(11, 19)} ${text}`),
    onResult({ name, promise, isKept, seen, figures, seconds }) {
      say(`${isKept ? 'held' : 'NOT KEPT'}  ${name} (${seconds} s)\n      promised: ${promise}\n      seen: ${seen}`);
      for (const { what, measured, goal } of figures) {
        say(
          `      ${what}: ${measured}${goal === undefined ? '' : ` (${goal.says}: ${goal.isKept ? 'kept' : 'missed'})`}`,
        );
      }
    },
  });
  const run = { seed, kills, form: isFull ? 'full' : 'short', node: process.version, results } as const;
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(run, null, 2)}\n`);
  if (values.write) {
    const page = pageWith(await readFile(PAGE, 'utf8'), run);
    await writeFile(PAGE, await format(page, { ...(await resolveConfig(PAGE)), filepath: PAGE }));
  }
  const held = results.filter(({ isKept }) => isKept).length;
  say(`${held} of ${results.length} held${held < results.length ? `, with seed ${seed}` : ''}`);
  return held < results.length ? 1 : 0;
}

const id = process.env[INSIDE];
process.exit(await (id === undefined ? around() : inside(id)));
