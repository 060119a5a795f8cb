// The tab Requests: every request as a row, the newest first, and one of them in full. Wide enough, both stand side by side; else
// the one is a page in the place of the list.
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Live } from '../../backend/contract/views/app-state.ts';
import type { View } from '../../backend/contract/window/desktop.ts';
import { beatOf } from '../parts/request-beat.ts';
import { t } from '../../words/texts.ts';
import { NotRunning } from '../parts/not-running.tsx';
import type { Wish } from '../parts/use-calls.ts';
import { RequestList } from './request-list.tsx';
import { RequestPage } from './request-page.tsx';
import { ALL, filterOf, RequestTools, type Choice } from './request-tools.tsx';
import { useRequests } from './use-requests.ts';
import { useWide } from './use-wide.ts';

/** What is looked at in this tab, for when one comes back to it. */
export interface RequestsPlace {
  readonly words: string;
  readonly choice: Choice;
  /** The id of the request that is shown in full. */
  readonly open: string | undefined;
}

export const FIRST_PLACE: RequestsPlace = { words: '', choice: ALL, open: undefined };

interface RequestsProps {
  readonly view: View;
  readonly now: number;
  readonly wish: Wish;
  /** The number of the last wish that was followed. */
  readonly seen: { current: number };
  readonly place: { current: RequestsPlace };
}

export function Requests(props: RequestsProps): JSX.Element {
  const { gateway, live } = props.view;
  if (gateway.state !== 'running' || live === null) return <NotRunning gateway={gateway} />;
  return <Halves {...props} live={live} />;
}

function Halves({ view, live, now, wish, seen, place }: RequestsProps & { readonly live: Live }): JSX.Element {
  const [words, setWords] = useState(place.current.words);
  const [choice, setChoice] = useState(place.current.choice);
  const [open, setOpen] = useState(place.current.open);
  place.current = { words, choice, open };
  const list = useRef<HTMLDivElement>(null);
  const isWide = useWide();
  const beat = beatOf(live);
  const requests = useRequests(filterOf(words, choice), beat, now);
  useEffect(() => {
    if (wish.n === seen.current) return;
    seen.current = wish.n;
    if (wish.request !== undefined) setOpen(wish.request);
  }, [wish, seen]);

  /** Back to the row of the request that was shown, wherever it stands now. */
  const back = (): void => {
    const id = open;
    if (!isWide) setOpen(undefined);
    // Once the list is there again.
    requestAnimationFrame(() => {
      const row = list.current?.querySelector<HTMLElement>(`.req-a[data-id="${CSS.escape(id ?? '')}"]`);
      (row ?? document.querySelector<HTMLElement>('#view'))?.focus();
    });
  };
  const { all } = requests.loaded?.counts ?? {};
  const isWhole = words.trim() === '' && choice === ALL;
  const address = view.gateway.addresses.ollama_host;
  const watchingUntil = live.health.watching_until;
  // Each second, and four times in it, something else changes. Those that live are asked for anew each second, and then the list is
  // drawn; for the rest a list of thousands is not looked through.
  const today = new Date(now).toDateString();
  const column = useMemo(
    () => (
      <>
        <RequestTools {...{ words, setWords, choice, setChoice, requests, watchingUntil, isWhole }} />
        <RequestList
          {...{ requests, address, now, open, setOpen, isWhole }}
          followsArrows={isWide}
          clear={() => {
            setWords('');
            setChoice(ALL);
          }}
        />
      </>
    ),
    [words, choice, requests, watchingUntil, address, today, open, isWide],
  );
  return (
    <div class={open === undefined ? 'halves' : 'halves one'}>
      <div class="col list" ref={list}>
        {column}
      </div>
      <div class="col">
        {open === undefined ? (
          <p class="quiet hint-one">{t('requests.choose')}</p>
        ) : (
          <RequestPage
            key={open}
            id={open}
            beat={beat}
            now={now}
            settings={view.settings}
            watchingUntil={watchingUntil}
            back={{ label: isWhole ? allWords(all) : t('requests.all_found'), go: back }}
            takesFocus={!isWide}
            setOpen={setOpen}
          />
        )}
      </div>
    </div>
  );
}

function allWords(all: number | undefined): string {
  return all === undefined ? t('requests.all_requests') : t('requests.all_of', { n: all });
}
