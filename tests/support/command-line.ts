// A command line run here, on a terminal that tests watch: most commands need no process of their own.
import { runCommand } from '../../backend/cli/cli.ts';
import type { Host, Terminal, Variables } from '../../backend/cli/command-host.ts';

export interface CommandOptions {
  readonly env?: Variables;
  readonly cwd?: string;
  /** What is on standard input. */
  readonly input?: string;
  /** Standard input is a person at a terminal. */
  readonly asksBack?: boolean;
  readonly columns?: number;
  readonly hasColours?: boolean;
  readonly signal?: AbortSignal;
  readonly now?: () => number;
  /** Sees standard output grow. */
  readonly onWrite?: (text: string) => void;
}

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command line to its end. */
export async function commandLine(words: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  let out = '';
  let err = '';
  const { input = '', asksBack = false, columns } = options;
  const lines = input.split('\n');
  const terminal: Terminal = {
    write: (text) => {
      out += text;
      options.onWrite?.(text);
    },
    tell: (text) => (err += text),
    isTerminal: columns !== undefined,
    hasColours: options.hasColours ?? false,
    columns,
    rows: columns === undefined ? undefined : 24,
    onResize: () => undefined,
    stdin: {
      isTerminal: asksBack,
      text: async () => input,
      line: async () => lines.shift(),
      onKey: () => undefined,
    },
  };
  const host: Host = {
    env: options.env ?? {},
    cwd: options.cwd ?? process.cwd(),
    terminal,
    signal: options.signal ?? new AbortController().signal,
    now: options.now ?? Date.now,
  };
  const code = await runCommand(words, host);
  return { code, out, err };
}
