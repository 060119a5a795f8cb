// A range of time as strips, and how long requests waited and the model took in it.
import type { JSX } from 'preact';
import type { Day, DayTimes } from '../../backend/contract/views/day.ts';
import type { PlotSpan } from '../../backend/contract/window/look-commands.ts';
import type { FigureName } from '../../backend/contract/views/figure-meanings.ts';
import { meaningOf } from '../../words/meanings.ts';
import { t } from '../../words/texts.ts';
import { PlotTable } from '../plots/plot-table.tsx';
import { Strips } from '../plots/plots.tsx';
import { Section } from '../parts/parts.tsx';
import { duration, moment, NOTHING } from '../parts/words.ts';

interface OverTimeProps {
  readonly day: Day;
  readonly steps: PlotSpan;
  /** "since 09:12", "in the last hour". */
  readonly since: string;
  /** When the gateway was started; null while it is not known. */
  readonly startedAt: string | null;
  readonly now: number;
}

export function OverTime({ day, steps, since, startedAt, now }: OverTimeProps): JSX.Element {
  const note = startedAt === null ? undefined : (
    <p class="sec-note">{t('overview.started', { time: moment(Date.parse(startedAt), now) })}</p>
  ); // prettier-ignore
  return (
    <Section title={t(`plots.whole_${day.span}`)} end={note}>
      <Strips key={`${day.span} ${steps.step_s}`} day={day} span={steps} since={since} now={now} />
      <table class="plain kept tri">
        <thead>
          <tr>
            <th scope="col">
              <span class="sr">{t('overview.phase')}</span>
            </th>
            <Heading words={t('overview.median')} meaning="median" />
            <Heading words={t('overview.p95')} meaning="p95" />
            <Heading words={t('overview.longest')} meaning="longest" />
          </tr>
        </thead>
        <tbody>
          <Phase name={t('overview.wait')} meaning="wait" times={day.wait} />
          <Phase name={t('overview.first_token')} meaning="first_token" times={day.first_token} />
        </tbody>
      </table>
      <PlotTable span={steps} />
    </Section>
  );
}

function Heading({ words, meaning }: { readonly words: string; readonly meaning: FigureName }): JSX.Element {
  return (
    <th scope="col" title={meaningOf(meaning)}>
      {words}
    </th>
  );
}

interface PhaseProps {
  readonly name: string;
  readonly meaning: FigureName;
  readonly times: DayTimes;
}

function Phase({ name, meaning, times }: PhaseProps): JSX.Element {
  const told = (ms: number | undefined): string => (ms === undefined ? NOTHING : duration(ms));
  return (
    <tr>
      <th scope="row" title={meaningOf(meaning)}>
        {name}
      </th>
      <td>{told(times?.median_ms)}</td>
      <td>{told(times?.p95_ms)}</td>
      <td>{told(times?.longest_ms)}</td>
    </tr>
  );
}
