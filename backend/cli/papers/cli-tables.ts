// The tables of docs/cli.md, generated from the table of commands; a test compares them.
import { table } from '../../contract/config/config-docs.ts';
import { COMMAND_NAMES, GROUPS, infoOf } from '../command-table.ts';
import { usageOf } from './man-page.ts';
import { ENVIRONMENT, EXITS } from './page-facts.ts';

/** Every command with its purpose and options. */
export function commandTable(): string {
  const commands = COMMAND_NAMES.filter((name) => !GROUPS.includes(name));
  return table(
    ['Command', 'What', 'Options'],
    commands.map((name) => {
      const { what, options } = infoOf(name);
      const names = Object.entries(options).map(
        ([long, { value }]) => `\`--${long}${value === undefined ? '' : ` ${value}`}\``,
      );
      return [`\`hearth ${usageOf(name)}\``, capital(what), names.join(' ')];
    }),
  );
}

export function exitTable(): string {
  return table(['Code', 'When'], EXITS.map(([code, when]) => [String(code), when])); // prettier-ignore
}

export function variableTable(): string {
  return table(['Name', 'What'], ENVIRONMENT.map(([name, what]) => [`\`${name}\``, capital(what)])); // prettier-ignore
}

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
