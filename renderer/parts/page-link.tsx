// The button that leads to a page behind a tab.
import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { PAGES, type PageName } from './pages.ts';
import { useCalls } from './use-calls.ts';

interface PageLinkProps {
  readonly to: PageName;
  /** What the button looks like. */
  readonly look?: 'btn' | 'btn plain' | 'link';
  readonly children: ComponentChildren;
}

/** It has the focus again when somebody comes back from its page, also where its tab fills only then. */
export function PageLink({ to, look = 'btn plain', children }: PageLinkProps): JSX.Element {
  const { go, left } = useCalls();
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    if (left.current !== to) return;
    left.current = undefined;
    const { activeElement } = document;
    // Whoever has gone on meanwhile stays there.
    if (activeElement === document.body || activeElement?.id === 'view') button.current?.focus();
  }, [left, to]);
  return (
    <button class={look} type="button" ref={button} onClick={() => go(PAGES[to], { page: to })}>
      {children}
    </button>
  );
}
