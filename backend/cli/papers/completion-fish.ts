// Completion for fish: a line for each possible word, with the condition under which it is offered.
import { ASKED, shellCommands, type ShellCommand, type Values } from './completion-words.ts';

export function fishCompletion(settings: readonly string[]): string {
  const commands = shellCommands(settings);
  return `# Completion of hearth for fish. Made by: hearth completion fish
# Whether the words before the cursor begin with these, options left out.
function __hearth_is
    set -l words (string match --invert -- '-*' (commandline -opc)[2..])
    set -l many (count $argv)
    test "$words[1..$many]" = "$argv"
end
# Whether they are these and no more.
function __hearth_is_just
    set -l words (string match --invert -- '-*' (commandline -opc)[2..])
    test "$words" = "$argv"
end
complete -c hearth -f
complete -c hearth -n __hearth_is_just -s h -l help -d 'print help'
complete -c hearth -n __hearth_is_just -l version -d 'print the version'
${commands.flatMap(linesOf).join('\n')}
`;
}

function linesOf({ name, what, options, arguments: args }: ShellCommand): string[] {
  const words = name.split(' ');
  const parent = words.slice(0, -1).join(' ');
  const here = quoted(`__hearth_is ${name}`);
  return [
    `complete -c hearth -n ${quoted(`__hearth_is_just ${parent}`.trimEnd())} -a ${words.at(-1) ?? ''} -d ${quoted(what)}`,
    ...options.map(
      ({ long, what: told, values }) =>
        `complete -c hearth -n ${here} -l ${long}${values === undefined ? '' : ` ${taken(values)}`} -d ${quoted(told)}`,
    ),
    ...args.flatMap(({ values }) => {
      const offered = taken(values).replace(/^-[xr] ?/, '');
      return offered === '' ? [] : [`complete -c hearth -n ${here} ${offered}`];
    }),
  ];
}

/** An option that takes a value, with the possible values. */
function taken(values: Values): string {
  switch (values.kind) {
    case 'nothing':
      return '-x';
    case 'file':
      return '-r -F';
    case 'folder':
      return `-x -a '(__fish_complete_directories)'`;
    case 'words':
      return `-x -a ${quoted(values.words.join(' '))}`;
    case 'asked':
      return `-x -a '(hearth ${ASKED} ${values.what} 2> /dev/null)'`;
  }
}

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
