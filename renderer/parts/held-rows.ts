// Keeps the rows of a list in place while the pointer or the focus is in it.
// Otherwise a row could slide under the pointer just before a press on Cancel.
import type { RefObject } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { QueueEntry } from '../../backend/contract/views/queue-view.ts';
import { heldOrder } from './run-rows.ts';

interface Hand {
  /** The pointer or the focus is in the list. */
  readonly isIn: boolean;
  readonly handlers: {
    readonly onPointerEnter: () => void;
    readonly onPointerLeave: () => void;
    readonly onFocusIn: () => void;
    readonly onFocusOut: () => void;
  };
}

/** Whether somebody is in a list; `empty`: there is none. */
export function useHand(list: RefObject<HTMLElement | null>, empty: boolean): Hand {
  const [pointed, setPointed] = useState(false);
  const [focused, setFocused] = useState(false);
  // A removed list gets no event: neither pointer nor focus leaves an element that is taken away.
  if (empty && (pointed || focused)) {
    setPointed(false);
    setFocused(false);
  }
  return {
    isIn: pointed || focused,
    handlers: {
      onPointerEnter: () => setPointed(true),
      onPointerLeave: () => setPointed(false),
      onFocusIn: () => setFocused(true),
      // Looked at once the event is over: when a row goes, its focus has moved to the next one by then (focus.ts).
      onFocusOut: () => setTimeout(() => setFocused(list.current?.contains(document.activeElement) ?? false)),
    },
  };
}

export interface HeldRows {
  readonly rows: readonly QueueEntry[];
  /** Takes the true order once, although the list is held: the user has just changed it. */
  readonly release: () => void;
  readonly handlers: Hand['handlers'];
}

export function useHeldRows(fresh: readonly QueueEntry[], list: RefObject<HTMLElement | null>): HeldRows {
  const shown = useRef<readonly string[]>([]);
  const released = useRef(false);
  const { isIn, handlers } = useHand(list, fresh.length === 0);
  const ids = fresh.map(({ request_id }) => request_id);
  const order = isIn && !released.current ? heldOrder(shown.current, ids) : ids;
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
    handlers,
  };
}

export interface HeldParts<Item> {
  /** Those that stand in the first part of the list, and the others. */
  readonly parts: readonly [readonly Item[], readonly Item[]];
  /** The pointer or the focus is in the list: what stands there keeps its place. */
  readonly isHeld: boolean;
  readonly handlers: Hand['handlers'];
}

/** For a list in two parts: rows change from one to the other, and new ones take their place, once the list is free again. */
export function useHeldParts<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
  isFirst: (item: Item) => boolean,
  list: RefObject<HTMLElement | null>,
): HeldParts<Item> {
  const shown = useRef<ReadonlyMap<string, boolean>>(new Map());
  const { isIn, handlers } = useHand(list, items.length === 0);
  const before = shown.current;
  const names = items.map(nameOf);
  const order = isIn ? heldOrder([...before.keys()], names) : names;
  const rows = order.flatMap((name) => items.filter((item) => nameOf(item) === name));
  shown.current = new Map(
    rows.map((item) => [nameOf(item), (isIn ? before.get(nameOf(item)) : undefined) ?? isFirst(item)]),
  );
  const stands = (item: Item): boolean => shown.current.get(nameOf(item)) === true;
  return { parts: [rows.filter(stands), rows.filter((item) => !stands(item))], isHeld: isIn, handlers };
}
