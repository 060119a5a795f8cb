// How much of the prompts was still in the model's memory, and why the rest was not.
import type { JSX } from 'preact';
import type { Day } from '../../backend/contract/day.ts';
import { meaningOf } from '../../words/meanings.ts';
import { useCalls } from '../parts/use-calls.ts';
import { Section } from '../parts/parts.tsx';
import { count, moment, percent, plural } from '../parts/words.ts';
import { Mix } from './mix-bar.tsx';

/** Nothing where it is not known of any prompt. */
export function PromptReuse({ reuse, now }: Pick<Day, 'reuse'> & { readonly now: number }): JSX.Element | null {
  const { go } = useCalls();
  if (reuse === null) return null;
  const { reusable_tokens: reusable, reused_tokens: reused, losses } = reuse;
  const rest = losses.reduce((left, { tokens }) => left - tokens, reusable - reused);
  const lost = losses.map(({ text, tokens }) => `${count(tokens)} lost: ${text}`);
  const label = [`Of ${plural(reusable, 'token')}: ${count(reused)} reused`, ...lost].join(', ');
  return (
    <Section title="Prompt reuse">
      <p class="kept" title={meaningOf('reused')}>
        <b>Reused {percent(reused / reusable)} of what could be:</b>{' '}
        <span class="quiet">
          {count(reused)} of {count(reusable)} prompt tokens were still in the model’s memory.
        </span>
      </p>
      <Mix counts={{ hit: reused, coalesced: 0, miss: 0, bypass: reusable - reused }} label={label} />
      <ul class="lost">
        {losses.map(({ cause, text, times, at, tokens, request_id }) => (
          <li key={text}>
            <span>
              {text}
              {cause === 'loaded' && times === 1 && ` at ${moment(Date.parse(at), now)}`}
            </span>
            <Tokens tokens={tokens} />
            <button
              class="btn plain"
              type="button"
              aria-label={`Show the request that lost most by this: ${text}`}
              onClick={() => go('requests', { request: request_id })}
            >
              Show
            </button>
          </li>
        ))}
        {rest > 0 && losses.length > 0 && (
          <li>
            <span>For other reasons</span>
            <Tokens tokens={rest} />
          </li>
        )}
      </ul>
    </Section>
  );
}

function Tokens({ tokens }: { readonly tokens: number }): JSX.Element {
  return (
    <span class="quiet nb" title={meaningOf('lost')}>
      {plural(tokens, 'token')}
    </span>
  );
}
