// The tab Overview: what goes on now, what was saved, the plots, the addresses for other programs. While there is
// nothing to show it says why and what to do.
import type { JSX } from 'preact';
import type { View } from '../../backend/contract/desktop.ts';
import { Addresses, CommandLine } from '../parts/copy.tsx';
import { NotRunning } from '../parts/not-running.tsx';
import { Now } from './activity.tsx';
import { Empty, Section, Source } from '../parts/parts.tsx';
import { hasRequests, mixPieces } from '../plots/plot-columns.ts';
import { Plots } from '../plots/plots.tsx';
import type { Live } from '../../backend/contract/app-state.ts';
import { clockDuration, count, moment, plural } from '../parts/words.ts';

export function Overview({ view, now }: { readonly view: View; readonly now: number }): JSX.Element {
  const { gateway, live, plots } = view;
  if (gateway.state !== 'running' || live === null) return <NotRunning gateway={gateway} />;
  const { hits, coalesced, misses, bypassed } = live.stats.response_cache;
  const asked = hits + coalesced + misses + bypassed;
  const fresh = asked === 0 && !hasRequests(plots);
  return (
    <div class="cols">
      <div>
        <Now live={live} now={now} />
        {fresh ? (
          <NoRequests address={gateway.addresses.ollama_host} ready={live.health.upstream.model_available} />
        ) : (
          <Saved live={live} startedAt={gateway.since} now={now} />
        )}
      </div>
      <div>
        {!fresh && <Plots plots={plots} waiting={live.health.queue.length} now={now} />}
        <Section title="Addresses for your apps">
          <Addresses addresses={gateway.addresses} />
        </Section>
      </div>
    </div>
  );
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

interface SavedProps {
  readonly live: Live;
  readonly startedAt: string | null;
  readonly now: number;
}

/** How the requests were answered since counting began, and what that saved. */
function Saved({ live, startedAt, now }: SavedProps): JSX.Element {
  const { since, response_cache: cache } = live.stats;
  const counts = { hit: cache.hits, coalesced: cache.coalesced, miss: cache.misses, bypass: cache.bypassed };
  const asked = cache.hits + cache.coalesced + cache.misses + cache.bypassed;
  const title = `Since ${moment(Date.parse(since), now)}`;
  // The counters are made while the gateway starts; only somebody who asks for it sets them to zero later.
  const wasReset = startedAt !== null && Date.parse(since) > Date.parse(startedAt);
  if (asked === 0) {
    return (
      <Section title={title}>
        <p class="lead">No requests since {wasReset ? 'the counters were set to zero' : 'the gateway started'}.</p>
      </Section>
    );
  }
  const spared = cache.hits + cache.coalesced;
  const words = Object.entries(counts).map(([name, value]) => `${count(value)} ${name}`);
  return (
    <Section title={title}>
      <p class="lead">
        <span>
          <b>
            {count(spared)} of {count(asked)}
          </b>{' '}
          {asked === 1 ? 'request' : 'requests'} cost no model time.
        </span>{' '}
        {spared > 0 && (
          <span>
            Saved <b>{clockDuration(cache.time_saved_ms)}</b> and <b>{plural(cache.tokens_saved, 'token')}</b>.
          </span>
        )}
      </p>
      <svg class="mix" role="img" aria-label={`Of ${plural(asked, 'request')}: ${words.join(', ')}`}>
        {mixPieces(counts).map(({ name, x, width }) => (
          <MixBar key={name} name={name} x={x} width={width} />
        ))}
      </svg>
      <ul class="mix-key">
        {(['hit', 'coalesced', 'miss', 'bypass'] as const).map((name) => (
          <li key={name}>
            <Source name={name} />
            <p>
              <b>{count(counts[name])}</b>
            </p>
          </li>
        ))}
      </ul>
    </Section>
  );
}

interface MixBarProps {
  readonly name: 'hit' | 'coalesced' | 'miss' | 'bypass';
  readonly x: number;
  readonly width: number;
}

/** A filled piece is as high as an outlined one with its outline, which lies half outside. */
function MixBar({ name, x, width }: MixBarProps): JSX.Element {
  const place = { x: `${x}%`, width: `${width}%` };
  if (name === 'hit' || name === 'bypass') {
    return <rect class={name === 'hit' ? 'f-hit' : 'f-pale'} {...place} y="0.5" height="7" />;
  }
  if (name === 'miss') return <rect class="f-ember" {...place} height="8" />;
  return <rect fill="url(#hatch)" {...place} height="8" />;
}
