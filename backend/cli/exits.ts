// How a command ends: the exit codes of sysexits(3), and errors that carry one with a sentence for the user.

export const EXIT = {
  ok: 0,
  /** A check of the doctor failed. */
  failed: 1,
  usage: 64,
  data: 65,
  unavailable: 69,
  software: 70,
  io: 74,
  tempfail: 75,
  noperm: 77,
  config: 78,
} as const;

/** Ends the program with a sentence for the user. */
export class Exit extends Error {
  override readonly name: string = 'Exit';
  readonly code: number;
  constructor(code: number, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** A mistake on the command line, as a sentence. */
export class UsageError extends Exit {
  override readonly name = 'UsageError';
  constructor(message: string) {
    super(EXIT.usage, message);
  }
}

/** Exit codes of other errors, by class name: importing the classes would load half of the gateway for each command. */
const CODES: ReadonlyMap<string, number> = new Map([
  ['AppError', EXIT.data],
  ['ConfigFileError', EXIT.config],
  ['ListenError', EXIT.unavailable],
]);

/** The exit code for an error. A bug in Hearth is `software`. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof Exit) return error.code;
  return (error instanceof Error ? CODES.get(error.name) : undefined) ?? EXIT.software;
}

/** The text for standard error: a sentence, or nothing; for a bug the stack trace. */
export function toldOf(error: unknown): string {
  const told = error instanceof Error && exitCodeOf(error) !== EXIT.software ? error.message : traceOf(error);
  return told === '' ? '' : `${told.trimEnd()}\n`;
}

function traceOf(error: unknown): string {
  return String(error instanceof Error ? error.stack : error);
}
