// One request in full: what it is, why it was slow, why it missed, where its time went, where its prompt parted from the one
// before, and the facts. The one button at the top is Cancel while it runs, and Run again after.
import { shownCaller } from '../../backend/contract/apps.ts';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { View } from '../../backend/contract/window/desktop.ts';
import type { Why } from '../../backend/contract/views/request-detail.ts';
import { t } from '../../words/texts.ts';
import { Empty, Section } from '../parts/parts.tsx';
import { useCalls, useReportedAction } from '../parts/use-calls.ts';
import { useWayBack } from '../parts/way-back.ts';
import { fineDuration, timeOfDay } from '../parts/words.ts';
import { PinnedPart } from './pinned-part.tsx';
import { PromptsPart } from './prompts-part.tsx';
import { RequestFacts } from './request-facts.tsx';
import { isLiving } from './listed-rows.ts';
import { Answered, takenBy, When } from './request-row.tsx';
import { useRequest, type Body, type Seen } from './use-requests.ts';
import { Waterfall } from './waterfall.tsx';

interface PageProps {
  readonly id: string;
  readonly beat: string;
  readonly now: number;
  readonly settings: View['settings'];
  /** Until when texts are kept; undefined while nobody watches closely. */
  readonly watchingUntil: string | undefined;
  readonly back: { readonly label: string; readonly go: () => void };
  /** It stands in the place of the list, so the keyboard goes on in it. */
  readonly takesFocus: boolean;
  readonly setOpen: (id: string) => void;
}

export function RequestPage(props: PageProps): JSX.Element {
  const { id, beat, now, back, takesFocus } = props;
  const { seen, body, problem, isGone } = useRequest(id, beat, now);
  const page = useRef<HTMLDivElement>(null);
  const focusWhenShown = useRef(takesFocus);
  useEffect(() => {
    if (focusWhenShown.current) page.current?.focus();
  }, []);
  useWayBack(back.go);
  return (
    <div
      class="one-request"
      ref={page}
      tabIndex={-1}
      aria-label={seen === undefined ? t('requests.request') : titleOf(seen)}
      role="group"
    >
      <div class="back">
        <button class="link" type="button" onClick={back.go}>
          {back.label}
        </button>
      </div>
      {seen !== undefined ? (
        <Whole {...props} seen={seen} body={body} />
      ) : problem !== undefined ? (
        <Empty mark="cold" title={t(isGone ? 'requests.gone' : 'requests.unreadable_one')}>
          <p role="alert">{problem}</p>
        </Empty>
      ) : null}
    </div>
  );
}

/** "Request of Claude Code at 14:06:02" */
function titleOf(seen: Seen): string {
  const kind = isLiving(seen) ? (seen.status === 'queued' ? 'title_waiting' : 'title_running') : 'title_ended';
  return t(`requests.${kind}`, {
    caller: shownCaller(seen.caller),
    time: timeOfDay(Date.parse(seen.created_at), true),
  });
}

interface WholeProps extends Pick<PageProps, 'now' | 'settings' | 'watchingUntil' | 'setOpen'> {
  readonly seen: Seen;
  readonly body: Body | undefined;
}

function Whole({ seen, body, now, settings, watchingUntil, setOpen }: WholeProps): JSX.Element {
  const { detail } = seen;
  const living = isLiving(seen);
  const total = takenBy(seen, now);
  const isOld = new Date(seen.created_at).toDateString() !== new Date(now).toDateString();
  return (
    <>
      <Section title={titleOf(seen)} hidden>
        <div class="rowend">
          <div class="who-what">
            <p class="name">{seen.model}</p>
            <p class="meta">
              <When row={seen} isOld={isOld} />
              <span title={seen.caller}>{shownCaller(seen.caller)}</span>
              <Answered row={seen} />
            </p>
          </div>
          <TheButton seen={seen} body={body} setOpen={setOpen} />
        </div>
        <Said seen={seen} />
      </Section>
      <Section
        title={t(living ? 'requests.time_goes' : 'requests.time_went')}
        end={
          <p class="sec-note">{living ? t('requests.so_far', { time: fineDuration(total) }) : fineDuration(total)}</p>
        }
      >
        <Waterfall seen={seen} />
      </Section>
      {detail?.parted !== undefined && <PromptsPart parted={detail.parted} seen={seen} setOpen={setOpen} />}
      {detail?.pinned !== undefined && (
        <PinnedPart pinned={detail.pinned} rate={detail.rates.prompt} ran={seen.source !== 'hit'} />
      )}
      <RequestFacts seen={seen} body={body} settings={settings} watchingUntil={watchingUntil} />
    </>
  );
}

/** Cancel while it lives, and Run again after, where what was sent is still there. */
function TheButton({ seen, body, setOpen }: Pick<WholeProps, 'seen' | 'body' | 'setOpen'>): JSX.Element | null {
  const { call } = useCalls();
  const { run, busy } = useReportedAction();
  const { request_id, caller } = seen;
  if (isLiving(seen)) {
    return (
      <button
        class="btn"
        type="button"
        data-act="main"
        aria-disabled={busy}
        aria-label={t(seen.status === 'queued' ? 'requests.cancel_waiting' : 'requests.cancel_running', {
          caller: shownCaller(caller),
        })}
        onClick={() => run(() => call('cancel', { request_id }))}
      >
        {t('requests.cancel')}
      </button>
    );
  }
  if (body?.request === null || body === undefined) return null;
  return (
    <button
      class="btn"
      type="button"
      data-act="main"
      aria-disabled={busy}
      onClick={() => run(() => call('run_again', { request_id }).then((again) => setOpen(again.request_id)))}
    >
      {t('requests.run_again')}
    </button>
  );
}

/** What went wrong, why it was slow, why it missed, and with whom its run is shared. */
function Said({ seen }: Pick<WholeProps, 'seen'>): JSX.Element | null {
  const { detail } = seen;
  if (detail === undefined) return null;
  const { error, why_slow, why_missed, shared_with } = detail;
  const shares = isLiving(seen) && shared_with > 0;
  if (error === undefined && why_slow === undefined && why_missed === undefined && !shares) return null;
  return (
    <div class="said">
      {error !== undefined && (
        <p>
          <b>{t(seen.status === 'cancelled' ? 'requests.how_ended' : 'requests.why_failed')}</b> {error}
        </p>
      )}
      {shares && (
        <p>
          <b>{t('requests.shares', { n: shared_with })}</b> {t('requests.shares_more', { n: shared_with })}
        </p>
      )}
      {why_slow !== undefined && <Because title={t('requests.why_slow')} why={why_slow} />}
      {why_missed !== undefined && <Because title={t('requests.why_missed')} why={why_missed} />}
    </div>
  );
}

/** A cause, what it means, and the setting that changes it. */
function Because({ title, why }: { readonly title: string; readonly why: Why }): JSX.Element {
  const { go } = useCalls();
  const { text, more, setting } = why;
  return (
    <p>
      <b>{title}</b> {[text, more].filter(Boolean).join(' ')}
      {setting !== undefined && (
        <>
          {' '}
          <button class="link" type="button" onClick={() => go('settings', { setting: setting.path })}>
            {setting.label}
          </button>
        </>
      )}
    </p>
  );
}
