// Row "command": what a command of `hearth` takes from spawn to its exit, against an empty Node program, in turn: one that asks
// nobody and one that asks a gateway that runs. With V8's code of an earlier start of the gateway, and without.
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { emptyFolder, Program, startGateway, startUpstream } from './programs.ts';
import type { Row } from './report.ts';
import { median, spread } from './stats.ts';

const ROUNDS = 10;
const BUDGET = 3;
/** A gateway keeps V8's code two seconds after its start (backend/cli/boot.ts). */
const KEPT_MS = 3000;

export const command: Row = {
  name: 'command',
  title: 'Start of a command',
  limitMs: 120_000,
  async run() {
    const upstream = startUpstream({});
    const kept = `${emptyFolder()}/command-code`;
    const none = `${emptyFolder()}/none/code`;
    const gateway = startGateway(await upstream.port(), [], { HEARTH_CODE_CACHE: kept });
    const url = `http://127.0.0.1:${await gateway.port()}`;
    await sleep(KEPT_MS);
    const times: Record<'empty' | 'version' | 'status' | 'first', number[]> = {
      empty: [],
      version: [],
      status: [],
      first: [],
    };
    for (let round = 0; round <= ROUNDS; round++) {
      times.empty.push(await timeOf('empty.js', [], {}));
      times.version.push(await timeOf('../../hearth.mjs', ['--version'], { HEARTH_CODE_CACHE: kept }));
      times.status.push(await timeOf('../../hearth.mjs', ['status'], { HEARTH_CODE_CACHE: kept, HEARTH_URL: url }));
      times.first.push(await timeOf('../../hearth.mjs', ['status'], { HEARTH_CODE_CACHE: none, HEARTH_URL: url }));
    }
    await gateway.stop();
    await upstream.stop();
    for (const each of Object.values(times)) each.shift();
    const against = (each: readonly number[]): number => median(each) / median(times.empty);
    const told = (each: readonly number[]): string => `${median(each).toFixed(0)} ms (${spread(each, 0)})`;
    const finding = (what: string, each: readonly number[], why: string) => ({
      what,
      measured: `${against(each).toFixed(2)} × an empty Node program`,
      budget: `≤ ${BUDGET} ×`,
      kept: against(each) <= BUDGET,
      why,
    });
    const first = 'Without V8’s code all of the one file has to be looked through, though most of it is not run.';
    return {
      findings: [
        finding('`hearth --version`, spawn to exit', times.version, 'The file is read, and the parser is run.'),
        finding('`hearth status` of a gateway that runs', times.status, 'Beside that: Node’s HTTP, and the answer.'),
        finding('The same before a gateway has run once', times.first, first),
      ],
      notes: [
        `${ROUNDS} rounds in turn after one that is not counted. Empty: median ${told(times.empty)}; --version ${told(times.version)}; status ${told(times.status)}; without V8's code ${told(times.first)}.`,
      ],
    };
  },
};

/** Milliseconds from spawn to exit. */
async function timeOf(script: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const program = new Program(script, args, undefined, undefined, env);
  const code = await program.exited;
  const ms = performance.now() - program.startedAt;
  if (code !== 0) throw new Error(`${script} ${args.join(' ')} ended with ${code}`);
  return ms;
}
