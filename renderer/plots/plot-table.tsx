// The strips' figures as a table, the newest step first. Its rows are made only while it is open.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { PlotSpan } from '../../backend/contract/desktop.ts';
import { STRIPS } from './plot-columns.ts';
import { NOTHING, THIN, timeOfDay } from '../parts/words.ts';

export function PlotTable({ span }: { readonly span: PlotSpan }): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <details class="fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Show as a table</summary>
      {open && (
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">From</th>
              {STRIPS.map(({ name, label }) => (
                <th key={name} scope="col">
                  {label.split('/').flatMap((part, i) => (i === 0 ? [part] : ['/', <wbr key={part} />, part]))}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{rowsOf(span)}</tbody>
        </table>
      )}
    </details>
  );
}

function rowsOf(span: PlotSpan): JSX.Element[] {
  const columns = STRIPS.map((strip) => ({ strip, column: strip.columns(span)[0] }));
  return span.t
    .map((begins, i) => (
      <tr key={begins}>
        <th scope="row">{timeOfDay(begins * 1000, span.step_s < 60)}</th>
        {columns.map(({ strip, column }) => {
          const value = column[i] ?? null;
          const [figure, unit] = value === null ? [NOTHING, ''] : strip.figure(value);
          return <td key={strip.name}>{unit === '' ? figure : figure + THIN + unit}</td>;
        })}
      </tr>
    ))
    .toReversed();
}
