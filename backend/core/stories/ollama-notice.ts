// The notice that Ollama is away.
import type { Told, UpstreamState } from '../ports.ts';

/** Undefined while it answers, or nothing is known yet. */
export function ollamaNotice({ status, reason }: Pick<UpstreamState, 'status' | 'reason'>): Told | undefined {
  if (status !== 'down') return undefined;
  return {
    // It says what to do as well.
    text: reason ?? 'Ollama does not answer. Start it.',
    todo: 'What was accepted waits until it is back.',
    listOnly: true,
    isLogged: true,
  };
}
