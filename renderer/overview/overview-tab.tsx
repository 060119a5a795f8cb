// The tab Overview: what goes on now, and the day, or another range of time: what was saved, how long requests waited, what of
// the prompts was reused, what failed. While there is nothing to show it says why and what to do.
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { View } from '../../backend/contract/window/desktop.ts';
import type { DayView } from '../../backend/contract/window/look-commands.ts';
import { USUAL_SPAN, type SpanWord } from '../../backend/contract/views/spans.ts';
import { pieces, t } from '../../words/texts.ts';
import { Addresses, CommandLine } from '../parts/copy.tsx';
import { NotRunning } from '../parts/not-running.tsx';
import { Now } from './activity.tsx';
import { Empty, Section } from '../parts/parts.tsx';
import { lengthOf } from '../plots/plot-axis.ts';
import type { Wish } from '../parts/use-calls.ts';
import { PageLink } from '../parts/page-link.tsx';
import { moment } from '../parts/words.ts';
import { Fleet } from './fleet-part.tsx';
import { OverTime } from './over-time.tsx';
import { RecentNotices } from './recent-notices.tsx';
import { PromptReuse } from './reuse.tsx';
import { Saved, SavedByApp } from './saved.tsx';
import { useDay } from './use-day.ts';
import { WhatFailed } from './what-failed.tsx';
import { isOpen, TryIt, type HeldPlace } from '../try/try-it.tsx';

interface OverviewProps {
  readonly view: View;
  readonly now: number;
  readonly wish: Wish;
  /** The number of the last wish that was followed. */
  readonly seen: { current: number };
  /** What is typed in Try it stays while another tab is shown. */
  readonly tryPlace: HeldPlace;
}

export function Overview({ view, now, wish, seen, tryPlace }: OverviewProps): JSX.Element {
  const { gateway, live, talk, settings } = view;
  const { place } = tryPlace;
  // The same part also when the first request puts the day above it: it keeps the focus.
  const notices = <RecentNotices key="notices" notices={view.recent_notices} now={now} wish={wish} seen={seen} />;
  const isRunning = gateway.state === 'running' && live !== null;
  const tryIt = <TryIt live={isRunning ? live : null} talk={talk} settings={settings} now={now} {...tryPlace} />;
  if (!isRunning) {
    return (
      <>
        <NotRunning gateway={gateway} />
        {talk.length > 0 && tryIt}
        {notices}
      </>
    );
  }
  const clustered = (settings.values['cluster.url'] ?? '') !== '';
  const running = { gateway, live, now, clustered, tryIt, notices };
  return <Running {...running} isOpen={isOpen(talk, place)} />;
}

interface RunningProps {
  readonly gateway: View['gateway'];
  readonly live: NonNullable<View['live']>;
  readonly now: number;
  /** cluster.url is set. */
  readonly clustered: boolean;
  readonly tryIt: JSX.Element;
  /** Try it is more than one line. */
  readonly isOpen: boolean;
  readonly notices: JSX.Element;
}

/** Four blocks, which a wide window shows in two columns. */
function Running({ gateway, live, now, clustered, tryIt, isOpen, notices }: RunningProps): JSX.Element {
  const [span, choose] = useState<SpanWord>(USUAL_SPAN);
  // What is told of the day changes once a second, however often there is something to paint.
  const second = Math.floor(now / 1000) * 1000;
  const shown = useDay(span, second);
  const { upstream } = live.health;
  const address = gateway.addresses.ollama_host;
  const ready = upstream.model_available;
  // Beside the apps of the day, where there are some.
  const hasApps = shown?.empty === false && (shown.day.apps.length > 0 || shown.day.more_apps !== null);
  const [saved, told] = useMemo(() => {
    if (shown === undefined) return [];
    if (shown.empty) return [<NoRequests key="none" address={address} ready={ready} />];
    const { day, steps } = shown;
    const young = beganWithin(shown, second);
    const title = young === undefined ? t(`plots.last_${day.span}`) : t('overview.since', { time: young });
    // A sentence goes on with it: "since 09:12", "in the last hour".
    const since = young === undefined ? t(`plots.in_last_${day.span}`) : t('overview.since_said', { time: young });
    return [
      <>
        <Saved day={day} title={title} span={span} choose={choose} />
        <SavedByApp day={day} />
      </>,
      <>
        <OverTime day={day} steps={steps} since={since} startedAt={gateway.since} now={second} />
        <PromptReuse reuse={day.reuse} prompts={day.prompts} now={second} />
        <WhatFailed day={day} now={second} />
      </>,
    ];
  }, [shown, span, second, address, ready, gateway.since]);
  return (
    <div class={isOpen ? 'cols four open' : 'cols four'}>
      <div>
        <Now live={live} now={now} />
        <Fleet live={live} clustered={clustered} now={now} />
      </div>
      <div>{tryIt}</div>
      <div>{saved}</div>
      <div>
        {told}
        {shown !== undefined && (
          <>
            <Section
              title={t('overview.addresses')}
              end={!hasApps && <PageLink to="connect">{t('connect.link')}</PageLink>}
            >
              <Addresses addresses={gateway.addresses} />
            </Section>
            {notices}
          </>
        )}
      </div>
    </div>
  );
}

/** Since when there is anything in the range, where that is less than all of it: "09:12". */
function beganWithin({ day, steps }: DayView, now: number): string | undefined {
  const since = Date.parse(day.since);
  return since > Date.parse(day.until) - lengthOf(steps) * 1000 ? moment(since, now) : undefined;
}

interface NoRequestsProps {
  readonly address: string;
  /** A request that names no model would be answered. */
  readonly ready: boolean;
}

function NoRequests({ address, ready }: NoRequestsProps): JSX.Element {
  const body = '{"messages":[{"role":"user","content":"Hello"}]}';
  return (
    <section class="sec">
      <Empty mark="idle" title={t('overview.no_requests')}>
        <p>
          {pieces<JSX.Element>(ready ? 'overview.point_or_try' : 'overview.point', {
            address: <span class="nb">{address}</span>,
          })}
        </p>
        {ready && <CommandLine text={`curl ${address}/api/chat-optimized -d '${body}'`} />}
      </Empty>
    </section>
  );
}
