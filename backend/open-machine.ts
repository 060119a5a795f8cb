// Creates one Ollama: its client, its watch, the knowledge of its memory, its queue. Created by backend.ts alone, once
// for each.
import type { Config } from './contract/config/config.ts';
import type { UpstreamPlace } from './contract/rules/upstream-list.ts';
import { modelMemory, type ModelMemory } from './ollama-memory.ts';
import type { Clock, Log, Meter, ReadConfig, UpstreamState } from './core/ports.ts';
import type { Recordings } from './core/recordings/recordings.ts';
import { Estimator } from './core/queue/estimate.ts';
import { LeaseQueue } from './core/queue/queue.ts';
import { Waker } from './core/routing/waker.ts';
import type { Machine } from './core/stories/machines/machine.ts';
import { PassedOn } from './core/stories/chat/passed-on.ts';
import { createUpstream } from './upstream/ollama.ts';
import { Peer } from './upstream/peer.ts';
import { createRelay } from './upstream/relay.ts';
import { relayUnlessReplayed, unlessReplayed } from './upstream/replayed.ts';
import { reporting, reportingRelay } from './upstream/reporting.ts';
import { sendMagicPacket } from './upstream/wake-packet.ts';
import { createWatch, type StartedWatch } from './upstream/watch.ts';

export interface MachineOptions {
  readonly config: ReadConfig;
  /** Its entry in `[[upstreams]]`; undefined for the one at ollama.api_url. */
  readonly place: UpstreamPlace | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** What this gateway writes into Via. */
  readonly via: string;
  readonly meter: Pick<Meter, 'loaded' | 'left'>;
  /** Aborts when the gateway ends. */
  readonly life: AbortSignal;
  recordings(): Pick<Recordings, 'models'>;
  /** Called when its state changed, after its memory was updated. */
  onLook(state: UpstreamState): void;
  /** Called when a waiter of its queue comes, leaves or moves. */
  onLine(): void;
  /** Called when waking it starts or ends. */
  onWaking(): void;
}

export interface OpenedMachine extends Machine, ModelMemory {
  readonly watch: StartedWatch;
  /** Breaks all connections; running calls fail. */
  close(): Promise<void>;
}

/** Creates it; no request goes out before its watch is started. */
export function openMachine(options: MachineOptions): OpenedMachine {
  const { place, clock, log, via, meter, life, onLook, onLine, onWaking } = options;
  const config = configFor(place, options.config);
  const name = place?.name;
  const peer = new Peer();
  const ollama = createUpstream({ config, log, clock, via, name, peer });
  const unreported = unlessReplayed(ollama, options);
  const watch = createWatch({
    upstream: unreported,
    name,
    config,
    clock,
    log,
    onChange: (state) => {
      memory.look(state);
      onLook(state);
    },
  });
  const upstream = reporting(unreported, watch, clock);
  const wire = createRelay({ config, clock, via, name, peer });
  const relay = relayUnlessReplayed(reportingRelay(wire, watch, clock), options);
  const memory = modelMemory({ upstream, watch, config, clock, log, estimator: new Estimator(), meter });
  const queue = new LeaseQueue({
    config,
    clock,
    ...memory.forQueue,
    away: () => watch.state.away,
    wakingMs: () => (waker?.isWaking === true ? waker.leftMs : undefined),
    onChange: onLine,
  });
  const waker = place?.wake === undefined ? undefined : wakerOf(place.wake, { clock, log, onChange: onWaking });
  const isHearth = (): boolean => peer.isHearth(watch.state.url);
  const parts = { ...memory, place, isHearth, waker, config, clock, upstream, relay, watch, queue };
  const passedOn = new PassedOn({ ...parts, log, life });
  const close = async (): Promise<void> => {
    waker?.close();
    await Promise.all([ollama.close(), wire.close()]);
  };
  return { ...parts, passedOn, close };
}

/** The settings for one machine: its own address, key and slots. The key goes to no other machine. */
function configFor(place: UpstreamPlace | undefined, config: ReadConfig): ReadConfig {
  if (place === undefined) return config;
  const { url: api_url, key: api_key, slots } = place;
  let made: { readonly from: Config; readonly config: Config } | undefined;
  return () => {
    const now = config();
    if (made?.from !== now) {
      const ollama = { ...now.ollama, api_url, api_key, headers: {} };
      const queue = { ...now.queue, max_concurrent: slots ?? now.queue.max_concurrent };
      made = { from: now, config: { ...now, ollama, queue } };
    }
    return made.config;
  };
}

function wakerOf(
  { patienceMs, ...where }: NonNullable<UpstreamPlace['wake']>,
  { clock, log, onChange }: Pick<MachineOptions, 'clock' | 'log'> & { readonly onChange: () => void },
): Waker {
  return new Waker({ patienceMs, clock, send: () => sendMagicPacket(where, log), onChange });
}
