// The window's side of the wire: commands as functions that give the output or throw, pushes as they come.
// Types only; main has validated what arrives here (it is the same program), so nothing is parsed again.
import type {
  Bridge,
  Command,
  CommandInput,
  CommandOutput,
  SettingsView,
} from '../../backend/contract/window/desktop.ts';
import type { ErrorCode } from '../../backend/contract/errors.ts';
import { t } from '../../words/texts.ts';

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

/** Commands after which others run or wait. */
const ACTS: readonly Command[] = [
  'cancel',
  'cancel_batch',
  'move_up',
  'pause',
  'act',
  'run_again',
  'ask',
  'stop_answer',
];

/** Commands that answer with the settings as they are then. */
const SETTERS: readonly Command[] = ['set_setting', 'reset_setting', 'reset_settings', 'revoke_key'];

/**
 * Makes the one function that every part of the window calls. New settings in an answer go to `settled` before the caller
 * has the answer: the push that brings them too comes up to a quarter of a second later, and until then what was just
 * saved would look as if it had not been. `acted`: called when somebody acts on the line.
 */
export function caller(bridge: Bridge, settled: (settings: SettingsView) => void, acted: () => void): Call {
  return async (command, input) => {
    if (ACTS.includes(command)) acted();
    const answer = await bridge.call(command, input);
    if (!answer.ok) throw new CallError(answer.error.code, answer.error.error);
    if (SETTERS.includes(command)) settled(answer.output as SettingsView);
    return answer.output;
  };
}

/** What went wrong, as a sentence for the user. */
export function sentenceOf(error: unknown): string {
  if (error instanceof CallError) return error.message;
  return t('state.lost_touch');
}
