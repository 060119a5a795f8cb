// The description of a command, as data: its words, options and arguments. command-table.ts has the commands.

/** How a shell completes a word. */
export type Completes = 'file' | 'folder' | 'model' | 'request' | 'living' | 'setting' | 'key';

export interface OptionInfo {
  /** Placeholder of its value; absent for a switch. */
  readonly value?: string;
  readonly what: string;
  readonly repeats?: true;
  readonly choices?: readonly string[];
  readonly completes?: Completes;
}

export interface ArgumentInfo {
  readonly name: string;
  readonly what: string;
  readonly optional?: true;
  readonly choices?: readonly string[];
  readonly completes?: Completes;
}

export interface CommandInfo {
  readonly what: string;
  /** For use by other programs only. */
  readonly hidden?: true;
  /** Further paragraphs, for its help and the man page. */
  readonly more?: readonly string[];
  readonly arguments?: readonly ArgumentInfo[];
  readonly options: Readonly<Record<string, OptionInfo>>;
  readonly examples?: readonly string[];
}
