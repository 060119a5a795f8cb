// `hearth`: finds the requested command, runs it, and ends the process with an exit code of sysexits(3) and, on
// failure, a sentence. command-table.ts lists the commands, commands/ has their code.
import { constants } from 'node:os';
import type { Asked, CommandName } from './command-table.ts';
import { EXIT, Exit, exitCodeOf, toldOf } from './exits.ts';
import { HANDLERS } from './command-handlers.ts';
import type { Host, Run } from './command-host.ts';
import { parse } from './parser.ts';
import { processTerminal } from './terminal/process-terminal.ts';
import { VERSION } from './version.ts';

/** Time for a command to end after it was told to. Milliseconds. */
const LAST_MS = 500;

/** Runs this process's command line (without the program's name) and exits with the command's code. */
export function run(words: readonly string[]): void {
  const life = new AbortController();
  // A gateway continues after its command is done: it survives a closed pipe, and stops in its own way.
  const goesOn = words[0] === 'serve';
  if (!goesOn) endEarly(life);
  const { env } = process;
  const host: Host = { env, cwd: process.cwd(), terminal: processTerminal(), signal: life.signal, now: Date.now };
  void runCommand(words, host).then((code) => {
    process.exitCode = code;
    // A failed command may have left something open. A successful one ends by itself when all its output is written,
    // except in Electron, which would go on to its screen.
    if (code > EXIT.failed || (process.versions['electron'] !== undefined && !goesOn)) process.exit(code);
  });
}

/** Runs one command line and prints errors. Resolves with the exit code; never rejects. */
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
  // The table types each command's handler; picking one by name loses that type.
  return (await handlers[name]?.()) as Run<N>;
}

/** A command depends on its output and its user: it ends when either goes away. */
function endEarly(life: AbortController): void {
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    // The reader has seen enough, as `head` has: not an error. This is the exit code that shells report for SIGPIPE.
    if (code === 'EPIPE') process.exit(128 + constants.signals.SIGPIPE);
    process.stderr.write(`Standard output cannot be written: ${message}.\n`);
    process.exit(EXIT.io);
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const code = 128 + constants.signals[signal];
    process.once(signal, () => {
      life.abort(new Exit(code, ''));
      // For whatever does not end by itself.
      setTimeout(() => process.exit(code), LAST_MS).unref();
    });
  }
}
