// A machine that does not answer and can be woken is taken to be asleep: how that is told, and what is said of it.
import { AppError, asAppError } from '../../../contract/errors.ts';
import { nameOf, type Machine } from './machine.ts';

/** It does not answer, and may sleep. What answers there, but not as an Ollama that can be used, is awake. */
export function maySoonBeUp({ watch, waker }: Pick<Machine, 'watch' | 'waker'>): boolean {
  const { status, foreign } = watch.state;
  return waker?.mayHelp === true && status === 'down' && !foreign;
}

/** What is said of one that sleeps. */
export function asleepSentence(machine: Machine): string {
  return `${nameOf(machine)} is asleep, or switched off. A request that runs a model wakes it.`;
}

/** What a call to this machine has failed with: in other words where it sleeps and nobody was there. */
export function sleeping(machine: Machine, error: unknown): unknown {
  const failure = asAppError(error);
  if (failure.code !== 'upstream_unreachable' || !maySoonBeUp(machine)) return error;
  return new AppError('upstream_unreachable', `${asleepSentence(machine)} Looks and changes wake nobody.`, {
    cause: failure,
  });
}
