// A machine that can be woken and does not answer is assumed to sleep. How that is detected, and how it is worded.
import { AppError, asAppError } from '../../../contract/errors.ts';
import { nameOf, type Machine } from './machine.ts';

/** Whether a machine that does not answer may be asleep. One that answers, but not as a usable Ollama, is awake. */
export function maySoonBeUp({ watch, waker }: Pick<Machine, 'watch' | 'waker'>): boolean {
  const { status, foreign } = watch.state;
  return waker?.mayHelp === true && status === 'down' && !foreign;
}

/** The sentence about a sleeping machine. */
export function asleepSentence(machine: Machine): string {
  return `${nameOf(machine)} is asleep, or switched off. A request that runs a model wakes it.`;
}

/** The error of a failed call, reworded if the machine sleeps and was unreachable. */
export function sleeping(machine: Machine, error: unknown): unknown {
  const failure = asAppError(error);
  if (failure.code !== 'upstream_unreachable' || !maySoonBeUp(machine)) return error;
  return new AppError('upstream_unreachable', `${asleepSentence(machine)} Looks and changes wake nobody.`, {
    cause: failure,
  });
}
