// The strips with one time axis, drawn by uPlot; what they show is in plot-columns.ts. One hairline goes through all of
// them, by pointer or by arrow keys, and the values at the left are then those under it.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { Day } from '../../backend/contract/views/day.ts';
import type { PlotSpan } from '../../backend/contract/window/look-commands.ts';
import { meaningOf } from '../../words/meanings.ts';
import { t } from '../../words/texts.ts';
import { Moment, Ticks } from './axis-line.tsx';
import { axisOf, lengthOf, middleOf, stepAt } from './plot-axis.ts';
import {
  figureAt,
  heldTop,
  lineColumns,
  loneIndices,
  mostOf,
  stepColumns,
  STRIPS,
  topOf,
  topWords,
  type Strip,
  type Top,
} from './plot-columns.ts';
import { THIN } from '../parts/words.ts';

interface StripsProps {
  readonly day: Day;
  readonly span: PlotSpan;
  /** "since 09:12", "in the last hour". */
  readonly since: string;
  readonly now: number;
}

/** The three strips of a range. Another range needs others: give them its word as their key. */
export function Strips({ day, span, since, now }: StripsProps): JSX.Element {
  const [step, setStep] = useState<number>();
  const box = useRef<HTMLDivElement>(null);
  const last = span.t.length - 1;
  const { from, to } = axisOf(span, Date.parse(day.since), now);
  const onPointerMove = (event: PointerEvent): void => {
    const plot = box.current?.querySelector('.plot')?.getBoundingClientRect();
    if (plot === undefined || event.clientX < plot.left || event.clientX > plot.right) return setStep(undefined);
    const share = (event.clientX - plot.left) / plot.width;
    setStep(stepAt(span, from + (to - from) * share));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') return setStep(undefined);
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    setStep(Math.max(0, Math.min(last, (step ?? last + (by < 0 ? 1 : 0)) + by)));
  };
  return (
    <div
      class="strips"
      ref={box}
      role="group"
      aria-label={t('plots.title')}
      tabIndex={0}
      onPointerMove={onPointerMove}
      onPointerLeave={() => setStep(undefined)}
      onKeyDown={onKeyDown}
      onBlur={() => setStep(undefined)}
    >
      {STRIPS.map((strip) => (
        <StripRow
          key={strip.name}
          strip={strip}
          day={day}
          span={span}
          since={since}
          from={from}
          to={to}
          now={now}
          step={step}
        />
      ))}
      {step === undefined ? (
        <Ticks from={from} to={to} />
      ) : (
        <Moment span={span} step={step} from={from} to={to} now={now} />
      )}
    </div>
  );
}

interface StripRowProps extends StripsProps {
  readonly strip: Strip;
  /** The axis, in seconds. */
  readonly from: number;
  readonly to: number;
  readonly step: number | undefined;
}

function StripRow({ strip, day, span, since, from, to, now, step }: StripRowProps): JSX.Element {
  const held = useRef<Top>(undefined);
  const columns = strip.columns(span);
  const needed = topOf(strip, mostOf(columns));
  held.current = heldTop(held.current, needed, now, lengthOf(span) * 1000);
  const { top } = held.current;
  const [figure, unit] = figureAt(strip, span, day, step);
  return (
    <div class="strip">
      <p class="strip-k" title={meaningOf(strip.meaning)}>
        <span>{t(`plots.strip_${strip.name}`)}</span>
        <b class="fig">{figure}</b>
        {unit !== '' && <small>{THIN + unit}</small>}
      </p>
      <Plot
        strip={strip}
        span={span}
        top={top}
        from={from}
        to={to}
        now={now}
        step={step}
        label={strip.sentence({ day, span, since })}
      />
      <span class="strip-max">{topWords(strip, top)}</span>
    </div>
  );
}

interface PlotProps extends Omit<StripRowProps, 'since' | 'day'> {
  readonly top: number;
  readonly label: string;
}

/** One canvas. It is made once; data, scales, width and hairline are brought up to date with each picture. */
function Plot({ strip, span, top, from, to, now, step, label }: PlotProps): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const range = useRef({ from: 0, to: 1, top: 1 });
  range.current = { from, to, top };

  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const made = new uPlot(optionsOf(strip, element.clientWidth, range), undefined, element);
    plot.current = made;
    // It calls back once at the start too, when the plot has its size already.
    const sizes = new ResizeObserver(() => {
      if (made.width !== element.clientWidth) made.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    sizes.observe(element);
    const themes = THEMES.map((query) => window.matchMedia(query));
    const redraw = (): void => made.redraw();
    for (const theme of themes) theme.addEventListener('change', redraw);
    return () => {
      sizes.disconnect();
      for (const theme of themes) theme.removeEventListener('change', redraw);
      made.destroy();
    };
  }, [strip]);

  useEffect(() => {
    const columns = strip.columns(span);
    const data = strip.shape === 'steps' ? stepColumns(span, columns, now) : lineColumns(span, columns, now);
    plot.current?.setData(data);
  }, [strip, span, now, top]);

  useEffect(() => {
    const made = plot.current;
    if (made === undefined) return;
    const left = step === undefined ? -10 : made.valToPos(middleOf(span, step, now), 'x');
    made.setCursor({ left: Math.max(step === undefined ? -10 : 0, left), top: 0 }, false);
  }, [span, step, now]);

  return <div class="plot" ref={host} role="img" aria-label={label} />;
}

const HEIGHT = 36;
const THEMES = ['(prefers-color-scheme: dark)', '(prefers-contrast: more)', '(forced-colors: active)'];

const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** The settings of the design's section 7. Colours are functions: they are read again at each drawing. */
function optionsOf(
  strip: Strip,
  width: number,
  range: { readonly current: { readonly from: number; readonly to: number; readonly top: number } },
): uPlot.Options {
  const ignore = (): null => null;
  return {
    width,
    height: HEIGHT,
    padding: [1, 0, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: false, y: false },
      // The hairline is set from outside, the same for all strips.
      bind: { mousemove: ignore, mousedown: ignore, mouseup: ignore, mouseenter: ignore, mouseleave: ignore, click: ignore, dblclick: ignore }, // prettier-ignore
    },
    scales: {
      x: { time: true, range: () => [range.current.from, range.current.to] },
      y: { range: () => [0, range.current.top] },
    },
    axes: [{ show: false }, { show: false }],
    series: [{}, ...seriesOf(strip)],
    ...(strip.time === true ? { bands: [{ series: [2, 1], fill: () => token('--ash-2') }] } : {}),
  };
}

function seriesOf({ name }: Strip): uPlot.Series[] {
  const steps = uPlot.paths.stepped?.({ align: 1 });
  const stepped = (more: uPlot.Series): uPlot.Series => ({
    ...(steps === undefined ? {} : { paths: steps }),
    points: { show: false },
    ...more,
  });
  const lone: uPlot.Series.Points.Filter = (u, index) => loneIndices([...(u.data[index] ?? [])] as (number | null)[]);
  const line = (colour: string): uPlot.Series => ({
    stroke: () => token(colour),
    width: 1.5,
    spanGaps: false,
    points: { size: 3, width: 0, fill: () => token(colour), filter: lone },
  });
  const filled = (colour: string): uPlot.Series =>
    stepped({ stroke: () => token(colour), width: 1.5, fill: () => token('--ash-2') });
  switch (name) {
    case 'requests':
      return [filled('--ash'), stepped({ width: 0, fill: () => token('--ember') })];
    case 'wait':
    case 'first_token':
      return [line('--ink-2'), { width: 0, spanGaps: false, points: { show: false } }];
  }
}
