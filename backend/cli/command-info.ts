// What is said of a command, as data: its words, its options, what stands behind them. The commands are in command-table.ts.

/** What a shell completes a word with. */
export type Completes = 'file' | 'folder' | 'model' | 'request' | 'living' | 'setting' | 'key';

export interface OptionInfo {
  /** What stands for its value; left out for a switch. */
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
  /** For other programs alone. */
  readonly hidden?: true;
  /** Further paragraphs, for its help and the man page. */
  readonly more?: readonly string[];
  readonly arguments?: readonly ArgumentInfo[];
  readonly options: Readonly<Record<string, OptionInfo>>;
  readonly examples?: readonly string[];
}
