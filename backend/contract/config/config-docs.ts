// Renders the settings as tables for docs/configuration.md from their declarations, so that the two cannot differ. It
// writes no file; a test compares the page with it.
import { fields, sections } from './config.ts';
import type { FieldInfo } from './config.ts';

/** An environment variable that Hearth reads. */
export interface EnvironmentName {
  readonly name: string;
  /** The setting that it sets; absent for variables that are read before any setting. */
  readonly sets?: string;
  readonly meaning: string;
}

/** Read by the hosts before there is a configuration. */
const BEFORE_SETTINGS: readonly EnvironmentName[] = [
  {
    name: 'CONFIG_PATH',
    meaning: 'The configuration file (TOML or JSON). --config goes before it; without both, ./config.toml.',
  },
  {
    name: 'HEARTH_DATA_DIR',
    meaning:
      'The folder for everything that Hearth keeps. Headless, else where systemd’s StateDirectory= says, else `hearth-gateway` in the usual place for the data of programs, such as `~/.local/share`.',
  },
  { name: 'HEARTH_CODE_CACHE', meaning: 'The file for V8’s compiled code of `hearth.mjs`; beside it unless set.' },
];

const SPECIAL: Readonly<Record<string, string>> = {
  RUST_LOG: 'Its first level, as in "info,hyper=warn". LOG_LEVEL goes before it.',
  OLLAMA_HOST: 'Used only when no file, variable or option gives ollama.api_url.',
};

/** All environment variables, in the order of the settings, those of the hosts last. */
export const environment: readonly EnvironmentName[] = [
  ...fields.flatMap((field) =>
    field.env.map((name) => ({ name, sets: field.path, meaning: SPECIAL[name] ?? `Sets ${field.path}.` })),
  ),
  ...BEFORE_SETTINGS,
];

/** All settings, with a heading and a table for each section of the file. Aligned as prettier does it. */
export function configTables(): string {
  return sections
    .map(({ name }) => `### ${name}\n\n${sectionTable(fields.filter(({ section }) => section === name))}`)
    .join('\n\n');
}

function sectionTable(of: readonly FieldInfo[]): string {
  return table(
    ['Key', 'In the window', 'Default', 'Allowed', 'Applies', 'Meaning'],
    of.map((field) => [
      code(field.path),
      field.title,
      code(JSON.stringify(field.default)) +
        (field.unit === undefined || field.unit === 'count' ? '' : ` ${field.unit}`),
      field.allowed,
      field.applies === 'live' ? 'at once' : 'after restart',
      meaning(field),
    ]),
  );
}

/** The table of environment variables that do not follow the rule SECTION__KEY. */
export function environmentTable(): string {
  const rows = environment.filter(({ name }) => !name.includes('__'));
  return table(
    ['Name', 'Sets', 'Meaning'],
    rows.map(({ name, sets, meaning }) => [code(name), sets === undefined ? '' : code(sets), meaning]),
  );
}

function meaning({ hint, inert, only, choices = [] }: FieldInfo): string {
  // The hint uses the labels of the form; a file has the values.
  const words = choices
    .filter(({ value, label }) => value !== label)
    .map(({ value, label }) => `${code(value)} is “${label}”`)
    .join(', ');
  const limits = [inert === undefined ? '' : `No effect yet: ${inert}`, only === 'desktop' ? 'Desktop app only.' : ''];
  return [hint, words === '' ? '' : `${words}.`, ...limits].filter((text) => text !== '').join(' ');
}

export const code = (text: string): string => `\`${text}\``;

/** A Markdown table for a page in docs/, aligned as prettier does it. Names of other pages in docs/ become links. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) =>
    row.map((cell) =>
      cell
        .replaceAll('|', '\\|')
        .replaceAll('*', '\\*')
        .replaceAll(/\bdocs\/([\w-]+\.md)\b/g, '[$1]($1)'),
    ),
  );
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  const [first = [], ...others] = cells;
  return [line(first), rule, ...others.map(line)].join('\n');
}
