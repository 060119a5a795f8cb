// The page "Where prompts part", behind Overview: of each app the place from which its prompts differ, and what is read again for
// it. It changes no prompt; what could be kept the same is offered here once Hearth can do so.
import { shownCaller } from '../../backend/contract/apps.ts';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Live } from '../../backend/contract/app-state.ts';
import type { View } from '../../backend/contract/desktop.ts';
import type { PartingPlace, Partings } from '../../backend/contract/parting-places.ts';
import { NotRunning } from '../parts/not-running.tsx';
import { Empty, Section } from '../parts/parts.tsx';
import { useCalls } from '../parts/use-calls.ts';
import { count, moment, roughly, timeOfDay } from '../parts/words.ts';
import { t } from '../../words/texts.ts';

interface PageProps {
  readonly view: View;
  readonly now: number;
}

export function PromptsPage({ view, now }: PageProps): JSX.Element | null {
  const { gateway, live } = view;
  if (gateway.state !== 'running' || live === null) return <NotRunning gateway={gateway} />;
  return <Found live={live} now={now} />;
}

function Found({ live, now }: { readonly live: Live; readonly now: number }): JSX.Element | null {
  const found = usePartings(live);
  if (found === undefined) return null;
  const { compared, since, places } = found;
  if (since === null) {
    return (
      <Empty mark="idle" title={t('prompts.none_compared')}>
        <p>{t('prompts.when_compared')}</p>
      </Empty>
    );
  }
  const from = moment(Date.parse(since), now);
  if (places.length === 0) {
    return (
      <Empty mark="idle" title={t('prompts.nothing_parts')}>
        <p>{t('prompts.all_go_on', { n: compared, time: from })}</p>
      </Empty>
    );
  }
  return (
    <>
      <p class="quiet said">{t('prompts.looked_at', { n: compared, time: from })}</p>
      {places.map((place) => (
        <Place key={`${place.caller} ${place.model} ${place.where} ${place.what ?? ''}`} place={place} />
      ))}
      <section class="sec">
        <p class="quiet">{t('prompts.why')}</p>
      </section>
    </>
  );
}

function Place({ place }: { readonly place: PartingPlace }): JSX.Element {
  const { caller, model, where, what, same_chars, chars, block, times, of, again_tokens, again_ms, last } = place;
  const at = { caller: shownCaller(caller), at: count(same_chars + 1), chars: count(chars) };
  return (
    <Section title={shownCaller(caller)} end={<p class="sec-note">{t('prompts.how_often', { model, times, of })}</p>}>
      <div class="cols">
        <div>
          <p class="lead">
            <span>{block > 1 ? t('prompts.parts_about', at) : t('prompts.parts_at', at)}</span>{' '}
            <span>
              {again_ms === null
                ? t('prompts.again_tokens', { n: again_tokens })
                : t('prompts.again', { time: roughly(again_ms), n: again_tokens })}
            </span>
          </p>
          <p class="quiet">
            {what === undefined ? t('prompts.where', { where }) : t('prompts.where_what', { where, what })}
          </p>
        </div>
        <div>
          <Last last={last} />
        </div>
      </div>
    </Section>
  );
}

/** The last prompts that parted there: what stands there, as long as it is in memory. */
function Last({ last }: Pick<PartingPlace, 'last'>): JSX.Element {
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

/** Asked for when the page is shown, and again when a request has ended; undefined before the first answer. */
function usePartings({ queue }: Live): Partings | undefined {
  const { call, report } = useCalls();
  const [found, setFound] = useState<Partings>();
  const { completed } = queue.totals;
  useEffect(() => {
    let isOver = false;
    call('partings', {}).then(
      (told) => !isOver && setFound(told),
      (error: unknown) => !isOver && report(error),
    );
    return () => {
      isOver = true;
    };
  }, [call, report, completed]);
  return found;
}
