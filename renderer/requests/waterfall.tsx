// Where the time of one request went: a line for each phase, with its bar below those before it.
import type { JSX, SVGAttributes } from 'preact';
import { phaseRows, type PhaseRow } from './phase-words.ts';
import { share } from './request-row.tsx';
import type { BarKind } from './listed-rows.ts';
import type { Seen } from './use-requests.ts';

export function Waterfall({ seen }: { readonly seen: Seen }): JSX.Element {
  return (
    <ul class="phases">
      {phaseRows(seen, seen.detail).map((row) => (
        <li key={row.kind === 'waited' ? row.name : row.kind}>
          <span class="quiet">{row.name}</span>
          <svg aria-hidden="true">
            <Drawn row={row} />
          </svg>
          <span class="fig c8">{row.figure}</span>
          {row.more !== undefined && <span class="sub">{row.more}</span>}
        </li>
      ))}
    </ul>
  );
}

/** As high as the line allows; what waits and what is delivered is thin. Pixels. */
const LOOKS: Readonly<Record<BarKind | 'delivered', SVGAttributes<SVGRectElement>>> = {
  waited: { class: 'f-ash', y: 4, height: 2 },
  loaded: { fill: 'url(#hatch)', y: 0, height: 10 },
  read: { class: 'f-pale', y: 0.5, height: 9 },
  answered: { class: 'f-ember', y: 0, height: 10 },
  kept: { class: 'f-hit', y: 0.5, height: 9 },
  delivered: { class: 'f-ash', y: 4, height: 2 },
};

/** What is shorter than a pixel is one. */
const LEAST = 0.006;

function Drawn({ row: { kind, from, length } }: { readonly row: PhaseRow }): JSX.Element | null {
  if (length === undefined) return null;
  if (kind === 'moment') {
    return (
      <svg x={share(from)} overflow="visible">
        <path class="tick" d="M0 0V10" />
      </svg>
    );
  }
  const width = Math.max(LEAST, length);
  return <rect {...LOOKS[kind]} x={share(Math.min(from, 1 - width))} width={share(width)} />;
}
