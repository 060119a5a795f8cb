// Where the keyboard goes on when what had the focus is gone. Rows come and go by themselves here, and Chromium drops the
// focus of a removed element to the page, from where the next Tab starts at the top
// instead of at the next row.
import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

const FOCUSABLE = 'button, input, select, textarea, summary, a[href], [tabindex="0"]';

/** Where an element stood, for when it is gone. */
interface Place {
  readonly element: HTMLElement;
  /** Its row's name (`data-row`) and its own name in that row (`data-act`), when it has them. */
  readonly row: string | undefined;
  readonly act: string | undefined;
  /** Its ancestors from the nearest up to the section, each with the child's index on the way to the element. */
  readonly above: readonly { readonly parent: Element; readonly index: number }[];
}

/**
 * Keeps the focus in the view for as long as the calling component is mounted. A control that is removed gives it to the
 * same control of its row, if that stands elsewhere now; else to the next row of its list, the one before, or the nearest
 * control of its section; else to the view.
 */
export function useKeptFocus(): void {
  useEffect(() => {
    let last: Place | undefined;
    const note = ({ target }: FocusEvent): void => {
      last = target instanceof HTMLElement ? placeOf(target) : undefined;
    };
    const observer = new MutationObserver(() => {
      if (last === undefined || last.element.isConnected || document.activeElement !== document.body) return;
      const heir = heirOf(last);
      last = undefined;
      heir?.focus({ preventScroll: heir.id === 'view' });
    });
    // After a click on an empty place the page has the focus, and keeps it.
    const leave = (): void => {
      if (document.activeElement === document.body) last = undefined;
    };
    document.addEventListener('focusin', note);
    document.addEventListener('click', leave);
    observer.observe(document.body, { childList: true, subtree: true });
    return () => {
      document.removeEventListener('focusin', note);
      document.removeEventListener('click', leave);
      observer.disconnect();
    };
  }, []);
}

function placeOf(element: HTMLElement): Place {
  const above: { parent: Element; index: number }[] = [];
  let child: Element = element;
  while (child.tagName !== 'SECTION' && child.parentElement?.closest('#view, .steps') instanceof Element) {
    const parent: Element = child.parentElement;
    above.push({ parent, index: [...parent.children].indexOf(child) });
    child = parent;
  }
  const row = element.closest<HTMLElement>('[data-row]')?.dataset['row'];
  return { element, row, act: element.dataset['act'], above };
}

function heirOf({ row, act, above }: Place): HTMLElement | null {
  const sameRow = row === undefined ? null : document.querySelector(`[data-row="${CSS.escape(row)}"]`);
  const heir = sameRow === null ? undefined : controlIn(sameRow, act);
  if (heir !== undefined) return heir;
  for (const { parent, index } of above) {
    if (!parent.isConnected) continue;
    const children = [...parent.children];
    for (const child of [...children.slice(index), ...children.slice(0, index).toReversed()]) {
      const control = controlIn(child, act);
      if (control !== undefined) return control;
    }
  }
  return document.querySelector<HTMLElement>('#view');
}

/** The control of that name in an element, or its first one. */
function controlIn(element: Element, act: string | undefined): HTMLElement | undefined {
  const all = [element, ...element.querySelectorAll(FOCUSABLE)].filter(
    (each): each is HTMLElement => each instanceof HTMLElement && each.matches(FOCUSABLE) && each.checkVisibility(),
  );
  return all.find((each) => act !== undefined && each.dataset['act'] === act) ?? all[0];
}

/**
 * The ref for a button that opens something in its own place: when that is closed, the button has the focus again, unless
 * another control has taken it.
 */
export function useOpener(open: boolean): RefObject<HTMLButtonElement | null> {
  const opener = useRef<HTMLButtonElement>(null);
  const was = useRef(open);
  useLayoutEffect(() => {
    if (was.current && !open && document.activeElement === document.body) opener.current?.focus();
    was.current = open;
  }, [open]);
  return opener;
}
