// Whether a run hangs: the model works for a request and has given nothing for too long, while Ollama answers all the same.
// Ollama does not notice that by itself (ollama#17408), and what answers its probes is another part of it.
import type { Health } from '../../../contract/control.ts';
import type { Clock, PutNotice, ReadConfig, Told, Watch } from '../../ports.ts';
import type { Requests } from '../../requests/requests.ts';

export interface StuckParts {
  readonly config: ReadConfig;
  readonly clock: Pick<Clock, 'elapsed'>;
  readonly watch: Pick<Watch, 'state'>;
  readonly requests: Pick<Requests, 'list'>;
}

/** The run that has been silent for longest, where that is longer than ollama.stuck_after_seconds. */
export function stuckRun({ config, clock, watch, requests }: StuckParts): Health['stuck'] {
  if (watch.state.status !== 'up') return undefined;
  const limit = config().ollama.stuck_after_seconds * 1000;
  let found: NonNullable<Health['stuck']> | undefined;
  for (const { status, source, waiting, model, silentSince } of requests.list()) {
    if (status !== 'processing' || source === 'hit' || waiting.phase !== 'running' || silentSince === undefined)
      continue;
    const silent = Math.round(clock.elapsed() - silentSince);
    if (silent >= limit && silent > (found?.silent_ms ?? -1)) found = { model, silent_ms: silent };
  }
  return found;
}

function stuckNotice({ model }: NonNullable<Health['stuck']>): Told {
  return {
    text: `A run of ${model} gives nothing any more, though Ollama answers.`,
    todo: 'Cancel it, or restart Ollama.',
    listOnly: true,
  };
}

/** Notices when a run begins to hang, or no longer does: nothing else happens then that anybody would be told of. */
export class StuckWatch {
  readonly #parts: StuckParts;
  readonly #put: PutNotice;
  readonly #changed: () => void;
  #was = false;

  constructor(parts: StuckParts, put: PutNotice, changed: () => void) {
    this.#parts = parts;
    this.#put = put;
    this.#changed = changed;
  }

  /** Call it every few seconds. */
  look(): void {
    const stuck = stuckRun(this.#parts);
    const is = stuck !== undefined;
    this.#put('stuck', is ? stuckNotice(stuck) : undefined);
    if (is !== this.#was) this.#changed();
    this.#was = is;
  }
}
