// The last notices: what is so now, with what to do, and behind a fold what is over. The dock at the lower edge asks and answers;
// this is where one reads again what was told.
import type { JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { NoticeFact } from '../../backend/contract/views/control.ts';
import { t } from '../../words/texts.ts';
import { Icon } from '../parts/parts.tsx';
import type { Wish } from '../parts/use-calls.ts';
import { moment } from '../parts/words.ts';

interface RecentNoticesProps {
  /** The newest first. */
  readonly notices: readonly NoticeFact[];
  readonly now: number;
  readonly wish: Wish;
  /** The number of the last wish that was followed. */
  readonly seen: { current: number };
}

export function RecentNotices({ notices, now, wish, seen }: RecentNoticesProps): JSX.Element {
  const id = useId();
  const section = useRef<HTMLElement>(null);
  const [open, setOpen] = useState(false);
  /** The number of the last wish to see it. */
  const [wanted, setWanted] = useState(0);
  useEffect(() => {
    if (wish.n === seen.current) return;
    seen.current = wish.n;
    if (wish.shows !== 'notices') return;
    setOpen(true);
    setWanted(wish.n);
  }, [wish, seen]);
  // Once all of it is there.
  useEffect(() => {
    if (wanted === 0) return;
    section.current?.scrollIntoView();
    section.current?.focus();
  }, [wanted]);
  const holding = notices.filter(({ until }) => until === null);
  const over = notices.filter(({ until }) => until !== null);
  const rows = (list: readonly NoticeFact[]): JSX.Element => (
    <ul class="told">
      {list.map((notice) => (
        <Row key={notice.id + notice.since} notice={notice} now={now} />
      ))}
    </ul>
  );
  return (
    <section class="sec" aria-labelledby={id} tabIndex={-1} ref={section}>
      <h2 id={id}>{t('overview.notices')}</h2>
      {notices.length === 0 && <p class="meta2">{t('overview.no_notices')}</p>}
      {holding.length > 0 && rows(holding)}
      {over.length > 0 && (
        <details class="fold" open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
          <summary>{t('overview.notices_over', { n: over.length })}</summary>
          {open && rows(over)}
        </details>
      )}
    </section>
  );
}

function Row({ notice, now }: { readonly notice: NoticeFact; readonly now: number }): JSX.Element {
  const { level, text, who, todo, until } = notice;
  const advice = [who, until === null ? todo : undefined].filter((each) => each !== undefined).join(' ');
  return (
    <li>
      <Icon name={until !== null ? 'check' : level === 'info' ? 'info' : 'alert'} />
      <div>
        <p>{text}</p>
        {advice !== '' && <p class="quiet">{advice}</p>}
        <p class="meta2">{spanOf(notice, now)}</p>
      </div>
    </li>
  );
}

/** "Still so, since 09:12"; "Over: 09:12 to 09:15, 3 times" */
function spanOf({ since, until, times }: NoticeFact, now: number): string {
  const from = moment(Date.parse(since), now);
  if (until === null) return t('overview.still_so', { from, times });
  const to = moment(Date.parse(until), now);
  return from === to ? t('overview.over_at', { from, times }) : t('overview.over', { from, to, times });
}
