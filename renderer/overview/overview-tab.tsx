// The tab Overview: what goes on now, and the day, or another range of time: what was saved, how long requests waited, what of
// the prompts was reused, what failed. While there is nothing to show it says why and what to do.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../../words/texts.ts';
import type { DayView, View } from '../../backend/contract/desktop.ts';
import { USUAL_SPAN, type SpanWord } from '../../backend/contract/spans.ts';
import { Addresses, CommandLine } from '../parts/copy.tsx';
import { NotRunning } from '../parts/not-running.tsx';
import { Now } from './activity.tsx';
import { Empty, Section } from '../parts/parts.tsx';
import { lengthOf, RANGES } from '../plots/plot-axis.ts';
import type { Wish } from '../parts/use-calls.ts';
import { PageLink } from '../parts/page-link.tsx';
import { moment } from '../parts/words.ts';
import { OverTime } from './over-time.tsx';
import { RecentNotices } from './recent-notices.tsx';
import { PromptReuse } from './reuse.tsx';
import { Saved, SavedByApp } from './saved.tsx';
import { useDay } from './use-day.ts';
import { WhatFailed } from './what-failed.tsx';

interface OverviewProps {
  readonly view: View;
  readonly now: number;
  readonly wish: Wish;
  /** The number of the last wish that was followed. */
  readonly seen: { current: number };
}

export function Overview({ view, now, wish, seen }: OverviewProps): JSX.Element {
  const { gateway, live } = view;
  // The same part also when the first request puts the day above it: it keeps the focus.
  const notices = <RecentNotices key="notices" notices={view.recent_notices} now={now} wish={wish} seen={seen} />;
  if (gateway.state !== 'running' || live === null) {
    return (
      <>
        <NotRunning gateway={gateway} />
        {notices}
      </>
    );
  }
  return <Running gateway={gateway} live={live} now={now} notices={notices} />;
}

interface RunningProps {
  readonly gateway: View['gateway'];
  readonly live: NonNullable<View['live']>;
  readonly now: number;
  readonly notices: JSX.Element;
}

function Running({ gateway, live, now, notices }: RunningProps): JSX.Element {
  const [span, choose] = useState<SpanWord>(USUAL_SPAN);
  const shown = useDay(span, now);
  // Beside the apps of the day, where there are some.
  const hasApps = shown?.empty === false && (shown.day.apps.length > 0 || shown.day.more_apps !== null);
  const addresses = (
    <Section title="Addresses for your apps" end={!hasApps && <PageLink to="connect">{t('connect.link')}</PageLink>}>
      <Addresses addresses={gateway.addresses} />
    </Section>
  );
  if (shown === undefined || shown.empty) {
    return (
      <div class="cols">
        <div>
          <Now live={live} now={now} />
          {shown !== undefined && (
            <NoRequests address={gateway.addresses.ollama_host} ready={live.health.upstream.model_available} />
          )}
        </div>
        <div>
          {shown !== undefined && (
            <>
              {addresses}
              {notices}
            </>
          )}
        </div>
      </div>
    );
  }
  const { day, steps } = shown;
  const title = titleOf(shown, now);
  // A sentence goes on with it: "since 09:12", "in the last hour".
  const since = title.startsWith('Last') ? `in the ${title.toLowerCase()}` : title.replace('Since', 'since');
  return (
    <div class="cols">
      <div>
        <Now live={live} now={now} />
        <Saved day={day} title={title} span={span} choose={choose} />
        <SavedByApp day={day} />
      </div>
      <div>
        <OverTime day={day} steps={steps} since={since} startedAt={gateway.since} now={now} />
        <PromptReuse reuse={day.reuse} now={now} />
        <WhatFailed day={day} now={now} />
        {addresses}
        {notices}
      </div>
    </div>
  );
}

/** "Since 09:12", where there is no more than that in the range; else "Last 24 hours". */
function titleOf({ day, steps }: DayView, now: number): string {
  const since = Date.parse(day.since);
  const isYoung = since > Date.parse(day.until) - lengthOf(steps) * 1000;
  return isYoung ? `Since ${moment(since, now)}` : (RANGES.find((each) => each.span === day.span)?.last ?? '');
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
      <Empty mark="idle" title="No requests yet">
        <p>
          Point an app at <span class="nb">{address}</span>
          {ready ? ', or try it now:' : '.'}
        </p>
        {ready && <CommandLine text={`curl ${address}/api/chat-optimized -d '${body}'`} />}
      </Empty>
    </section>
  );
}
