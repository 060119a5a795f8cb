// What could be kept the same in the prompts of an app: what changes there, what keeping it the same would save, what is done, and the
// way to have it done. Nothing is done before somebody says so, and that can be undone at once.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { shownCaller } from '../../backend/contract/apps.ts';
import type { View } from '../../backend/contract/window/desktop.ts';
import type { PinOffer, PromptReading } from '../../backend/contract/views/parting-places.ts';
import type { PinRules } from '../../backend/contract/rules/pin-rule.ts';
import {
  namesOf,
  PUT_OFF_DAYS,
  withAnswer,
  type PinRulesByApp,
} from '../../backend/contract/rules/pin-rules-by-app.ts';
import { pieces, t } from '../../words/texts.ts';
import { Icon, Section } from '../parts/parts.tsx';
import { useCalls, useReportedAction } from '../parts/use-calls.ts';
import { count, fineDuration, roughly } from '../parts/words.ts';
import { PinDiffLines } from '../parts/pin-diff.tsx';
import { Last } from './last-prompts.tsx';

const PATH = 'prompts.apps';

/** What somebody has chosen, in a sentence, and the way back. */
interface Done {
  readonly said: string;
  readonly undo: () => Promise<unknown>;
}

interface OffersProps {
  readonly offers: readonly PinOffer[];
  readonly settings: View['settings'];
  /** The offers are others now. */
  readonly changed: () => void;
}

export function PinOffers({ offers, settings, changed }: OffersProps): JSX.Element {
  const { call } = useCalls();
  const { run } = useReportedAction();
  /** What was last done here. */
  const [done, setDone] = useState<Done>();
  // The contract's schema has checked it on its way here.
  const now = (settings.values[PATH] ?? {}) as PinRulesByApp;
  /** Does something that can be undone, or undoes it. */
  const act = (what: () => Promise<unknown>, next: Done | undefined): void =>
    run(async () => {
      await what();
      setDone(next);
      changed();
    });
  const save = (value: PinRulesByApp): Promise<unknown> => call('set_setting', { path: PATH, value });
  const choose = (offer: PinOffer, how: PinRules[PinOffer['what']]): void => {
    const rules = withAnswer(now, shownCaller(offer.caller), offer, how);
    const said = t(how === 'as_sent' ? 'prompts.left' : 'prompts.pinned');
    act(() => save(rules), { said, undo: () => save(now) });
  };
  const putOff = ({ caller, what }: PinOffer): void => {
    const set = (isOff: boolean) => call('put_off_offer', { app: shownCaller(caller), what, isOff });
    act(() => set(true), { said: t('prompts.put_off', { n: PUT_OFF_DAYS }), undo: () => set(false) });
  };
  const isLocked = settings.locked[PATH] !== undefined;
  return (
    <>
      {done !== undefined && (
        <div class="note bar" role="status">
          <Icon name="check" />
          <p>{done.said}</p>
          <p class="btns">
            <button class="btn plain" type="button" onClick={() => act(done.undo, undefined)}>
              {t('prompts.undo')}
            </button>
          </p>
        </div>
      )}
      {offers.map((offer) => (
        <Offer
          key={[offer.caller, offer.model, ...namesOf(offer)].join(' ')}
          offer={offer}
          choose={isLocked ? undefined : choose}
          putOff={putOff}
        />
      ))}
    </>
  );
}

interface OfferProps {
  readonly offer: PinOffer;
  /** Undefined where the settings can't be changed here. */
  readonly choose: ((offer: PinOffer, how: PinRules[PinOffer['what']]) => void) | undefined;
  readonly putOff: (offer: PinOffer) => void;
}

function Offer({ offer, choose, putOff }: OfferProps): JSX.Element {
  const { model, what, how, times, chars, same_chars, tokens, ms, turn, diff, last } = offer;
  const caller = shownCaller(offer.caller);
  const at = count(same_chars + 1);
  const isClock = what === 'clock';
  const withClock = offer.also?.some((other) => other.what === 'clock') === true;
  return (
    <div class="cols mid">
      <div>
        <Section
          title={t('prompts.offer', { caller })}
          end={<p class="sec-note">{t('prompts.offer_times', { model, times })}</p>}
        >
          <p class="lead">
            <span>
              {chars === null
                ? t('prompts.offer_changes', { caller, at })
                : pieces<string | JSX.Element>('prompts.offer_changes_n', {
                    caller,
                    at,
                    some: <b>{t('prompts.chars', { n: chars })}</b>,
                  })}
            </span>{' '}
            <span>
              {ms === null
                ? t('prompts.offer_tokens', { n: tokens })
                : pieces<number | JSX.Element>('prompts.offer_time', { time: <b>{roughly(ms)}</b>, n: tokens })}
            </span>
          </p>
        </Section>
      </div>
      <div>
        <Section title={t('prompts.last', { n: last.length })}>
          <Last last={last} />
        </Section>
        {turn !== null && (
          <Section title={t('prompts.turn')}>
            <Turn turn={turn} />
          </Section>
        )}
      </div>
      <div>
        <Section title={t(isClock ? 'prompts.what_clock' : 'prompts.what_pinning')}>
          {diff !== undefined && <PinDiffLines diff={diff} />}
          <p class="kept">{t(isClock ? 'prompts.does_clock' : 'prompts.does_billing')}</p>
          <p class="quiet kept">{t(isClock ? 'prompts.mind_clock' : 'prompts.mind_billing')}</p>
          {withClock && <p class="kept">{t('prompts.does_both')}</p>}
          <p class="btns said">
            {choose !== undefined && (
              <button class="btn primary" type="button" onClick={() => choose(offer, how)}>
                {t(isClock ? 'prompts.to_end' : 'prompts.pin')}
              </button>
            )}
            {choose !== undefined && isClock && (
              <button class="btn" type="button" onClick={() => choose(offer, 'to_day')}>
                {t('prompts.to_day')}
              </button>
            )}
            <button
              class="btn"
              type="button"
              aria-label={t('prompts.not_now_for', { caller })}
              onClick={() => putOff(offer)}
            >
              {t('prompts.not_now')}
            </button>
            {choose !== undefined && (
              <button class="btn plain" type="button" onClick={() => choose(offer, 'as_sent')}>
                {t('prompts.not_for', { caller })}
              </button>
            )}
          </p>
        </Section>
      </div>
    </div>
  );
}

/** The last prompt of those, as it was read and as it would have been. */
function Turn({ turn }: { readonly turn: NonNullable<PinOffer['turn']> }): JSX.Element {
  const row = (name: string, { read_tokens, reused_tokens, ms }: PromptReading): JSX.Element => (
    <tr>
      <th scope="row">{name}</th>
      <td>{count(read_tokens)}</td>
      <td>{count(reused_tokens)}</td>
      <td>{ms === null ? '–' : fineDuration(ms)}</td>
    </tr>
  );
  return (
    <table class="plain kept tri">
      <caption class="sr">{t('prompts.turn')}</caption>
      <thead>
        <tr>
          <th scope="col">
            <span class="sr">{t('prompts.turn')}</span>
          </th>
          <th scope="col">{t('prompts.read')}</th>
          <th scope="col">{t('prompts.reused')}</th>
          <th scope="col">{t('prompts.takes')}</th>
        </tr>
      </thead>
      <tbody>
        {row(t('prompts.as_sent'), turn.sent)}
        {row(t('prompts.kept'), turn.kept)}
      </tbody>
    </table>
  );
}
