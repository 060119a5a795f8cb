// Why each of those who wait stands where it does: one reason a line, the one that says most. Pure.
import { shownCaller } from '../../backend/contract/apps.ts';
import type { Live } from '../../backend/contract/views/app-state.ts';
import type { QueueClass } from '../../backend/contract/chat/chat-request.ts';
import type { QueueEntry } from '../../backend/contract/views/queue-view.ts';
import { classesInLine, climbOf, waitingRows } from '../parts/run-rows.ts';
import { t } from '../../words/texts.ts';

/**
 * By the id of the request; empty where nothing is to be said, as of the next one. By the true order, which a list that is held
 * need not show. `agingMs`: queue.aging_ms.
 */
export function reasonsOf(live: Live, now: number, agingMs: unknown): ReadonlyMap<string, string> {
  const order = waitingRows(live);
  const classes = classesInLine(order);
  return new Map(
    order.map((entry, at): [string, string] => {
      const movedUp = classes[at] !== entry.class;
      const isFirstOfClass = classes[at] !== classes[at - 1];
      const climb = climbOf({ kind: 'request', entry, movedUp }, live, now, agingMs);
      const known = [
        movedUp ? climb : '',
        entry.gave_way > 0 ? t('queue.gave_way', { n: entry.gave_way }) : '',
        entry.waits_for === 'people' ? t('queue.lets_first') : '',
        entry.goes_on === true ? t('queue.goes_on') : '',
        priorityWords(entry.priority),
        isFirstOfClass ? '' : climb,
        behind(order, classes, at),
        climb,
      ];
      return [entry.request_id, known.find((words) => words !== '') ?? ''];
    }),
  );
}

/** Lower runs sooner inside its class; 0 is usual. */
function priorityWords(priority: number): string {
  if (priority === 0) return '';
  return t(priority < 0 ? 'queue.high_priority' : 'queue.low_priority');
}

/** The first of its class stands behind all of those before that; any other behind the one before it, by name. */
function behind(order: readonly QueueEntry[], classes: readonly QueueClass[], at: number): string {
  const [own, last] = [order[at], order[at - 1]];
  if (own === undefined || last === undefined) return '';
  if (at > 1 && classes[at] !== classes[at - 1]) {
    const key = classes[at - 1] === 'interactive' ? 'queue.behind_people' : 'queue.behind_others';
    return t(key, { n: at });
  }
  return last.caller === own.caller ? t('queue.behind_own') : t('queue.behind', { caller: shownCaller(last.caller) });
}

/** What a rule with a name says of a request, as "title"; empty where none gave it its class. */
export function ruleWords({ class_by, caller }: Pick<QueueEntry, 'class_by' | 'caller'>): string {
  if (class_by === 'default' || class_by === 'the request' || class_by.startsWith('queue.rules[')) return '';
  // "Open WebUI: title" of Open WebUI, or of one of its users.
  const [app = '', what] = class_by.split(': ');
  return what !== undefined && caller.startsWith(app) ? what : class_by;
}
