// What failed in a range of time: how many, and of the newest which app asked which model, when, and what it was told.
import { shownCaller } from '../../backend/contract/apps.ts';
import type { JSX } from 'preact';
import type { Day, DayFailure } from '../../backend/contract/views/day.ts';
import { meaningOf } from '../../words/meanings.ts';
import { t } from '../../words/texts.ts';
import { useCalls } from '../parts/use-calls.ts';
import { Section, SourceMark } from '../parts/parts.tsx';
import { dayAndTime, timeOfDay } from '../parts/words.ts';

/** Nothing where nothing failed and nothing was given up. */
export function WhatFailed({ day, now }: { readonly day: Day; readonly now: number }): JSX.Element | null {
  const { failed, cancelled, failures } = day;
  if (failed === 0 && cancelled === 0) return null;
  const note = (
    <p class="sec-note">
      <span title={meaningOf('failed')}>{t('overview.failed', { n: failed })}</span>
      {cancelled > 0 && <span title={meaningOf('cancelled')}>{t('overview.cancelled', { n: cancelled })}</span>}
    </p>
  );
  return (
    <Section title={t('overview.what_failed')} end={note}>
      {failures.length > 0 && (
        <ul class="lost">
          {failures.map((failure) => (
            <Failure key={failure.request_id} failure={failure} now={now} />
          ))}
        </ul>
      )}
    </Section>
  );
}

function Failure({ failure, now }: { readonly failure: DayFailure; readonly now: number }): JSX.Element {
  const { go } = useCalls();
  const { request_id, caller, model, error, code, at } = failure;
  const moment = Date.parse(at);
  const isToday = new Date(moment).toDateString() === new Date(now).toDateString();
  const when = isToday ? timeOfDay(moment, true) : dayAndTime(moment);
  return (
    <li>
      <span>
        <span class="src">
          <SourceMark name="failed" />
          {model === '' ? shownCaller(caller) : `${shownCaller(caller)}, ${model}`}
        </span>
        <span class="meta2">{error ?? code ?? t('overview.reason_unknown')}</span>
      </span>
      <span class="quiet nb">{when}</span>
      <button
        class="btn plain"
        type="button"
        aria-label={t('overview.show_failed', { when })}
        onClick={() => go('requests', { request: request_id })}
      >
        {t('overview.show')}
      </button>
    </li>
  );
}
