// The queue as people see it: a row for each run of the model, its order, its changes of model, its times as of now.
import { fc } from '../../../support/property.ts';
import { describe, expect, test } from 'vitest';
import { runningRows, staleness, stateOf, type AppState } from '../../../../backend/contract/views/app-state.ts';
import type { QueueEntry } from '../../../../backend/contract/views/queue-view.ts';
import { QUEUE_CLASSES, type QueueClass } from '../../../../backend/contract/chat/chat-request.ts';
import { climbOf, heldOrder, lineRows, waitingRows, waitLeft, whenWords } from '../../../../renderer/parts/run-rows.ts';
import { THIN } from '../../../../renderer/parts/words.ts';
import { liveView, loadedModel, queueEntry } from '../../../support/live-view.ts';
import { view } from '../../../support/page/views.ts';

/** When the figures of `liveView` were taken. */
const TAKEN = Date.parse(liveView().stats.timestamp);

const entry = (id: string, over: Partial<QueueEntry> = {}): QueueEntry => queueEntry({ request_id: id, ...over });
const ids = (entries: readonly QueueEntry[]): string[] => entries.map(({ request_id }) => request_id);

test('there is one row for each run: those who share it, and answers that are kept, have none', () => {
  const leader = entry('leader');
  const other = entry('other', { source: 'coalesced', leads: false });
  const kept = entry('kept', { source: 'hit', leads: false });
  expect(ids(runningRows(liveView({ running: [kept, leader, other] })))).toEqual(['leader']);
  expect(ids(waitingRows(liveView({ waiting: [leader, other] })))).toEqual(['leader']);
});

describe('when a waiting request starts', () => {
  const words = (over: Partial<QueueEntry>, paused = false): string =>
    whenWords(entry('a', over), liveView({ paused }), TAKEN + 1000).replaceAll(THIN, ' ');

  test('is told as a time', () => {
    expect(words({ queue_position: 1, estimated_wait_time: 9000 })).toBe('in about 8 s');
  });

  test('is soon where background work only lets a moment pass', () => {
    expect(words({ waits_for: 'settling', estimated_wait_time: 9000 })).toBe('in a moment');
    expect(words({ waits_for: 'people', estimated_wait_time: 9000 })).toBe('in about 8 s');
  });

  test('has no countdown while the answer before it is late', () => {
    const late = { late: true, estimated_wait_time: 1000 };
    expect(words({ ...late, queue_position: 1, wait_after_ms: 0 })).toBe('when it ends');
    expect(words({ ...late, queue_position: 2, wait_after_ms: 12_000 })).toBe('about 12 s later');
  });

  test('is not known while it is paused', () => {
    expect(words({ late: true }, true)).toBe('paused');
  });
});

describe('the changes of model between the rows', () => {
  const changes = (names: readonly string[], models = [loadedModel('llama3.2:latest', true)]): string[] =>
    lineRows(
      liveView({ models, running: [queueEntry({ model: 'llama3.2:latest' })] }),
      names.map((model, i) => entry(`w${i}`, { model })),
    ).flatMap((row) => (row.kind === 'change' ? [row.model] : []));

  test('are none between two spellings of one model', () => {
    expect(changes(['llama3.2', 'Llama3.2:latest', 'registry.ollama.ai/library/llama3.2'])).toEqual([]);
  });

  test('are none between two names of one digest', () => {
    const models = [loadedModel('llama3.2:latest', true), { ...loadedModel('mine', false), digest: 'sha256:llama3.2:latest' }]; // prettier-ignore
    expect(changes(['mine', 'other'], models)).toEqual(['other']);
  });

  test('are there between models that are not known', () => {
    expect(changes(['a', 'b'])).toEqual(['a', 'b']);
  });
});

describe('times are told as of now', () => {
  test('and not as of when the figures were taken', () => {
    const live = liveView();
    expect(staleness(live, TAKEN + 700)).toBe(700);
    expect(waitLeft(entry('a', { estimated_wait_time: 9000 }), live, TAKEN + 700)).toBe(8300);
  });

  test('a clock that was set back makes nothing younger', () => {
    expect(staleness(liveView(), TAKEN - 5000)).toBe(0);
  });
});

describe('a run that hangs', () => {
  const silent = (id: string, ms: number | null, over: Partial<QueueEntry> = {}): QueueEntry =>
    entry(id, { silent_ms: ms, ...over });
  const found = (running: QueueEntry[], now = TAKEN): (AppState & { is: 'stuck' }) | undefined => {
    const state = stateOf({ gateway: view().gateway, live: liveView({ running }), places: 100, stuckAfterS: 180 }, now);
    return state.is === 'stuck' ? state : undefined;
  };

  test('is one without a piece for three minutes, the time since the figures included', () => {
    expect(found([silent('a', 179_999)])).toBeUndefined();
    expect(found([silent('a', 179_999)], TAKEN + 1)).toMatchObject({ silentMs: 180_000 });
  });

  test('is the longest silent of several', () => {
    const running = [silent('a', 200_000), silent('b', 250_000), silent('c', 1000)];
    expect(found(running)?.entry.request_id).toBe('b');
  });

  test('is none that loads its model or has not begun', () => {
    expect(found([silent('a', 300_000, { phase: 'loading' }), silent('b', null)])).toBeUndefined();
    expect(found([])).toBeUndefined();
  });
});

