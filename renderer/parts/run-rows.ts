// The queue as people see it: one row for each run of the model, however many share it. Pure.
import { runningRows, staleness, type Live } from '../../backend/contract/app-state.ts';
import type { ModelView } from '../../backend/contract/control.ts';
import type { QueueEntry } from '../../backend/contract/queue-view.ts';
import { sameModel } from './same-model.ts';
import { eta, roughly } from './words.ts';

export function waitingRows({ queue }: Live): QueueEntry[] {
  return queue.waiting.filter(({ leads }) => leads);
}

/** Milliseconds until a waiting request starts, as of now. */
export function waitLeft(entry: QueueEntry, live: Live, now: number): number {
  return entry.estimated_wait_time - staleness(live, now);
}

/**
 * When a waiting request starts, in words. There is no countdown while the line waits for Ollama, nor while the answer
 * before it is late: then only how long after that one.
 */
export function whenWords(entry: QueueEntry, live: Live, now: number): string {
  if (live.queue.paused) return 'paused';
  if (entry.waits_for === 'ollama') return 'when Ollama is back';
  if (!entry.late) return eta(waitLeft(entry, live, now));
  return entry.queue_position <= 1 ? 'when it ends' : `about ${roughly(entry.wait_after_ms)} later`;
}

/** A row of the list of those who wait: a request, or the change to another model before the next one. */
export type LineRow =
  | { readonly kind: 'request'; readonly entry: QueueEntry }
  | { readonly kind: 'change'; readonly id: string; readonly model: string; readonly loadMs: number | null };

/** The waiting requests in the order shown, with the changes of model between them. */
export function lineRows(live: Live, order: readonly QueueEntry[]): LineRow[] {
  const installed = (name: string): ModelView | undefined => live.models.find((model) => sameModel(model.name, name));
  // Two names of one digest are one model in memory, so no load comes between them.
  const isOne = (a: string, b: string): boolean =>
    sameModel(a, b) || (installed(a) !== undefined && installed(a)?.digest === installed(b)?.digest);
  let before = runningRows(live).at(-1)?.model;
  return order.flatMap((entry): LineRow[] => {
    const request: LineRow = { kind: 'request', entry };
    const changes = before !== undefined && !isOne(before, entry.model);
    before = entry.model;
    if (!changes) return [request];
    const id = `before ${entry.request_id}`;
    return [{ kind: 'change', id, model: entry.model, loadMs: installed(entry.model)?.load_ms ?? null }, request];
  });
}

/** The order to show while the list is held: known rows stay in place, new ones go to the end. */
export function heldOrder(shown: readonly string[], fresh: readonly string[]): string[] {
  const still = shown.filter((id) => fresh.includes(id));
  return [...still, ...fresh.filter((id) => !still.includes(id))];
}
