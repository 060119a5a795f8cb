// A range of time as strips, and how long requests waited and the model took in it.
import type { JSX } from 'preact';
import type { Day, DayTimes } from '../../backend/contract/day.ts';
import type { PlotSpan } from '../../backend/contract/desktop.ts';
import type { FigureName } from '../../backend/contract/figure-meanings.ts';
import { meaningOf } from '../../words/meanings.ts';
import { RANGES } from '../plots/plot-axis.ts';
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
    <p class="sec-note">Hearth started at {moment(Date.parse(startedAt), now)}</p>
  ); // prettier-ignore
  return (
    <Section title={RANGES.find(({ span }) => span === day.span)?.whole ?? ''} end={note}>
      <Strips key={day.span} day={day} span={steps} since={since} now={now} />
      <table class="plain kept tri">
        <thead>
          <tr>
            <th scope="col">
              <span class="sr">Phase</span>
            </th>
            <Heading words="Median" meaning="median" />
            <Heading words={'95\u202F% under'} meaning="p95" />
            <Heading words="Longest" meaning="longest" />
          </tr>
        </thead>
        <tbody>
          <Phase name="Wait for a turn" meaning="wait" times={day.wait} />
          <Phase name="First token after it" meaning="first_token" times={day.first_token} />
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
