// Completion for zsh: a function for each command, with _arguments.
import { ASKED, shellCommands, type ShellCommand, type Values } from './completion-words.ts';

export function zshCompletion(settings: readonly string[]): string {
  const commands = shellCommands(settings);
  const top = commands.filter(({ name }) => !name.includes(' '));
  return `#compdef hearth
# Completion of hearth for zsh. Made by: hearth completion zsh
_hearth_asked() {
  local -a found
  found=(\${(f)"$(_call_program hearth-words hearth ${ASKED} $1 2> /dev/null)"})
  compadd -a found
}
${commands.map((command) => functionOf(command, commands)).join('\n')}
_hearth() {
  local curcontext=$curcontext state line
  typeset -A opt_args
  _arguments -C '(- *)'{-h,--help}'[print help]' '(- *)--version[print the version]' '1: :->command' '*:: :->rest'
  case $state in
    command) ${described(top)} ;;
    rest)
      case $words[1] in
${top.map(({ name }) => `        ${name}) ${functionName(name)} ;;`).join('\n')}
      esac
      ;;
  esac
}
if [[ $funcstack[1] == _hearth ]]; then _hearth "$@"; else compdef _hearth hearth; fi
`;
}

const functionName = (name: string): string => `_hearth_${name.replaceAll(' ', '_')}`;
const lastWord = (name: string): string => name.split(' ').at(-1) ?? '';

function described(commands: readonly ShellCommand[]): string {
  const names = commands.map(({ name, what }) => quoted(`${lastWord(name)}:${what.replaceAll(':', '\\:')}`));
  return `local -a names=(${names.join(' ')}); _describe -t commands command names`;
}

function functionOf({ name, below, options, arguments: args }: ShellCommand, all: readonly ShellCommand[]): string {
  const specs = [
    ...options.map(({ long, what, values }) => optionSpec(long, what, values)),
    ...args.map(({ name: argument, values }, at) => quoted(`${at + 1}:${argument}:${action(values)}`)),
  ];
  const inner = all.filter((each) => below.includes(each.name));
  const usual = `_arguments ${specs.join(' ')}`;
  if (inner.length === 0) return `${functionName(name)}() { ${usual} }`;
  const cases = inner.map(
    (each) => `    ${lastWord(each.name)}) shift words; (( CURRENT-- )); ${functionName(each.name)} ;;`,
  );
  return `${functionName(name)}() {
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then ${described(inner)}; return; fi
  case $words[2] in
${cases.join('\n')}
    *) ${usual} ;;
  esac
}`;
}

/** A value comes as a separate word, or behind "=". */
function optionSpec(long: string, what: string, values: Values | undefined): string {
  const told = what.replaceAll(/[[\]]/g, '\\$&');
  const value = values === undefined ? '' : `:value:${action(values)}`;
  return quoted(`${long === 'set' ? '*' : ''}--${long}${value === '' ? '' : '='}[${told}]${value}`);
}

function action(values: Values): string {
  switch (values.kind) {
    case 'nothing':
      return ' ';
    case 'file':
      return '_files';
    case 'folder':
      return '_files -/';
    case 'words':
      return `(${values.words.join(' ')})`;
    case 'asked':
      return `{_hearth_asked ${values.what}}`;
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
