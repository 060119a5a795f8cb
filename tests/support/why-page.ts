// The tables of docs/why.md: each cause of a catalogue, with what it says of an example.
import type { Cause } from '../../backend/core/explain/cause.ts';

/** `examples`: by the names of the causes, facts that each explains. */
export function whyTable<Facts>(causes: readonly Cause<Facts>[], examples: Readonly<Record<string, Facts>>): string {
  const rows = causes.map(({ name, when, setting, tell }) => {
    const facts = examples[name];
    const told = facts === undefined ? undefined : tell(facts);
    const said = told === undefined ? '' : [told.text, ...(told.more === undefined ? [] : [told.more])].join(' ');
    return [`\`${name}\``, when, said, setting === undefined ? '' : `\`${setting.path}\``];
  });
  const all = [['Cause', 'When', 'What is said, for example', 'Setting'], ...rows];
  const widths = all.reduce<number[]>((most, row) => row.map((cell, i) => Math.max(most[i] ?? 0, cell.length)), []);
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = all;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}
