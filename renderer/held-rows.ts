// Keeps the rows of a list in place while the pointer or the focus is in it.
// Nobody presses Cancel on a row that has just slid under the finger.
import type { RefObject } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { QueueEntry } from '../backend/contract/control.ts';
import { heldOrder } from './line.ts';

export interface HeldRows {
  readonly rows: readonly QueueEntry[];
  /** Takes the true order once, although a hand is in the list: the user has just changed it. */
  readonly release: () => void;
  readonly handlers: {
    readonly onPointerEnter: () => void;
    readonly onPointerLeave: () => void;
    readonly onFocusIn: () => void;
    readonly onFocusOut: () => void;
  };
}

export function useHeldRows(fresh: readonly QueueEntry[], list: RefObject<HTMLElement | null>): HeldRows {
  const shown = useRef<readonly string[]>([]);
  const released = useRef(false);
  const [pointed, setPointed] = useState(false);
  const [focused, setFocused] = useState(false);

  // A list that ends says no farewell: neither pointer nor focus leaves what is removed under them.
  if (fresh.length === 0 && (pointed || focused)) {
    setPointed(false);
    setFocused(false);
  }
  const ids = fresh.map(({ request_id }) => request_id);
  const order = (pointed || focused) && !released.current ? heldOrder(shown.current, ids) : ids;
  const moved = order.join() !== shown.current.join();
  // The order that the user asked for has arrived; from here on it is held again.
  if (moved) released.current = false;
  shown.current = order;
  const rows = order.flatMap((id) => fresh.filter(({ request_id }) => request_id === id));

  return {
    rows,
    release: () => {
      released.current = true;
    },
    handlers: {
      onPointerEnter: () => setPointed(true),
      onPointerLeave: () => setPointed(false),
      onFocusIn: () => setFocused(true),
      // Looked at once the event is over: when a row goes, its focus has moved to the next one by then (focus.ts).
      onFocusOut: () => setTimeout(() => setFocused(list.current?.contains(document.activeElement) ?? false)),
    },
  };
}
