// What was saved in a range of time, and for which apps.
import { shownCaller } from '../../backend/contract/apps.ts';
import type { JSX } from 'preact';
import type { Day } from '../../backend/contract/views/day.ts';
import { meaningOf } from '../../words/meanings.ts';
import { PageLink } from '../parts/page-link.tsx';
import { pieces, t } from '../../words/texts.ts';
import { Section, Source } from '../parts/parts.tsx';
import { clockDuration, count } from '../parts/words.ts';
import { Mix } from './mix-bar.tsx';
import { SPAN_WORDS, type SpanWord } from '../../backend/contract/views/spans.ts';

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
      <legend class="sr">{t('overview.range')}</legend>
      {SPAN_WORDS.map((each) => (
        <label key={each}>
          <input type="radio" name="span" checked={each === span} onChange={() => choose(each)} />
          <span>{t(`plots.label_${each}`)}</span>
        </label>
      ))}
    </fieldset>
  );
  return (
    <Section title={title} end={choice}>
      {day.requests === 0 ? <p class="lead">{t('overview.none')}</p> : <Answered day={day} />}
    </Section>
  );
}

const SOURCES = ['hit', 'coalesced', 'miss', 'bypass'] as const;

function Answered({ day }: { readonly day: Day }): JSX.Element {
  const { requests, no_model_time, sources, time_saved_ms, tokens_saved } = day;
  const figures = Object.fromEntries(SOURCES.map((name) => [name, count(sources[name])]));
  return (
    <>
      <p class="lead">
        <span title={meaningOf('no_model_time')}>
          {pieces<number | JSX.Element>('overview.no_model_time', {
            n: requests,
            share: <b>{t('overview.share', { part: count(no_model_time), of: count(requests) })}</b>,
          })}
        </span>{' '}
        {no_model_time > 0 && (
          <span>
            {pieces<JSX.Element>('overview.saved', {
              time: <b title={meaningOf('time_saved')}>{clockDuration(time_saved_ms)}</b>,
              tokens: <b title={meaningOf('tokens_saved')}>{t('overview.tokens', { n: tokens_saved })}</b>,
            })}
          </span>
        )}
      </p>
      <Mix counts={sources} label={t('overview.mix', { n: requests, ...figures })} />
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
    <Section title={t('overview.by_app')} end={<PageLink to="connect">{t('connect.link')}</PageLink>}>
      <table class="plain tri">
        <thead>
          <tr>
            <th scope="col">{t('overview.app')}</th>
            <th scope="col" title={meaningOf('no_model_time')}>
              {t('overview.column_no_model_time')}
            </th>
            <th scope="col" title={meaningOf('time_saved')}>
              {t('overview.column_time_saved')}
            </th>
            <th scope="col" title={meaningOf('tokens_saved')}>
              {t('overview.column_tokens_saved')}
            </th>
          </tr>
        </thead>
        <tbody>
          {byShownName(apps).map((app, i) => (
            <Row key={i} name={app.caller} of={app} />
          ))}
          {more !== null && (
            <Row
              name={more.apps === null ? t('overview.other_apps') : t('overview.more_apps', { n: more.apps })}
              of={more}
            />
          )}
        </tbody>
      </table>
    </Section>
  );
}

/** What an app was spared. */
type Saved = Omit<Day['apps'][number], 'prompts'>;

/** Those that people know by one name together, as two versions of one library; the order stays. */
function byShownName(apps: Day['apps']): readonly Saved[] {
  const rows = new Map<string, Saved>();
  for (const app of apps) {
    const caller = shownCaller(app.caller);
    const { no_model_time, requests, time_saved_ms, tokens_saved } = rows.get(caller) ?? NOTHING;
    rows.set(caller, {
      caller,
      no_model_time: no_model_time + app.no_model_time,
      requests: requests + app.requests,
      time_saved_ms: time_saved_ms + app.time_saved_ms,
      tokens_saved: tokens_saved + app.tokens_saved,
    });
  }
  return [...rows.values()];
}
const NOTHING = { no_model_time: 0, requests: 0, time_saved_ms: 0, tokens_saved: 0 };

interface RowProps {
  readonly name: string;
  readonly of: Omit<Saved, 'caller'>;
}

function Row({ name, of: { no_model_time, requests, time_saved_ms, tokens_saved } }: RowProps): JSX.Element {
  return (
    <tr>
      <th scope="row" class="app-name" title={name}>
        {name}
      </th>
      <td>{t('overview.share', { part: count(no_model_time), of: count(requests) })}</td>
      <td>{clockDuration(time_saved_ms)}</td>
      <td>{count(tokens_saved)}</td>
    </tr>
  );
}
