// The tabs: equal columns, one stop for the Tab key, arrows, Home and End among them. Ctrl/Cmd 1 to 5 is in page.tsx.
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { PageName } from '../parts/pages.ts';
import { t } from '../../words/texts.ts';
import { TABS, type TabName } from '../parts/use-calls.ts';
import { count } from '../parts/words.ts';

/** What a tab or a page behind it is called. */
export const titleOf = (place: TabName | PageName): string => t(`${place}.title`);

interface TabsProps {
  readonly tab: TabName;
  readonly select: (tab: TabName) => void;
  readonly waiting: number;
}

export function Tabs({ tab, select, waiting }: TabsProps): JSX.Element {
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent): void => {
    const at = TABS.indexOf(tab);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const next = TABS.at(to % TABS.length) ?? tab;
    select(next);
    list.current?.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={t('frame.views')} ref={list} onKeyDown={onKeyDown}>
      {TABS.map((name) => (
        <button
          key={name}
          class="tab"
          type="button"
          role="tab"
          id={`tab-${name}`}
          aria-selected={name === tab}
          aria-controls="view"
          tabIndex={name === tab ? 0 : -1}
          onClick={() => select(name)}
        >
          {titleOf(name)}
          {name === 'queue' && waiting > 0 && (
            <span class="count">
              <span class="sr">{t('frame.waiting')}</span> {count(waiting)}
            </span>
          )}
        </button>
      ))}
    </div>
  );
}
