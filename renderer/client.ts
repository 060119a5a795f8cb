// The window's side of the wire: commands as functions that give the output or throw, pushes as they come.
// Types only; main has validated what arrives here (it is the same program), so nothing is parsed again.
import type { Bridge, Command, CommandInput, CommandOutput } from '../backend/contract/desktop.ts';
import type { ErrorCode } from '../backend/contract/errors.ts';

declare global {
  interface Window {
    /** Put here by the preload script. */
    readonly hearth: Bridge;
  }
}

/** Why a command was refused; the message is a sentence to be shown as it is. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, sentence: string) {
    super(sentence);
    this.code = code;
  }
}

/** Runs a command in the main process. Throws a CallError with a sentence when it is refused. */
export type Call = <C extends Command>(command: C, input: CommandInput<C>) => Promise<CommandOutput<C>>;

/** Makes the one function that every part of the window calls. */
export function caller(bridge: Bridge): Call {
  return async (command, input) => {
    const answer = await bridge.call(command, input);
    if (answer.ok) return answer.output;
    throw new CallError(answer.error.code, answer.error.error);
  };
}

/** What went wrong, as a sentence for the user. */
export function sentenceOf(error: unknown): string {
  if (error instanceof CallError) return error.message;
  return 'The window lost touch with the app. Close it and open it again from the tray.';
}
