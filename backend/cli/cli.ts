// `hearth`: finds the command that was asked for, runs it, and ends the process with a code of sysexits(3) and, where it
// could not be done, a sentence. What commands there are is in command-table.ts, what they do in commands/.
import { constants } from 'node:os';
import type { Asked, CommandName } from './command-table.ts';
import { EXIT, Exit, exitCodeOf, toldOf } from './exits.ts';
import { HANDLERS } from './command-handlers.ts';
import type { Host, Run } from './command-host.ts';
import { parse } from './parser.ts';
import { processTerminal } from './terminal/process-terminal.ts';
import { VERSION } from './version.ts';

/** How long a command may take to end when it is told to. Milliseconds. */
const LAST_MS = 500;

/** Runs the command line of this process, without the program's name in front, and ends it with the code. */
export function run(words: readonly string[]): void {
  const life = new AbortController();
  // A gateway goes on when its command is done: it outlives a reader who leaves, and has its own way to stop.
  const goesOn = words[0] === 'serve';
  if (!goesOn) endEarly(life);
  const { env } = process;
  const host: Host = { env, cwd: process.cwd(), terminal: processTerminal(), signal: life.signal, now: Date.now };
  void runCommand(words, host).then((code) => {
    process.exitCode = code;
    // What failed may have left something open. What is done ends by itself, when all that it wrote is out; but an Electron
    // without anything to do would go on to its screen.
    if (code > EXIT.failed || (process.versions['electron'] !== undefined && !goesOn)) process.exit(code);
  });
}

/** Runs one command line, and tells what went wrong. Resolves with the exit code; never rejects. */
export async function runCommand(words: readonly string[], host: Host): Promise<number> {
  let code: number = EXIT.ok;
  const found = async <N extends CommandName>(name: N, asked: Asked<N>): Promise<void> => {
    code = (await (await handlerOf(name))(asked, host)) ?? EXIT.ok;
  };
  try {
    await parse(words, VERSION, host.terminal, found);
    return code;
  } catch (error) {
    const reason: unknown = host.signal.aborted ? host.signal.reason : error;
    host.terminal.tell(toldOf(reason));
    return exitCodeOf(reason);
  }
}

async function handlerOf<N extends CommandName>(name: N): Promise<Run<N>> {
  const handlers: Readonly<Partial<Record<CommandName, () => Promise<unknown>>>> = HANDLERS;
  // The table of handlers has each command with its own type; it is lost where one is picked by a name.
  return (await handlers[name]?.()) as Run<N>;
}

/** A command has nothing but its output and its person: it ends when either goes away. */
function endEarly(life: AbortController): void {
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    // Whoever reads has seen enough, as `head` has: no mistake, and what a shell says of a program that SIGPIPE ends.
    if (code === 'EPIPE') process.exit(128 + constants.signals.SIGPIPE);
    process.stderr.write(`Standard output cannot be written: ${message}.\n`);
    process.exit(EXIT.io);
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const code = 128 + constants.signals[signal];
    process.once(signal, () => {
      life.abort(new Exit(code, ''));
      // Whatever it is that does not end by itself.
      setTimeout(() => process.exit(code), LAST_MS).unref();
    });
  }
}
