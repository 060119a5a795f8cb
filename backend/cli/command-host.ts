// The environment of a command: the terminal, the variables, and the signal to stop.
import type { Asked, CommandName } from './command-table.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

export interface Output {
  /** Writes to standard output: the result. */
  write(text: string): void;
  /** Writes to standard error: messages for the user. */
  tell(text: string): void;
}

export interface Terminal extends Output {
  /** Whether standard output is a terminal, which can be drawn on. */
  readonly isTerminal: boolean;
  /** Whether the output may have colours. */
  readonly hasColours: boolean;
  /** Width and height in characters; undefined if standard output is not a terminal. They change with the window. */
  readonly columns: number | undefined;
  readonly rows: number | undefined;
  /** Calls back when the size has changed, until the signal aborts. */
  onResize(changed: () => void, signal: AbortSignal): void;
  /** Standard input: a terminal, or a pipe. */
  readonly stdin: Input;
}

export interface Input {
  readonly isTerminal: boolean;
  /** All of the input. */
  text(): Promise<string>;
  /** The next line, without its end; undefined at the end of the input. */
  line(): Promise<string | undefined>;
  /** Calls back for each key pressed, without waiting for Enter, until the signal aborts. Terminals only. */
  onKey(pressed: (key: string) => void, signal: AbortSignal): void;
}

export interface Host {
  readonly env: Variables;
  /** The current folder at the start. */
  readonly cwd: string;
  readonly terminal: Terminal;
  /** Aborts when the user presses Ctrl-C, or the system ends the process. */
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  now(): number;
}

/** A command. Its error ends the process (exits.ts); its result is the exit code, by default 0. */
export type Run<N extends CommandName> = (asked: Asked<N>, host: Host) => Promise<number | void>;
