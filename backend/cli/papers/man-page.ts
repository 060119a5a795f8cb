// The manual page, hearth(1), in the macros of man(7): generated from the table of commands at each build.
import type { ArgumentInfo } from '../command-info.ts';
import { COMMAND_NAMES, GROUPS, infoOf, type CommandName } from '../command-table.ts';
import { ENVIRONMENT, EXITS } from './page-facts.ts';

/** The page for a version. */
export function manPage(version: string): string {
  const commands = COMMAND_NAMES.filter((name) => !GROUPS.includes(name));
  return [
    `.TH HEARTH 1 "" "Hearth ${roff(version)}" "User Commands"`,
    '.SH NAME',
    'hearth \\- a gateway in front of Ollama: kept answers, a visible line, warm models',
    '.SH SYNOPSIS',
    '.B hearth',
    '.I command',
    '.RI [ options ]',
    '.SH DESCRIPTION',
    roff(
      'Hearth sits between chat frontends and Ollama. Of these commands serve is the gateway itself; key, config and cache work on its files; the others ask a gateway that runs, on this machine or on another one.',
    ),
    '.SH COMMANDS',
    ...commands.flatMap(sectionOf),
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.flatMap(([name, what]) => ['.TP', `.B ${roff(name)}`, roff(what)]),
    '.PP',
    roff('Every setting has a name in the environment too, as QUEUE__MAX_CONCURRENT for queue.max_concurrent.'),
    '.SH EXIT STATUS',
    ...EXITS.flatMap(([code, what]) => ['.TP', `.B ${code}`, roff(what)]),
    '.SH SEE ALSO',
    '.BR ollama (1),',
    '.BR sysexits (3)',
    '',
  ].join('\n');
}

function sectionOf(name: CommandName): string[] {
  const { what, more = [], arguments: args = [], options, examples = [] } = infoOf(name);
  return [
    `.SS ${roff(`hearth ${usageOf(name)}`)}`,
    sentence(what),
    ...more.flatMap((paragraph) => ['.PP', roff(paragraph)]),
    ...args.flatMap((argument) => ['.TP', `.I ${roff(argument.name)}`, toldOf(argument)]),
    ...Object.entries(options).flatMap(([long, { value, what: told, choices }]) => [
      '.TP',
      value === undefined ? `.B ${roff(`--${long}`)}` : `.BI ${roff(`--${long}`)} " ${roff(value)}"`,
      roff(choices === undefined ? told : `${told}: ${choices.join(', ')}`),
    ]),
    ...(examples.length === 0
      ? []
      : ['.PP', 'Examples:', ...examples.flatMap((each) => ['.PP', '.nf', `.RS 4\n${roff(each)}\n.RE`, '.fi'])]),
  ];
}

/** Command and arguments, such as "cancel ID". */
export function usageOf(name: CommandName): string {
  const args = infoOf(name).arguments ?? [];
  return [name, ...args.map(({ name: word, optional }) => (optional === true ? `[${word}]` : word))].join(' ');
}

function toldOf({ what, choices }: ArgumentInfo): string {
  return roff(choices === undefined ? what : `${what}: ${choices.join(', ')}`);
}

const sentence = (text: string): string => roff(`${text.charAt(0).toUpperCase()}${text.slice(1)}.`);

/** Escapes text for roff: hyphens stay hyphens, and no line starts with a command. */
function roff(text: string): string {
  const escaped = text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('"', '\\(dq');
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}
