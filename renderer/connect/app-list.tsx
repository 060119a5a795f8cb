// The apps of the page Connect: a row for each, with the lines that point it at this gateway, and whether it was seen.
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { pasteOf, type Stands } from '../../backend/contract/apps.ts';
import type { AppSeen } from '../../backend/contract/views/app-seen.ts';
import { saidOf } from '../../words/app-words.ts';
import { t } from '../../words/texts.ts';
import { CopyButton } from '../parts/copy.tsx';
import { useHand } from '../parts/held-rows.ts';

import { appRows, seenWords, type AppRow } from './seen-words.ts';

interface AppListProps {
  /** null where it is not known which were. */
  readonly seen: readonly AppSeen[] | null;
  readonly stands: Stands;
  readonly now: number;
}

/** Rows stay in their place while somebody points at one or has opened it. */
export function AppList({ seen, stands, now }: AppListProps): JSX.Element {
  const list = useRef<HTMLDivElement>(null);
  const { isIn, handlers } = useHand(list, false);
  const fresh = appRows(seen ?? []);
  const order = useRef<readonly string[]>([]);
  if (!isIn || order.current.length === 0) order.current = fresh.map(({ app }) => app.id);
  const rows = order.current.flatMap((id) => fresh.filter(({ app }) => app.id === id));
  return (
    <div ref={list} {...handlers}>
      {rows.map((row) => (
        <Row key={row.app.id} row={row} meta={seen === null ? '' : seenWords(row, now)} stands={stands} />
      ))}
    </div>
  );
}

interface RowProps {
  readonly row: AppRow;
  readonly meta: string;
  readonly stands: Stands;
}

function Row({ row: { app, seen }, meta, stands }: RowProps): JSX.Element {
  const { where, more } = saidOf(app.id);
  const { name, through } = app;
  const all = pasteOf(app, stands);
  return (
    <details class="app-row" name="app">
      <summary>
        <span class="name">{name}</span>
        <span class="meta">{meta}</span>
      </summary>
      <div>
        {where !== undefined && <p class="quiet">{where}</p>}
        {all.map((text, i) => (
          <Lines key={i} text={text} app={name} nth={i + 1} of={all.length} />
        ))}
        {more !== undefined && <p class="meta2">{more}</p>}
        {through !== undefined && <p class="meta2">{t('connect.by_library', { library: through.name, app: name })}</p>}
        {through === undefined && seen === undefined && all.length > 0 && (
          <p class="meta2">{t('connect.says_here', { app: name })}</p>
        )}
      </div>
    </details>
  );
}

interface LinesProps {
  readonly text: string;
  readonly app: string;
  /** Which of so many it is. */
  readonly nth: number;
  readonly of: number;
}

/** One line or several, copied by one button. */
function Lines({ text, app, nth, of }: LinesProps): JSX.Element {
  const isOne = !text.includes('\n');
  const copy = t(isOne ? 'connect.copy_line' : 'connect.copy_lines', { app });
  return (
    <div class="cmd">
      {isOne ? <code>{text}</code> : <pre>{text}</pre>}
      <CopyButton text={text} name={of === 1 ? copy : t('connect.nth', { copy, n: nth, all: of })} />
    </div>
  );
}
