// The notice that Ollama is away.
import type { UpstreamPlace } from '../../../contract/rules/upstream-list.ts';
import type { Told, UpstreamState } from '../../ports.ts';

/** Undefined while Ollama answers, or nothing is known yet. `place` is the machine, when there are several. */
export function ollamaNotice(
  { status, reason = 'Ollama does not answer. Start it.' }: Pick<UpstreamState, 'status' | 'reason'>,
  place: Pick<UpstreamPlace, 'name' | 'wake'> | undefined,
): Told | undefined {
  if (status !== 'down') return undefined;
  if (place !== undefined) {
    const todo =
      place.wake === undefined
        ? 'Requests go to your other machines meanwhile, where those have the model.'
        : 'A request that wants it wakes it; the others go to your other machines meanwhile.';
    const level = place.wake === undefined ? {} : ({ level: 'info' } as const);
    return { text: reason, todo, listOnly: true, isLogged: true, ...level };
  }
  return {
    // The reason also says what to do.
    text: reason,
    todo: 'What was accepted waits until it is back.',
    listOnly: true,
    isLogged: true,
  };
}
