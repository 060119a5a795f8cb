// Where our requests stand in the line of a Hearth that is asked as an Ollama is. Its queue is asked from time to time while one of
// them has heard nothing, once for all of them: a line of its own in the answer would take the status from what fails after it.
import { z } from 'zod';
import type { InnerPlace } from '../contract/chat/waits-for.ts';
import type { Clock } from '../core/ports.ts';

/** Before the first question, since most have no need of it; then between two, while some stand in line there, or none of them. Milliseconds. */
const FIRST_MS = 500;
const WAITS_MS = 1000;
const RUNS_MS = 5000;

/** As much of GET /api/chat-queue as is looked at; whoever answers may be of another version. */
export const innerQueueSchema = z.object({
  waiting: z.array(
    z.object({ request_id: z.string(), queue_position: z.number().int().positive(), estimated_wait_time: z.number() }),
  ),
});
export type InnerQueue = z.infer<typeof innerQueueSchema>;

/** Told where a request stands; undefined once it does not wait there any more. */
type TellPlace = (place: InnerPlace | undefined) => void;

interface Watched {
  readonly tell: TellPlace;
  isWaiting: boolean;
}

export interface InnerLineParts {
  readonly clock: Pick<Clock, 'after'>;
  /** The requests that wait there, as far as we may see them. */
  look(): Promise<InnerQueue>;
}

export class InnerLine {
  readonly #parts: InnerLineParts;
  readonly #watched = new Map<string, Watched>();
  #stop: (() => void) | undefined;

  constructor(parts: InnerLineParts) {
    this.#parts = parts;
  }

  /** Until the function that it gives is called. */
  watch(id: string, tell: TellPlace): () => void {
    const watched = { tell, isWaiting: false };
    this.#watched.set(id, watched);
    this.#stop ??= this.#parts.clock.after(FIRST_MS, () => void this.#look());
    return () => {
      if (this.#watched.get(id) === watched) this.#watched.delete(id);
      if (this.#watched.size > 0) return;
      this.#stop?.();
      this.#stop = undefined;
    };
  }

  async #look(): Promise<void> {
    // One that does not tell it is asked on: what is not known is not shown.
    const queue = await this.#parts.look().catch(() => undefined);
    if (queue !== undefined) this.#tell(queue);
    if (this.#watched.size === 0) return;
    const waits = [...this.#watched.values()].some(({ isWaiting }) => isWaiting);
    this.#stop = this.#parts.clock.after(waits ? WAITS_MS : RUNS_MS, () => void this.#look());
  }

  #tell({ waiting }: InnerQueue): void {
    for (const [id, watched] of this.#watched) {
      const found = waiting.find(({ request_id }) => request_id === id);
      if (found === undefined && !watched.isWaiting) continue;
      watched.isWaiting = found !== undefined;
      watched.tell(found && { position: found.queue_position, eta_ms: Math.max(0, found.estimated_wait_time) });
    }
  }
}
