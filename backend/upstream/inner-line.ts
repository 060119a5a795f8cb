// Finds the place of Hearth's requests in the queue of another Hearth that is used as an Ollama. One poll serves all
// requests that still wait for a first piece. Progress lines inside the answer would cost later failures their status.
import { z } from 'zod';
import type { InnerPlace } from '../contract/chat/waits-for.ts';
import type { Clock } from '../core/ports.ts';

/**
 * Milliseconds before the first poll, since most requests need none; then between polls while some requests queue
 * there, or while none does.
 */
const FIRST_MS = 500;
const WAITS_MS = 1000;
const RUNS_MS = 5000;

/** The part of GET /api/chat-queue that is read; the other Hearth may have another version. */
export const innerQueueSchema = z.object({
  waiting: z.array(
    z.object({ request_id: z.string(), queue_position: z.number().int().positive(), estimated_wait_time: z.number() }),
  ),
});
export type InnerQueue = z.infer<typeof innerQueueSchema>;

/** Gets the place of a request; undefined once it no longer queues there. */
type TellPlace = (place: InnerPlace | undefined) => void;

interface Watched {
  readonly tell: TellPlace;
  isWaiting: boolean;
}

export interface InnerLineParts {
  readonly clock: Pick<Clock, 'after'>;
  /** The requests that queue there, as far as this caller may see them. */
  look(): Promise<InnerQueue>;
}

export class InnerLine {
  readonly #parts: InnerLineParts;
  readonly #watched = new Map<string, Watched>();
  /** Cancels the next poll; undefined while none is due. */
  #stop: (() => void) | undefined;
  #isPolling = false;

  constructor(parts: InnerLineParts) {
    this.#parts = parts;
  }

  /** Watches a request until the returned function is called. */
  watch(id: string, tell: TellPlace): () => void {
    const watched = { tell, isWaiting: false };
    this.#watched.set(id, watched);
    // A poll under way arranges the next one itself: there is only one row of polls.
    if (!this.#isPolling) this.#stop ??= this.#next(FIRST_MS);
    return () => {
      if (this.#watched.get(id) === watched) this.#watched.delete(id);
      if (this.#watched.size > 0) return;
      this.#stop?.();
      this.#stop = undefined;
    };
  }

  #next(ms: number): () => void {
    return this.#parts.clock.after(ms, () => void this.#look());
  }

  async #look(): Promise<void> {
    this.#stop = undefined;
    this.#isPolling = true;
    // Polling continues after an error: an unknown place is not shown.
    const queue = await this.#parts.look().catch(() => undefined);
    this.#isPolling = false;
    if (queue !== undefined) this.#tell(queue);
    if (this.#watched.size === 0) return;
    const waits = [...this.#watched.values()].some(({ isWaiting }) => isWaiting);
    this.#stop = this.#next(waits ? WAITS_MS : RUNS_MS);
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
