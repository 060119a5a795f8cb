// How much of the prompts was still in the model's memory, and why the rest was not.
import type { JSX } from 'preact';
import type { Day } from '../../backend/contract/views/day.ts';
import { meaningOf } from '../../words/meanings.ts';
import { t } from '../../words/texts.ts';
import { PageLink } from '../parts/page-link.tsx';
import { useCalls } from '../parts/use-calls.ts';
import { Section } from '../parts/parts.tsx';
import { count, moment, percent } from '../parts/words.ts';
import { Mix } from './mix-bar.tsx';

/** Nothing where it is not known of any prompt. */
export function PromptReuse({
  reuse,
  prompts: { reusable_tokens: reusable, reused_tokens: reused },
  now,
}: Pick<Day, 'reuse' | 'prompts'> & { readonly now: number }): JSX.Element | null {
  const { go } = useCalls();
  if (reuse === null) return null;
  const { losses } = reuse;
  const rest = losses.reduce((left, { tokens }) => left - tokens, reuse.reusable_tokens - reuse.reused_tokens);
  const lost = losses.map(({ text, tokens }) => t('overview.lost_said', { tokens: count(tokens), why: text }));
  const label = [t('overview.reuse_said', { n: reusable, reused: count(reused) }), ...lost].join(', ');
  return (
    <Section title={t('overview.reuse')}>
      {reusable > 0 && (
        <>
          <p class="kept" title={meaningOf('reused')}>
            <b>{t('overview.reused', { share: percent(reused / reusable) })}</b>{' '}
            <span class="quiet">{t('overview.still_there', { reused: count(reused), reusable: count(reusable) })}</span>
          </p>
          <Mix counts={{ hit: reused, coalesced: 0, miss: 0, bypass: reusable - reused }} label={label} />
        </>
      )}
      <ul class="lost">
        {losses.map(({ cause, text, times, at, tokens, request_id }) => (
          <li key={text}>
            <span>
              {cause === 'loaded' && times === 1
                ? t('overview.lost_at', { why: text, time: moment(Date.parse(at), now) })
                : text}
            </span>
            <Tokens tokens={tokens} />
            <button
              class="btn plain"
              type="button"
              aria-label={t('overview.show_lost', { why: text })}
              onClick={() => go('requests', { request: request_id })}
            >
              {t('overview.show')}
            </button>
          </li>
        ))}
        {rest > 0 && losses.length > 0 && (
          <li>
            <span>{t('overview.lost_otherwise')}</span>
            <Tokens tokens={rest} />
          </li>
        )}
      </ul>
      <p class="kept">
        <PageLink to="prompts" look="link">
          {t('prompts.open')}
        </PageLink>
      </p>
    </Section>
  );
}

function Tokens({ tokens }: { readonly tokens: number }): JSX.Element {
  return (
    <span class="quiet nb" title={meaningOf('lost')}>
      {t('overview.tokens', { n: tokens })}
    </span>
  );
}
