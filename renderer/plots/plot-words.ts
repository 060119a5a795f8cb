// The strips as sentences, for those who cannot see them. Pure.
import type { Day, DayTimes } from '../../backend/contract/views/day.ts';
import type { PlotSpan } from '../../backend/contract/window/look-commands.ts';
import { t } from '../../words/texts.ts';
import { count, duration } from '../parts/words.ts';
import { stepLength } from './plot-axis.ts';

/** What a sentence is made of: `since` is "since 09:12" or "in the last hour". */
export interface Told {
  readonly day: Day;
  readonly span: PlotSpan;
  readonly since: string;
}

/** A strip's name for screen readers. */
export type Sentence = (told: Told) => string;

/** How many requests, how many at most in one step, and how many needed the model. */
export function countSentence({ day, span, since }: Told): string {
  const most = Math.max(0, ...span.requests.map((value) => value ?? 0));
  const needed = count(day.requests - day.no_model_time);
  const figures = { all: count(day.requests), most: count(most), needed };
  return t('plots.requests_said', { step: stepLength(span), since, ...figures });
}

export function timeSentence(name: 'wait' | 'first_token', of: (day: Day) => DayTimes): Sentence {
  return ({ day, since }) => {
    const times = of(day);
    if (times === null) return t(`plots.${name}_none`, { since });
    return t(`plots.${name}_said`, { since, median: duration(times.median_ms), p95: duration(times.p95_ms) });
  };
}
