// The queue as people see it: one row for each run of the model, however many share it. Pure.
import { runningRows, staleness, type Live } from '../../backend/contract/views/app-state.ts';
import { CLASS_RANK, type QueueClass } from '../../backend/contract/chat/chat-request.ts';
import type { ModelView } from '../../backend/contract/views/control.ts';
import type { QueueEntry } from '../../backend/contract/views/queue-view.ts';
import { t } from '../../words/texts.ts';
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
  if (live.queue.paused) return t('parts.when_paused');
  if (entry.waits_for === 'ollama') return t('parts.when_ollama');
  if (entry.waits_for === 'settling') return t('parts.when_moment');
  if (entry.waits_for === 'waking') {
    return t('parts.when_awake', {
      machine: entry.upstream ?? '',
      time: roughly(Math.max(0, waitLeft(entry, live, now))),
    });
  }
  if (!entry.late) return eta(waitLeft(entry, live, now));
  return isToldLater(entry, live)
    ? t('parts.when_later', { time: roughly(entry.wait_after_ms) })
    : t('parts.when_ends');
}

/** Whether it is told how long after the end of the late answer it starts; the next one starts at that end. */
export function isToldLater({ late, queue_position, waits_for }: QueueEntry, live: Live): boolean {
  const isHalted = live.queue.paused || waits_for === 'ollama' || waits_for === 'settling';
  return late && queue_position > 1 && !isHalted;
}

/**
 * A row of the list of those who wait: the heading of a class, a request, or the change to another model before the next
 * one. A request that stands before one of a higher class has moved up into that.
 */
export type LineRow =
  | { readonly kind: 'class'; readonly class: QueueClass; readonly count: number }
  | { readonly kind: 'request'; readonly entry: QueueEntry; readonly movedUp: boolean }
  | { readonly kind: 'change'; readonly id: string; readonly model: string; readonly loadMs: number | null };

/** The class under which each of a line stands: the highest of its own and of those behind it, as it goes before them. */
export function classesInLine(order: readonly QueueEntry[]): QueueClass[] {
  let highest: QueueClass = 'background';
  return order
    .toReversed()
    .map((entry) => (highest = higherOf(highest, entry.class)))
    .toReversed();
}

function higherOf(a: QueueClass, b: QueueClass): QueueClass {
  return CLASS_RANK[a] <= CLASS_RANK[b] ? a : b;
}

/** The waiting requests in the order shown, with the headings of the classes, if there are several, and the changes of model. */
export function lineRows(live: Live, order: readonly QueueEntry[]): LineRow[] {
  const classes = classesInLine(order);
  const hasHeadings = new Set(classes).size > 1;
  const installed = (name: string): ModelView | undefined => live.models.find((model) => sameModel(model.name, name));
  // Two names of one digest are one model in memory, so no load comes between them.
  const isOne = (a: string, b: string): boolean =>
    sameModel(a, b) || (installed(a) !== undefined && installed(a)?.digest === installed(b)?.digest);
  let before = runningRows(live).at(-1)?.model;
  return order.flatMap((entry, i): LineRow[] => {
    const of = classes[i] ?? entry.class;
    const count = classes.filter((each) => each === of).length;
    const heading: LineRow[] = hasHeadings && of !== classes[i - 1] ? [{ kind: 'class', class: of, count }] : [];
    const request: LineRow = { kind: 'request', entry, movedUp: of !== entry.class };
    const changes = before !== undefined && !isOne(before, entry.model);
    before = entry.model;
    if (!changes) return [...heading, request];
    const id = `before ${entry.request_id}`;
    const change: LineRow = { kind: 'change', id, model: entry.model, loadMs: installed(entry.model)?.load_ms ?? null };
    return [...heading, change, request];
  });
}

/**
 * That a request has moved up a class, or when it does (queue.aging_ms); empty where it stands with the first, and while
 * its wait does not count.
 */
export function climbOf(
  { entry, movedUp }: LineRow & { kind: 'request' },
  live: Live,
  now: number,
  agingMs: unknown,
): string {
  if (movedUp) return t('parts.moved_up');
  const isAlone = new Set(classesInLine(waitingRows(live))).size < 2;
  const stands = isAlone || live.queue.paused || entry.class === 'interactive' || typeof agingMs !== 'number';
  if (stands) return '';
  const waited = Math.max(0, now - Date.parse(entry.created_at));
  return t('parts.moves_up', { time: roughly(agingMs - (waited % agingMs)) });
}

/** The order to show while the list is held: known rows stay in place, new ones go to the end. */
export function heldOrder(shown: readonly string[], fresh: readonly string[]): string[] {
  const still = shown.filter((id) => fresh.includes(id));
  return [...still, ...fresh.filter((id) => !still.includes(id))];
}
