// What was saved in a range of time, and for which apps.
import type { JSX } from 'preact';
import { t } from '../../words/texts.ts';
import type { Day } from '../../backend/contract/day.ts';
import { meaningOf } from '../../words/meanings.ts';
import { RANGES } from '../plots/plot-axis.ts';
import { PageLink } from '../parts/page-link.tsx';
import { Section, Source } from '../parts/parts.tsx';
import { clockDuration, count, plural } from '../parts/words.ts';
import { Mix } from './mix-bar.tsx';
import type { SpanWord } from '../../backend/contract/spans.ts';

interface SavedProps {
  readonly day: Day;
  /** "Since 09:12", "Last hour". */
  readonly title: string;
  /** The range that was chosen; `day` may still be that of the one before. */
  readonly span: SpanWord;
  readonly choose: (span: SpanWord) => void;
}

/** The choice of the range that rules everything below it, and how the requests in it were answered. */
export function Saved({ day, title, span, choose }: SavedProps): JSX.Element {
  const choice = (
    <fieldset class="seg five" title={meaningOf('range')}>
      <legend class="sr">Time shown</legend>
      {RANGES.map((each) => (
        <label key={each.span}>
          <input type="radio" name="span" checked={each.span === span} onChange={() => choose(each.span)} />
          <span>{each.label}</span>
        </label>
      ))}
    </fieldset>
  );
  return (
    <Section title={title} end={choice}>
      {day.requests === 0 ? <p class="lead">No requests.</p> : <Answered day={day} />}
    </Section>
  );
}

const SOURCES = ['hit', 'coalesced', 'miss', 'bypass'] as const;

function Answered({ day }: { readonly day: Day }): JSX.Element {
  const { requests, no_model_time, sources, time_saved_ms, tokens_saved } = day;
  const words = SOURCES.map((name) => `${count(sources[name])} ${name}`);
  return (
    <>
      <p class="lead">
        <span title={meaningOf('no_model_time')}>
          <b>
            {count(no_model_time)} of {count(requests)}
          </b>{' '}
          {requests === 1 ? 'request' : 'requests'} cost no model time.
        </span>{' '}
        {no_model_time > 0 && (
          <span>
            Saved <b title={meaningOf('time_saved')}>{clockDuration(time_saved_ms)}</b> and{' '}
            <b title={meaningOf('tokens_saved')}>{plural(tokens_saved, 'token')}</b>.
          </span>
        )}
      </p>
      <Mix counts={sources} label={`Of ${plural(requests, 'request')}: ${words.join(', ')}`} />
      <ul class="mix-key">
        {SOURCES.map((name) => (
          <li key={name} title={meaningOf(name)}>
            <Source name={name} />
            <p>
              <b>{count(sources[name])}</b>
            </p>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Nothing where no app asked for anything. */
export function SavedByApp({ day }: { readonly day: Day }): JSX.Element | null {
  const { apps, more_apps: more } = day;
  if (apps.length === 0 && more === null) return null;
  return (
    <Section title="Saved by app" end={<PageLink to="connect">{t('connect.link')}</PageLink>}>
      <table class="plain tri">
        <thead>
          <tr>
            <th scope="col">App</th>
            <th scope="col" title={meaningOf('no_model_time')}>
              No model time
            </th>
            <th scope="col" title={meaningOf('time_saved')}>
              Time saved
            </th>
            <th scope="col" title={meaningOf('tokens_saved')}>
              Tokens saved
            </th>
          </tr>
        </thead>
        <tbody>
          {apps.map((app, i) => (
            <Row key={i} name={app.caller} of={app} />
          ))}
          {more !== null && (
            <Row name={more.apps === null ? 'Other apps' : `${count(more.apps)} more apps`} of={more} />
          )}
        </tbody>
      </table>
    </Section>
  );
}

interface RowProps {
  readonly name: string;
  readonly of: Omit<Day['apps'][number], 'caller'>;
}

function Row({ name, of: { no_model_time, requests, time_saved_ms, tokens_saved } }: RowProps): JSX.Element {
  return (
    <tr>
      <th scope="row" class="app-name" title={name}>
        {name}
      </th>
      <td>
        {count(no_model_time)} of {count(requests)}
      </td>
      <td>{clockDuration(time_saved_ms)}</td>
      <td>{count(tokens_saved)}</td>
    </tr>
  );
}
