// What is around a page that stands behind a tab: the way back to the tab, and the focus.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { PAGES, type PageName } from '../parts/pages.ts';
import { useCalls } from '../parts/use-calls.ts';
import { useWayBack } from '../parts/way-back.ts';
import { titleOf } from './tabs.tsx';

interface BehindProps {
  readonly page: PageName;
  readonly children: ComponentChildren;
}

export function Behind({ page, children }: BehindProps): JSX.Element {
  const { go, left } = useCalls();
  const tab = PAGES[page];
  const whole = useRef<HTMLDivElement>(null);
  // It stands in the place of what had the focus.
  useEffect(() => whole.current?.focus(), []);
  const back = (): void => {
    left.current = page;
    go(tab);
    document.querySelector<HTMLElement>('#view')?.focus();
  };
  useWayBack(back);
  return (
    <div class="behind" ref={whole} tabIndex={-1} role="group" aria-label={titleOf(page)}>
      <div class="back">
        <button class="link" type="button" onClick={back}>
          {titleOf(tab)}
        </button>
      </div>
      {children}
    </div>
  );
}
