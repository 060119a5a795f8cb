// One row of the list: which model for whom and when, a bar of where the time went, how long in all and how it was answered.
import { shownCaller } from '../../backend/contract/apps.ts';
import type { JSX, SVGAttributes } from 'preact';
import type { RequestFact } from '../../backend/contract/views/control.ts';
import { t } from '../../words/texts.ts';
import { Source, type SourceName } from '../parts/parts.tsx';
import { dayAndTime, fineDuration, timeOfDay } from '../parts/words.ts';
import { barsOf, isLiving, nameOf, type Bar, type BarKind } from './listed-rows.ts';

interface RowProps {
  readonly row: RequestFact;
  /** Milliseconds that it has taken. */
  readonly total: number;
  /** The end of the scale of all rows. Milliseconds. */
  readonly scale: number;
  /** The time is of another day than today. */
  readonly isOld: boolean;
  readonly isCurrent: boolean;
  /** The one row that the Tab key reaches; arrows lead to the others. */
  readonly isStop: boolean;
}

export function RequestRow({ row, total, scale, isOld, isCurrent, isStop }: RowProps): JSX.Element {
  return (
    <div class="req" role="listitem" data-row={nameOf(row)}>
      <button
        class="req-a"
        type="button"
        data-id={row.request_id}
        aria-current={isCurrent ? 'true' : undefined}
        tabIndex={isStop ? 0 : -1}
      >
        <span>
          <span class="name">{row.model}</span>
          <span class="meta">
            <When row={row} isOld={isOld} /> <span class="caller">{shownCaller(row.caller)}</span>
          </span>
        </span>
        <svg class="fall" aria-hidden="true">
          {barsOf(row, total, scale).map((bar) => (
            <Length key={bar.kind} bar={bar} />
          ))}
          {total > scale && <Cut />}
        </svg>
        <span class="end">
          <span>{fineDuration(total)}</span>
          <Answered row={row} />
        </span>
      </button>
    </div>
  );
}

/** When it came. */
export function When({ row, isOld }: Pick<RowProps, 'row' | 'isOld'>): JSX.Element {
  const at = Date.parse(row.created_at);
  return <time dateTime={row.created_at}>{isOld ? dayAndTime(at) : timeOfDay(at, true)}</time>;
}

/** How it was answered, or how far it is. */
export function Answered({ row }: Pick<RowProps, 'row'>): JSX.Element {
  if (row.status === 'queued') return <span class="src">{t('requests.waiting')}</span>;
  if (row.status === 'processing') {
    return <Source name={row.source === 'bypass' ? 'bypass' : 'miss'} word={t('requests.running')} />;
  }
  if (row.status === 'failed') return <Source name="failed" />;
  if (row.status !== 'completed') return <Source name="cancelled" word={t(`requests.ended_as.${row.status}`)} />;
  return <Source name={SOURCE_NAMES.find((name) => name === row.source) ?? 'miss'} />;
}

const SOURCE_NAMES: readonly SourceName[] = ['hit', 'coalesced', 'miss', 'bypass'];

/** How each part is drawn: thin ash, hatched, outlined pale, full, hollow. Heights and places in pixels. */
export const LOOKS: Readonly<Record<BarKind, SVGAttributes<SVGRectElement>>> = {
  waited: { class: 'f-ash', y: 5, height: 2 },
  loaded: { fill: 'url(#hatch)', y: 2, height: 8 },
  read: { class: 'f-pale', y: 2.5, height: 7 },
  answered: { class: 'f-ember', y: 2, height: 8 },
  kept: { class: 'f-hit', y: 2.5, height: 7 },
};

/** What is shorter than a pixel is one. */
const LEAST = 0.01;

function Length({ bar: { kind, from, length } }: { readonly bar: Bar }): JSX.Element {
  const width = Math.max(LEAST, length);
  return <rect {...LOOKS[kind]} x={share(Math.min(from, 1 - width))} width={share(width)} />;
}

/** 0.194 → "19.4%" */
export function share(value: number): string {
  return `${Math.round(value * 1000) / 10}%`;
}

/** It goes on behind the end of the scale. */
function Cut(): JSX.Element {
  return (
    <svg class="cut" x="92%">
      <path d="M0 12 3 0h2.5l-3 12z" />
    </svg>
  );
}

/** Milliseconds that a request has taken: to its end, or to now. */
export function takenBy(row: RequestFact, now: number): number {
  return isLiving(row) ? Math.max(row.total_ms, now - Date.parse(row.created_at)) : row.total_ms;
}