describe('the change to another model', () => {
  const shown = (running: QueueEntry[], waiting: QueueEntry[]): string[] => {
    const models = [{ ...loadedModel('b', false), load_ms: 4000 }];
    return lineRows(liveView({ running, waiting, models }), waiting).flatMap((row) => {
      if (row.kind === 'class') return [];
      return [row.kind === 'request' ? row.entry.request_id : `then ${row.model}, ${row.loadMs ?? 'not measured'}`];
    });
  };
  const of = (id: string, model: string): QueueEntry => entry(id, { model });

  test('stands before the first request that needs it', () => {
    expect(shown([of('r', 'a')], [of('1', 'a'), of('2', 'b'), of('3', 'b'), of('4', 'c')])).toEqual([
      '1',
      'then b, 4000',
      '2',
      '3',
      'then c, not measured',
      '4',
    ]);
  });

  test('stands before the very first when another model runs, and not when none does', () => {
    expect(shown([of('r', 'a')], [of('1', 'b')])).toEqual(['then b, 4000', '1']);
    expect(shown([], [of('1', 'b')])).toEqual(['1']);
  });

  test('has a name of its own in the list, so that its row is not taken for another', () => {
    const rows = lineRows(liveView(), [of('1', 'a'), of('2', 'b'), of('3', 'a'), of('4', 'b')]);
    const names = rows.map((row) => (row.kind === 'change' ? row.id : row.kind === 'request' && row.entry.request_id));
    expect(new Set(names).size).toBe(7);
  });
});

describe('the classes of those who wait', () => {
  const [interactive, normal, background] = QUEUE_CLASSES;
  const line = (...classes: QueueClass[]): QueueEntry[] => classes.map((of, i) => entry(`${i}`, { class: of }));
  const shown = (...classes: QueueClass[]): string[] =>
    lineRows(liveView(), line(...classes)).flatMap((row) => {
      if (row.kind === 'change') return [];
      return row.kind === 'class'
        ? [`${row.class} ${row.count}`]
        : [`${row.entry.request_id}${row.movedUp ? ' up' : ''}`];
    });

  test('have headings in the order they run, and places count through', () => {
    expect(shown(interactive, interactive, background)).toEqual(['interactive 2', '0', '1', 'background 1', '2']);
  });

  test('have none where there is one class alone', () => {
    expect(shown(background, background)).toEqual(['0', '1']);
  });

  test('are shown once each: who stands before a higher one has moved up into that', () => {
    expect(shown(background, interactive, normal, background)).toEqual([
      'interactive 2',
      '0 up',
      '1',
      'normal 1',
      '2',
      'background 1',
      '3',
    ]);
  });

  test('say when one moves up, unless it stands with the first, alone, or still', () => {
    const waiting = line(interactive, background);
    const climb = (at: number, live = liveView({ waiting }), agingMs: unknown = 60_000): string => {
      const row = lineRows(live, waiting).filter(({ kind }) => kind === 'request')[at];
      const since = Date.parse(waiting[at]?.created_at ?? '');
      return row?.kind === 'request' ? climbOf(row, live, since + 79_000, agingMs).replaceAll(THIN, ' ') : '';
    };
    expect(climb(1)).toBe('moves up in 41 s');
    expect(climb(0)).toBe('');
    expect(climb(1, liveView({ waiting, paused: true }))).toBe('');
    expect(climb(1, liveView({ waiting: waiting.slice(1) }))).toBe('');
    expect(climb(1, liveView({ waiting }), null)).toBe('');
  });
});

describe('the order while a hand is in the list', () => {
  test('keeps who was there in place, drops who left, and puts who comes at the end', () => {
    expect(heldOrder(['a', 'b', 'c'], ['n', 'c', 'a'])).toEqual(['a', 'c', 'n']);
  });

  test('always shows exactly who waits, and never turns two of those shown around', () => {
    const people = fc.uniqueArray(fc.constantFrom(...'abcdefgh'));
    fc.assert(
      fc.property(people, people, (before, fresh) => {
        const order = heldOrder(before, fresh);
        expect(order.toSorted()).toEqual(fresh.toSorted());
        const stayed = before.filter((id) => fresh.includes(id));
        expect(order.slice(0, stayed.length)).toEqual(stayed);
      }),
    );
  });
});
