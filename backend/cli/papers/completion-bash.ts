// Completion for bash: one function, which finds the command in the words before the cursor and then the words that may
// follow.
import { ASKED, shellCommands, type ShellCommand, type Values } from './completion-words.ts';

export function bashCompletion(settings: readonly string[]): string {
  const commands = shellCommands(settings);
  const top = commands.filter(({ name }) => !name.includes(' '));
  const inner = commands.filter(({ name }) => name.includes(' '));
  return `# Completion of hearth for bash. Made by: hearth completion bash
_hearth() {
  # Words as they stand in the line: bash takes them apart at each = and :, as in llama3.2:1b.
  local words cur prev command='' count=0 i
  read -ra words <<< "\${COMP_LINE:0:COMP_POINT}"
  [[ \${COMP_LINE:0:COMP_POINT} == *[[:space:]] ]] && words+=('')
  cur=\${words[\${#words[@]}-1]} prev=\${words[\${#words[@]}-2]}
  if [[ $cur == --*=* ]]; then prev=\${cur%%=*} cur=\${cur#*=}; fi
  for ((i = 1; i < \${#words[@]} - 1; i++)); do
    case "$command/\${words[i]}" in
      ${top.map(({ name }) => `/${name}`).join('|')}) command=\${words[i]} count=0 ;;
      ${inner.map(({ name }) => name.replace(' ', '/')).join('|')}) command="$command \${words[i]}" count=0 ;;
      */-*) ;;
      *) ((count++)) ;;
    esac
  done
  COMPREPLY=()
  case "$command:$prev" in
${commands.flatMap(optionCases).join('\n')}
  esac
  if [[ $cur == -* ]]; then
    case "$command" in
      '') _hearth_words --help --version ;;
${commands.map(({ name, options }) => `      '${name}') _hearth_words ${options.map(({ long }) => `--${long}`).join(' ')} ;;`).join('\n')}
    esac
  else
    case "$command:$count" in
      ':0') _hearth_words ${top.map(({ name }) => name).join(' ')} help ;;
${commands.flatMap(wordCases).join('\n')}
    esac
  fi
}
# Those of the words that begin as the one at the cursor does, each without what stands before its last colon there.
_hearth_words() {
  local word before=''
  [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]] && before=\${cur%"\${cur##*:}"}
  for word; do [[ $word == "$cur"* ]] && COMPREPLY+=("\${word#"$before"}"); done
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
_hearth_files() {
  compopt -o filenames
  local word
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen "$1" -- "$cur")
}
_hearth_asked() {
  local -a found
  while IFS= read -r word; do found+=("$word"); done < <(hearth ${ASKED} "$1" 2> /dev/null)
  _hearth_words "\${found[@]}"
}
complete -F _hearth hearth
`;
}

function optionCases({ name, options }: ShellCommand): string[] {
  return options.flatMap(({ long, values }) =>
    values === undefined ? [] : [`    '${name}:--${long}') ${replies(values)}; return ;;`],
  );
}

/** The words that may stand at an argument's place: the commands below, or the values of its arguments in order. */
function wordCases({ name, below, arguments: args }: ShellCommand): string[] {
  const names = below.map((each) => each.split(' ').at(-1) ?? '').join(' ');
  return [
    ...(names === '' ? [] : [`      '${name}:0') _hearth_words ${names} ;;`]),
    ...args.map(({ values }, at) => `      '${name}:${at}') ${replies(values)} ;;`),
  ];
}

function replies(values: Values): string {
  switch (values.kind) {
    case 'nothing':
      return ':';
    case 'file':
      return '_hearth_files -f';
    case 'folder':
      return '_hearth_files -d';
    case 'words':
      return `_hearth_words ${values.words.join(' ')}`;
    case 'asked':
      return `_hearth_asked ${values.what}`;
  }
}
