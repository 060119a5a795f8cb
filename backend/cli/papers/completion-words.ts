// What all shells complete, generated from the table of commands, so that they know all that the parser knows.
import type { ArgumentInfo, Completes, OptionInfo } from '../command-info.ts';
import { COMMAND_NAMES, commandsBelow, infoOf, type CommandName } from '../command-table.ts';

/**
 * How a shell completes a value: files and folders by itself; `words` are fixed; the rest comes from calling `hearth`.
 */
export type Values =
  | { readonly kind: 'file' | 'folder' | 'nothing' }
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'asked'; readonly what: 'model' | 'request' | 'living' | 'key' };

export interface ShellCommand {
  readonly name: CommandName;
  readonly what: string;
  readonly below: readonly CommandName[];
  readonly options: readonly { readonly long: string; readonly what: string; readonly values: Values | undefined }[];
  readonly arguments: readonly { readonly name: string; readonly values: Values }[];
}

/** Every command as a shell needs it. `settings`: all keys of the configuration. */
export function shellCommands(settings: readonly string[]): readonly ShellCommand[] {
  return COMMAND_NAMES.map((name) => {
    const { what, options, arguments: args = [] } = infoOf(name);
    return {
      name,
      what,
      below: commandsBelow(name),
      options: [
        ...Object.entries(options).map(([long, info]) => ({
          long,
          what: info.what,
          values: ofOption(long, info, settings),
        })),
        { long: 'help', what: 'print help', values: undefined },
      ],
      arguments: args.map((info: ArgumentInfo) => ({ name: info.name, values: valuesOf(info, settings) })),
    };
  });
}

function ofOption(long: string, info: OptionInfo, settings: readonly string[]): Values | undefined {
  if (info.value === undefined) return undefined;
  // --set takes KEY=VALUE: the key is completed up to its "=".
  return valuesOf(info, long === 'set' ? settings.map((key) => `${key}=`) : settings);
}

function valuesOf(
  { choices, completes }: { readonly choices?: readonly string[]; readonly completes?: Completes | undefined },
  settings: readonly string[],
): Values {
  if (choices !== undefined) return { kind: 'words', words: choices };
  switch (completes) {
    case 'setting':
      return { kind: 'words', words: settings };
    case 'file':
    case 'folder':
      return { kind: completes };
    case 'model':
    case 'request':
    case 'living':
    case 'key':
      return { kind: 'asked', what: completes };
    case undefined:
      return { kind: 'nothing' };
  }
}

/** The hidden command that a shell calls for current names (commands/words-command.ts). */
export const ASKED = '__words';
