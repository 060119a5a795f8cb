// The page "Where prompts part", behind Overview: of each app the place from which its prompts differ, and what is read again for
// it. What could be kept the same is offered first.
import { shownCaller } from '../../backend/contract/apps.ts';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Live } from '../../backend/contract/views/app-state.ts';
import type { View } from '../../backend/contract/window/desktop.ts';
import type { PartingPlace, Partings } from '../../backend/contract/views/parting-places.ts';
import { NotRunning } from '../parts/not-running.tsx';
import { Empty, Section } from '../parts/parts.tsx';
import { useCalls } from '../parts/use-calls.ts';
import { count, moment, roughly } from '../parts/words.ts';
import { t } from '../../words/texts.ts';
import { Last } from './last-prompts.tsx';
import { PinOffers } from './pin-offers.tsx';

interface PageProps {
  readonly view: View;
  readonly now: number;
}

export function PromptsPage({ view, now }: PageProps): JSX.Element | null {
  const { gateway, live } = view;
  if (gateway.state !== 'running' || live === null) return <NotRunning gateway={gateway} />;
  return <Found live={live} settings={view.settings} now={now} />;
}

interface FoundProps {
  readonly live: Live;
  readonly settings: View['settings'];
  readonly now: number;
}

function Found({ live, settings, now }: FoundProps): JSX.Element | null {
  const [found, lookAgain] = usePartings(live);
  if (found === undefined) return null;
  const { compared, since, places, offers } = found;
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
      <PinOffers offers={offers} settings={settings} changed={lookAgain} />
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

/** Asked for when the page is shown, when a request has ended, and when it is called; undefined before the first answer. */
function usePartings({ queue }: Live): readonly [Partings | undefined, () => void] {
  const { call, report } = useCalls();
  const [found, setFound] = useState<Partings>();
  const [times, setTimes] = useState(0);
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
  }, [call, report, completed, times]);
  return [found, () => setTimes((n) => n + 1)];
}
