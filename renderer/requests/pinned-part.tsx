// What of a request's prompt was kept the same, as it was sent and as it went up, and what that saved.
import type { JSX } from 'preact';
import type { Pinned } from '../../backend/contract/rules/pin-rule.ts';
import type { RequestDetail } from '../../backend/contract/views/request-detail.ts';
import { t } from '../../words/texts.ts';
import { Section } from '../parts/parts.tsx';
import { PinDiffLines } from '../parts/pin-diff.tsx';
import { roughly } from '../parts/words.ts';

interface PartProps {
  readonly pinned: NonNullable<RequestDetail['pinned']>;
  /** Tokens a second; null where that was not measured. */
  readonly rate: number | null;
  /** A kept answer had nothing read. */
  readonly ran: boolean;
}

export function PinnedPart({ pinned: { done, saved_tokens }, rate, ran }: PartProps): JSX.Element {
  return (
    <Section title={t('requests.pinned')}>
      {done.map((one) => (
        <Done key={one.what} done={one} />
      ))}
      {ran && <p class="meta2 kept">{savedWords(saved_tokens, rate)}</p>}
    </Section>
  );
}

function Done({ done: { what, how, diff } }: { readonly done: Pinned }): JSX.Element {
  return (
    <>
      {diff !== undefined && <PinDiffLines diff={diff} />}
      <p class="meta2 kept">
        {t(
          what === 'billing_line'
            ? 'requests.pinned_billing'
            : how === 'to_day'
              ? 'requests.pinned_day'
              : 'requests.pinned_end',
        )}
      </p>
    </>
  );
}

/** Reading goes on at the rate of this request. */
function savedWords(tokens: number | null, rate: number | null): string {
  if (tokens === null) return t('requests.pinned_unknown');
  const ms = rate === null || rate <= 0 ? undefined : (tokens / rate) * 1000;
  return ms === undefined || ms < 100
    ? t('requests.pinned_tokens', { n: tokens })
    : t('requests.pinned_saved', { n: tokens, time: roughly(ms) });
}
