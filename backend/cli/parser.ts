// Parses words into a command with its options, and prints --help, by the table of commands. commander does the hard
// part, such as which word belongs to which option, and suggestions for typos.
import { Argument, Command, CommanderError, Option } from 'commander';
import type { ArgumentInfo, OptionInfo } from './command-info.ts';
import { commandsBelow, GROUPS, infoOf, type Asked, type CommandName } from './command-table.ts';
import { UsageError } from './exits.ts';
import type { Output } from './command-host.ts';

/** Runs one command. */
type Found = <N extends CommandName>(name: N, asked: Asked<N>) => Promise<void>;

/**
 * Finds the command that `words` name and passes it to `found`. Help goes to `out`. Throws UsageError with a sentence.
 */
export async function parse(words: readonly string[], version: string, out: Output, found: Found): Promise<void> {
  const program = programOf(version, out, found);
  try {
    await program.parseAsync([...olderSpelling(words)], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const mistake = mistakeOf(error);
    if (mistake !== undefined) throw mistake;
  }
}

/** Builds the parser; its help is printed, its errors are thrown. */
function programOf(version: string, out: Output, found: Found): Command {
  const program = new Command('hearth')
    .description('A gateway in front of Ollama: kept answers, a visible line, warm models.')
    .version(`hearth ${version}`, '--version', 'print the version')
    .enablePositionalOptions()
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [COMMAND]', 'print help of a command')
    .addHelpText('after', '\nhearth COMMAND --help says more of each.');
  // Whoever catches an error shows it with the usage of its command, with standard error's line end.
  const outlet = { writeOut: out.write, writeErr: () => undefined, outputError: () => undefined };
  const add = (parent: Command, name: CommandName): void => {
    const command = commandOf(parent, name, found);
    for (const below of commandsBelow(name)) add(command, below);
    command.configureOutput(outlet).exitOverride(withUsage(command));
  };
  program.configureOutput(outlet).exitOverride(withUsage(program));
  for (const name of [...commandsBelow(''), '__words'] as const) add(program, name);
  return program;
}

function commandOf(parent: Command, name: CommandName, found: Found): Command {
  const { what, hidden, more = [], arguments: args = [], options, examples = [] } = infoOf(name);
  const command = parent
    .command(name.split(' ').at(-1) ?? name, { hidden: hidden === true })
    .summary(what)
    .description([capital(what), ...more].join('\n\n'))
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    // `requests` and `requests show` have options of the same names.
    .enablePositionalOptions()
    .allowExcessArguments(false);
  for (const argument of args) command.addArgument(argumentOf(argument));
  const byName = Object.entries(options).map(([long, info]) => [long, optionOf(long, info)] as const);
  for (const [, option] of byName) command.addOption(option);
  if (examples.length > 0)
    command.addHelpText('after', `\nExamples:\n${examples.map((each) => `  ${each}`).join('\n')}`);
  if (GROUPS.includes(name)) return command;
  return command.action(async () => {
    const given = Object.fromEntries(
      byName.map(([long, option]) => [long, command.getOptionValue(option.attributeName()) ?? emptyOf(options[long])]),
    );
    // commander filled these in by the table, so they have the types that Asked derives from it.
    await found(name, { args: command.processedArgs, options: given } as unknown as Asked<CommandName>);
  });
}

/** The value of an option that was not given. */
function emptyOf(info: OptionInfo | undefined): unknown {
  if (info?.repeats === true) return [];
  return info?.value === undefined ? false : undefined;
}

function argumentOf({ name, what, optional, choices }: ArgumentInfo): Argument {
  const argument = new Argument(optional === true ? `[${name}]` : `<${name}>`, what);
  return choices === undefined ? argument : argument.choices(choices);
}

function optionOf(long: string, { value, what, repeats, choices }: OptionInfo): Option {
  const option = new Option(value === undefined ? `--${long}` : `--${long} <${value}>`, what);
  if (choices !== undefined) option.choices(choices);
  if (repeats === true) option.argParser((one: string, before: readonly string[] = []) => [...before, one]);
  return option;
}

const capital = (sentence: string): string => `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;

/** `config --print` and `config --check`, the original spellings. */
function olderSpelling(words: readonly string[]): readonly string[] {
  const [command, word, ...rest] = words;
  const isOlder = command === 'config' && (word === '--print' || word === '--check');
  return isOlder ? [command, word.slice(2), ...rest] : words;
}

/** An error of commander, with the help of its command. */
class Mistake extends CommanderError {
  readonly help: string;
  /** The usage line, and where to read more: below the whole help, an error would scroll out of sight. */
  readonly usage: string;
  constructor({ exitCode, code, message }: CommanderError, command: Command) {
    super(exitCode, code, message);
    this.help = command.helpInformation();
    const words: string[] = [];
    for (let at: Command | null = command; at !== null; at = at.parent) words.unshift(at.name());
    this.usage = `Usage: ${words.join(' ')} ${command.usage()}\n${words.join(' ')} --help says more.`;
  }
}

function withUsage(command: Command): (error: CommanderError) => never {
  return (error) => {
    throw error instanceof Mistake ? error : new Mistake(error, command);
  };
}

/** Converts to UsageError; undefined if help or the version was requested and printed. */
function mistakeOf(error: CommanderError): UsageError | undefined {
  if (error.exitCode === 0) return undefined;
  const { help, usage } = error instanceof Mistake ? error : { help: '', usage: '' };
  // No command at all, or a group alone: show the help.
  if (error.code === 'commander.help') return new UsageError(help);
  // The text after an unknown option's name may be a secret.
  const [what = '', ...more] = error.message
    .replace(/^error: /, '')
    .replace(/'(--?[\w-]+)=[^']*'/, "'$1'")
    .split('\n');
  return new UsageError([capital(what.replace(/\.$/, '')), ...more, '', usage].join('\n'));
}
