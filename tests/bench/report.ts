// What a row of the benchmark hands back, and how all rows become the table and docs/benchmarks.md. Pure, but for asking
// the system what machine this is.
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { NODE_FLAGS } from './programs.ts';

/** One line of the table. */
export interface Finding {
  readonly what: string;
  readonly measured: string;
  readonly budget: string;
  /** Undefined where there is no budget. */
  readonly kept: boolean | undefined;
  /** Why it is missed, when it is: a sentence. */
  readonly why?: string;
  /** For readers who only want to know: which of their questions it answers, and how, in their words. */
  readonly inShort?: { readonly question: Question; readonly answer: string };
}

/** What people ask of something that stands between them and their model. */
export const QUESTIONS = ['What a hit costs', 'What a miss adds', 'What it weighs'] as const;
export type Question = (typeof QUESTIONS)[number];

export interface Outcome {
  readonly findings: readonly Finding[];
  /** Sentences: how it was measured, and the figures behind the finding. */
  readonly notes: readonly string[];
}

/** One thing to measure. */
export interface Row {
  /** For --only. */
  readonly name: string;
  readonly title: string;
  /** Given up after this long. */
  readonly limitMs: number;
  run(): Promise<Outcome>;
}

export interface Measured {
  readonly row: Row;
  /** The day, as 2026-11-27. */
  readonly at: string;
  /** The load average of the last minute when it began: other work on the machine shows here. */
  readonly load: number;
  readonly outcome: Outcome;
}

const MISSED = '**missed**';

function verdict({ kept }: Finding): string {
  return kept === undefined ? '–' : kept ? 'kept' : MISSED;
}

/** A Markdown table with columns of equal width, as prettier writes it; reads well in a terminal too. */
export function table(rows: readonly (readonly string[])[]): string {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, i) =>
    Math.max(3, ...rows.map((row) => [...(row[i] ?? '')].length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - [...cell].length)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body.map(line)].join('\n');
}

export function findingsTable(measured: readonly Measured[]): string {
  const rows = measured.flatMap(({ outcome }) =>
    outcome.findings.map((finding) => [finding.what, finding.measured, finding.budget, verdict(finding)]),
  );
  return table([['What', 'Measured', 'Budget', 'Verdict'], ...rows]);
}

/** Each question with its answers; those that were not measured are left out. */
export function inShort(measured: readonly Measured[]): (readonly [Question, string])[] {
  const answers = measured.flatMap(({ outcome }) => outcome.findings).flatMap((finding) => finding.inShort ?? []);
  return QUESTIONS.flatMap((question) => {
    const its = answers.filter((each) => each.question === question).map(({ answer }) => answer);
    return its.length === 0 ? [] : [[question, its.join('; ')] as const];
  });
}

const SHORT_BEGINS = '<!-- written by npm run bench -- --write -->';
const SHORT_ENDS = '<!-- until here -->';

/** A paper with the short answers in the place that is marked for them. Throws when there is no such place. */
export function withAnswers(paper: string, measured: readonly Measured[]): string {
  const [begin, end] = [paper.indexOf(SHORT_BEGINS), paper.indexOf(SHORT_ENDS)];
  if (begin === -1 || end < begin) throw new Error(`There is no place between ${SHORT_BEGINS} and ${SHORT_ENDS}`);
  const answers = inShort(measured).map(([question, answer]) => `- ${question}: ${answer}.`);
  const said = [`Measured on ${lastDayOf(measured)}, on ${cpus().length} cores:`, answers.join('\n')];
  return `${paper.slice(0, begin + SHORT_BEGINS.length)}\n\n${said.join('\n\n')}\n\n${paper.slice(end)}`;
}

export function machine(): string {
  const all = cpus();
  const system = process.platform === 'linux' ? linuxName() : `${type()} ${release()}`;
  return table([
    ['This machine', ''],
    ['Processor', `${all[0]?.model.trim() ?? 'unknown'}, ${all.length} cores`],
    ['Memory', `${(totalmem() / 2 ** 30).toFixed(1)} GiB`],
    ['System', system],
    ['Node', `${process.version}, ${NODE_FLAGS.length === 0 ? 'no flags' : NODE_FLAGS.join(' ')}`],
  ]);
}

function linuxName(): string {
  try {
    const name = /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
    return `${name ?? type()}, kernel ${release()}`;
  } catch {
    return `${type()} ${release()}`;
  }
}

const lastDayOf = (measured: readonly Measured[]): string =>
  measured
    .map(({ at }) => at)
    .toSorted()
    .at(-1) ?? '';

/** The whole of docs/benchmarks.md; `missing`: the titles of rows that were not measured on this machine. */
export function document(measured: readonly Measured[], command: string, missing: readonly string[]): string {
  const missed = measured.flatMap(({ outcome }) => outcome.findings).filter(({ kept }) => kept === false);
  return `${[
    '# Benchmarks',
    `Written by \`${command}\`, last on ${lastDayOf(measured)}; never edit this page by hand. The budgets are those of the project; the run asserts nothing. Everything ran on one machine over its loopback, in front of a simulated Ollama that is a process of its own, so no figure says anything about a model. Ratios are taken between programs that ran in turn within the same part, since absolute figures of different machines or hours cannot be compared.`,
    ...(missing.length === 0 ? [] : [`Not measured on this machine: ${missing.join('; ')}.`]),
    table([['In short', ''], ...inShort(measured)]),
    machine(),
    '## Results',
    findingsTable(measured),
    missed.length === 0
      ? 'No budget was missed.'
      : [
          'Missed budgets:',
          '',
          ...missed.map(({ what, measured: was, budget, why }) =>
            [`- ${what}: ${was}, and the budget is ${budget}.`, ...(why === undefined ? [] : [why])].join(' '),
          ),
        ].join('\n'),
    ...measured.flatMap(({ row, at, load, outcome }) => [
      `## ${row.title}`,
      [`Measured on ${at}; load average when it began: ${load.toFixed(2)}.`, ...outcome.notes]
        .map((note) => `- ${note}`)
        .join('\n'),
    ]),
  ].join('\n\n')}\n`;
}
