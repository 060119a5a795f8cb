// Keeps the rows of a list in place while the pointer or the focus is in it, and the focus in the list when its row goes.
// Nobody presses Cancel on a row that has just slid under the finger.
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { QueueEntry } from '../backend/contract/control.ts';
import { heldOrder } from './line.ts';

export interface HeldRows {
  readonly rows: readonly QueueEntry[];
  /** Takes the true order once, although a hand is in the list: the user has just changed it. */
  readonly release: () => void;
  readonly handlers: {
    readonly onPointerEnter: () => void;
    readonly onPointerLeave: () => void;
    readonly onFocusIn: (event: FocusEvent) => void;
    readonly onFocusOut: (event: FocusEvent) => void;
  };
}

export function useHeldRows(fresh: readonly QueueEntry[], list: RefObject<HTMLElement | null>): HeldRows {
  const shown = useRef<readonly string[]>([]);
  const released = useRef(false);
  const [pointed, setPointed] = useState(false);
  const [focused, setFocused] = useState(false);
  /** The row and the button that had the focus last, and the row's place in the list. */
  const last = useRef<{ readonly id: string; readonly act: string; readonly index: number }>(undefined);

  const ids = fresh.map(({ request_id }) => request_id);
  const order = (pointed || focused) && !released.current ? heldOrder(shown.current, ids) : ids;
  const moved = order.join() !== shown.current.join();
  // The order that the user asked for has arrived; from here on it is held again.
  if (moved) released.current = false;
  shown.current = order;
  const rows = order.flatMap((id) => fresh.filter(({ request_id }) => request_id === id));

  useLayoutEffect(() => {
    const had = last.current;
    // Focus falls to the body when its element goes or is moved.
    if (had === undefined || list.current === null || document.activeElement !== document.body) return;
    const still = order.indexOf(had.id);
    const next = order[still >= 0 ? still : Math.min(had.index, order.length - 1)];
    const row = [...list.current.querySelectorAll<HTMLElement>('[data-row]')].find(
      (each) => each.dataset['row'] === next,
    );
    const button = row?.querySelector<HTMLElement>(`[data-act="${had.act}"]`) ?? row?.querySelector('button');
    if (button === null || button === undefined) last.current = undefined;
    else button.focus();
  });

  return {
    rows,
    release: () => {
      released.current = true;
    },
    handlers: {
      onPointerEnter: () => setPointed(true),
      onPointerLeave: () => setPointed(false),
      onFocusIn: ({ target }) => {
        setFocused(true);
        const button = target instanceof HTMLElement ? target : undefined;
        const id = button?.closest<HTMLElement>('[data-row]')?.dataset['row'];
        if (id === undefined) return;
        last.current = { id, act: button?.dataset['act'] ?? '', index: shown.current.indexOf(id) };
      },
      onFocusOut: ({ relatedTarget }) => {
        const inside = relatedTarget instanceof Node && list.current?.contains(relatedTarget) === true;
        if (inside) return;
        setFocused(false);
        // Left by the user, for another place: nothing is to be brought back.
        if (relatedTarget !== null) last.current = undefined;
      },
    },
  };
}
