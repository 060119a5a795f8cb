// The last prompts that parted at one place, each with what stands there and the way to its request.
import type { JSX } from 'preact';
import type { PartingPlace } from '../../backend/contract/views/parting-places.ts';
import { t } from '../../words/texts.ts';
import { useCalls } from '../parts/use-calls.ts';
import { timeOfDay } from '../parts/words.ts';

/** The last prompts that parted there: what stands there, as long as it is in memory. */
export function Last({ last }: Pick<PartingPlace, 'last'>): JSX.Element {
  const { go } = useCalls();
  return (
    <ul class="diff">
      {last.map(({ request_id, created_at, now: span }) => (
        <li key={request_id}>
          <button class="link" type="button" onClick={() => go('requests', { request: request_id })}>
            <time dateTime={created_at}>{timeOfDay(Date.parse(created_at), true)}</time>
            <span class="sr">{t('prompts.show_request')}</span>
          </button>
          {span === undefined ? (
            <span class="quiet">{t('prompts.not_in_memory')}</span>
          ) : (
            <span>
              …{span.before}
              <mark>{span.differs}</mark>
              {span.after}…
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
