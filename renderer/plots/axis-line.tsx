// The line of times below the strips: some along them all, or the one of the step under the hairline.
import type { JSX } from 'preact';
import type { PlotSpan } from '../../backend/contract/window/look-commands.ts';
import { middleOf, stepWords, ticksOf, type Tick } from './plot-axis.ts';

export function Ticks({ from, to }: { readonly from: number; readonly to: number }): JSX.Element {
  return (
    <svg class="axis ticks" aria-hidden="true">
      {ticksOf(from, to).map((tick) => (
        <Time key={tick.share} {...tick} />
      ))}
    </svg>
  );
}

interface MomentProps extends Readonly<Record<'step' | 'from' | 'to', number>> {
  readonly span: PlotSpan;
  readonly now: number;
}

/** The time of the step under the hairline; near an end it stays within the plot. */
export function Moment({ span, step, from, to, now }: MomentProps): JSX.Element {
  const share = Math.max(0, Math.min(1, (middleOf(span, step, now) - from) / (to - from)));
  const anchor = share < 0.15 ? 'start' : share > 0.85 ? 'end' : 'middle';
  return (
    <svg class="axis" aria-hidden="true">
      <Time share={share} words={stepWords(span, span.t[step] ?? 0)} anchor={anchor} />
    </svg>
  );
}

function Time({ share, words, anchor, near }: Tick): JSX.Element {
  return (
    <text class={near === true ? 'near' : undefined} x={`${share * 100}%`} y="0.6875rem" text-anchor={anchor}>
      {words}
    </text>
  );
}
