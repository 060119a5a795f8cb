// Detects a run that hangs: it processes a request and has produced nothing for too long, while Ollama still answers.
// Ollama does not notice that itself (ollama#17408), and another part of it answers the probes.
import type { Health } from '../../../contract/views/control.ts';
import type { Clock, PutNotice, ReadConfig, Told, Watch } from '../../ports.ts';
import type { Requests } from '../../requests/requests.ts';

export interface StuckParts {
  readonly config: ReadConfig;
  readonly clock: Pick<Clock, 'elapsed'>;
  readonly watch: Pick<Watch, 'state'>;
  readonly requests: Pick<Requests, 'list'>;
}

/** The run that has been silent for longest, if that exceeds ollama.stuck_after_seconds. */
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

/** Notices when a run begins or stops to hang, since nothing else would report that. */
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
