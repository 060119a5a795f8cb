// What a command acts on: the terminal, the environment, and the moment when it is told to stop.
import type { Asked, CommandName } from './command-table.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

export interface Output {
  /** Standard output: what was asked for. */
  write(text: string): void;
  /** Standard error: for people. */
  tell(text: string): void;
}

export interface Terminal extends Output {
  /** Standard output is a terminal, which can be drawn on. */
  readonly isTerminal: boolean;
  /** Whether what is written may have colours. */
  readonly hasColours: boolean;
  /** Characters of a line, and lines; undefined where standard output is no terminal. They change with the window. */
  readonly columns: number | undefined;
  readonly rows: number | undefined;
  /** Calls back when they have changed, until the signal ends. */
  onResize(changed: () => void, signal: AbortSignal): void;
  /** Standard input: a terminal, or what was piped in. */
  readonly stdin: Input;
}

export interface Input {
  readonly isTerminal: boolean;
  /** All of it. */
  text(): Promise<string>;
  /** The next line, without its end; undefined where there is none. */
  line(): Promise<string | undefined>;
  /** Each key as it is pressed, without waiting for Enter, until the signal ends. Only of a terminal. */
  onKey(pressed: (key: string) => void, signal: AbortSignal): void;
}

export interface Host {
  readonly env: Variables;
  /** The folder that it was started in. */
  readonly cwd: string;
  readonly terminal: Terminal;
  /** Ends when the person presses Ctrl-C, or the system wants the process to go. */
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  now(): number;
}

/** A command. What it throws ends the process, by exits.ts; what it gives is the exit code, 0 where it gives none. */
export type Run<N extends CommandName> = (asked: Asked<N>, host: Host) => Promise<number | void>;
