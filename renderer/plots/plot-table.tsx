// The figures of all steps as a table, the newest step first. Its rows are made only while it is open.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { PlotSpan } from '../../backend/contract/window/look-commands.ts';
import { t } from '../../words/texts.ts';
import { stepWords } from './plot-axis.ts';
import { COLUMNS } from './plot-columns.ts';
import { dayOfMonth, NOTHING, THIN, timeOfDay } from '../parts/words.ts';

const HOUR_S = 3600;

export function PlotTable({ span }: { readonly span: PlotSpan }): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <details class="fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t('plots.as_table')}</summary>
      {open && (
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">{t('plots.from')}</th>
              {COLUMNS.map(({ name }) => (
                <th key={name} scope="col">
                  {t(`plots.column_${name}`)}
                </th>
              ))}
            </tr>
          </thead>
          {days(span).map(({ day, steps }) => (
            <tbody key={day}>
              {day !== '' && (
                <tr>
                  <th scope="rowgroup" colSpan={COLUMNS.length + 1}>
                    {day}
                  </th>
                </tr>
              )}
              {steps.map((step) => (
                <Row key={step} span={span} step={step} />
              ))}
            </tbody>
          ))}
        </table>
      )}
    </details>
  );
}

/** The steps of each day, the newest first. Where the words of a step say its day, or no more than one is meant, all are one. */
function days(span: PlotSpan): { readonly day: string; readonly steps: number[] }[] {
  const groups: { readonly day: string; readonly steps: number[] }[] = [];
  for (const [step, begins] of [...span.t.entries()].toReversed()) {
    const day = span.step_s === HOUR_S ? dayOfMonth(begins * 1000) : '';
    const last = groups.at(-1);
    if (last?.day === day) last.steps.push(step);
    else groups.push({ day, steps: [step] });
  }
  return groups;
}

function Row({ span, step }: { readonly span: PlotSpan; readonly step: number }): JSX.Element {
  const begins = span.t[step] ?? 0;
  return (
    <tr>
      <th scope="row">{span.step_s === HOUR_S ? timeOfDay(begins * 1000) : stepWords(span, begins)}</th>
      {COLUMNS.map(({ name, column, figure: shown }) => {
        const value = column(span)[step] ?? null;
        const [figure, unit] = value === null ? [NOTHING, ''] : shown(value);
        return <td key={name}>{unit === '' ? figure : figure + THIN + unit}</td>;
      })}
    </tr>
  );
}
