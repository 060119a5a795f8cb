// `hearth doctor`: checks everything once, judges each topic by itself, and says what to do.
import { checkCluster } from '../doctor/check-cluster.ts';
import { checkDisk } from '../doctor/check-disk.ts';
import {
  checkClocks,
  checkKeys,
  checkNotices,
  checkProxies,
  checkRunning,
  checkSettings,
} from '../doctor/check-gateway.ts';
import {
  checkContext,
  checkGpu,
  checkKeepAlive,
  checkModel,
  checkOllama,
  checkParallel,
} from '../doctor/check-ollama.ts';
import { checkMachines, hasMachines } from '../doctor/check-machines.ts';
import type { Finding } from '../doctor/finding.ts';
import { lookAround, type Known } from '../doctor/look-around.ts';
import { EXIT } from '../exits.ts';
import type { Run, Terminal } from '../command-host.ts';
import { painted, type Tone } from '../terminal/paint.ts';
import { wrapped } from '../terminal/table.ts';

type Check = (known: Known) => readonly Finding[] | Promise<readonly Finding[]>;

/** Runs a check only if there is a single Ollama, at ollama.api_url. */
const ofOne =
  (check: Check): Check =>
  (known) =>
    hasMachines(known) ? [] : check(known);

const CHECKS: readonly Check[] = [
  checkSettings,
  checkRunning,
  checkNotices,
  checkMachines,
  ofOne(checkOllama),
  checkModel,
  ofOne(checkParallel),
  checkContext,
  checkKeepAlive,
  checkGpu,
  checkKeys,
  checkProxies,
  checkDisk,
  checkCluster,
  checkClocks,
];

export const doctor: Run<'doctor'> = async ({ options }, host) => {
  const known = await lookAround(options, host);
  const found: Finding[] = [];
  for (const check of CHECKS) found.push(...(await check(known)));
  const failed = found.some(({ result }) => result === 'fail');
  const { terminal } = host;
  if (options.json) terminal.write(`${JSON.stringify({ ok: !failed, findings: found })}\n`);
  else terminal.write(found.map((each) => told(each, terminal)).join('') + summary(found));
  return failed ? EXIT.failed : EXIT.ok;
};

const MARKS: Readonly<Record<Finding['result'], readonly [mark: string, tone: Tone]>> = {
  ok: ['ok  ', 'good'],
  warn: ['warn', 'warn'],
  fail: ['FAIL', 'bad'],
  unknown: ['?   ', 'dim'],
};

function told({ result, says, todo }: Finding, { columns, hasColours }: Terminal): string {
  const [mark, tone] = MARKS[result];
  const indent = ' '.repeat(mark.length + 2);
  const line = (text: string): string => wrapped(text, columns, indent, indent.length);
  const more = todo === undefined ? '' : `${indent}${line(todo)}\n`;
  return `${painted(mark, tone, hasColours)}  ${line(says)}\n${more}`;
}

function summary(found: readonly Finding[]): string {
  const number = (result: Finding['result']): number => found.filter((each) => each.result === result).length;
  return `\n${number('ok')} well, ${number('warn')} to look at, ${number('fail')} wrong, ${number('unknown')} not to be seen from here.\n`;
}
