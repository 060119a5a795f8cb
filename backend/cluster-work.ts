// Wires up the fleet: the connection to Valkey, this gateway's identity in it, and notices for users. Loaded and
// created by backend.ts alone, and only if cluster.url is set.
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Config } from './contract/config/config.ts';
import type { NodeReport } from './contract/views/fleet-view.ts';
import { withoutUserinfo } from './contract/secret.ts';
import type { ResponseCache } from './core/cache/cache.ts';
import type { RemovalPlaces, UntoldStore } from './core/disk.ts';
import type { SharedCounts, SharedFlights, SharedNodes } from './core/fleet.ts';
import type { Clock, Log, PutNotice } from './core/ports.ts';
import { systemClock } from './clock.ts';
import { Link } from './cluster/link.ts';
import { adviceFor, type Advice } from './cluster/look-over.ts';
import { RemovalList } from './cluster/removal-list.ts';
import { tryRights } from './cluster/rights.ts';
import { ValkeyAnswers } from './cluster/shared-answers.ts';
import { valkeyCounts } from './cluster/shared-counts.ts';
import { ValkeyNodes } from './cluster/shared-nodes.ts';
import { newClient, type ClientOptions, type ValkeyAccess } from './cluster/valkey-client.ts';
import type { ValkeyTrouble } from './cluster/valkey-failure.ts';
import { ValkeyFlights } from './cluster/valkey-flights.ts';
import { openFleetJobs } from './fleet-job-work.ts';
import type { OpenFleetJobs } from './job-work.ts';
import { nodeName } from './node-name.ts';
import { trustIn } from './upstream/trust.ts';

export interface ClusterParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly put: PutNotice;
  readonly cache: ResponseCache;
  /** Called when the fleet is opened, which is later. */
  removalPlaces(): RemovalPlaces;
  untold(): UntoldStore;
  /** A more or less urgent caller elsewhere waits for something that runs here. */
  urgencyChanged(): void;
  /** What this gateway reports about itself to the others. */
  report(): NodeReport;
}

export interface ClusterWork {
  /** The name by which the others know this gateway. */
  readonly node: string;
  /** Prefix of all keys of this fleet in Valkey; the part in braces keeps them in one slot. */
  readonly prefix: string;
  readonly link: Link;
  /** Makes another connection, not connected yet, which its caller owns; see newClient. */
  newClient(purpose: string, more?: ClientOptions): Promise<Redis>;
  readonly flights: SharedFlights;
  readonly counts: SharedCounts;
  readonly nodes: SharedNodes;
  /** Number of removals that the other gateways have not been told yet. */
  pending(): number;
  /** Creates the jobs of the fleet; call before `open`. */
  readonly openJobs: OpenFleetJobs;
  /** Starts connecting; add the parts that use the link before. */
  open(): void;
  /** Runs here that others wait for are handed over to them. */
  close(): Promise<void>;
}

/** Version of the keys and their contents; gateways of different versions do not meet. */
const SCHEMA = 1;

const FULL = {
  text: 'Valkey has no room, so that new answers are not shared between gateways.',
  todo: 'Set maxmemory-policy to volatile-lru, or maxmemory higher (docs/cluster.md).',
};

/** Creates the fleet from settings with an address. */
export function openCluster(cluster: Config['cluster'], parts: ClusterParts): ClusterWork {
  const { clock, log, put, cache, removalPlaces, untold, urgencyChanged, report } = parts;
  const node = nodeName(cluster);
  const access = accessOf(cluster);
  const clientName = (purpose: string): string => `hearth-${node}${purpose}`;
  const link = new Link({ ...access, clock, clientName: clientName('') });
  const place = withoutUserinfo(cluster.url);
  const prefix = prefixOf(cluster);
  link.use({
    opened: (redis) => tryRights(redis, prefix, cluster.job_replicas),
    up(says) {
      log.info(
        { valkey: place, product: says.product, node },
        `${says.product} answers: this gateway is one of a fleet`,
      );
      put('valkey', undefined);
      const advice = adviceFor(says);
      put('valkey_settings', advice === undefined ? undefined : { level: 'info', ...advice });
    },
    down({ why, todo }) {
      const text = `Valkey at ${place} ${why}. Until that ends, this gateway goes on alone, with its own memory and disk.`;
      put('valkey', { text, todo });
    },
  });
  const self = `${node}-${randomUUID()}`;
  const removals = `${prefix}removed`;
  const full = (isFull: boolean): void => put('valkey_full', isFull ? FULL : undefined);
  const list = new RemovalList({ link, name: removals, self, here: cache.removals, places: removalPlaces });
  const onTold = (): void => list.changed(removals);
  const { timeout_ms: timeoutMs } = cluster;
  const kept = { link, clock, untold, timeoutMs, prefix: `${prefix}answer:`, removals, self, full, onTold };
  const answers = new ValkeyAnswers(kept);
  const flights = new ValkeyFlights({ link, clock, prefix: `${prefix}flight:`, self, answers, urgencyChanged });
  link.use(list);
  link.use(answers);
  const nodes = new ValkeyNodes({ link, clock, name: `${prefix}nodes`, self, report });
  link.use(flights);
  link.use(nodes);
  cache.shareThrough(answers);
  const work: ClusterWork = {
    node,
    prefix,
    link,
    flights,
    counts: valkeyCounts(link, `${prefix}used:`),
    nodes,
    pending: () => answers.pending,
    newClient: (purpose, more) => newClient(access, clientName(`-${purpose}`), more),
    openJobs: (parts) => openFleetJobs({ ...parts, cluster: work, settings: cluster }),
    open: () => link.open(),
    async close() {
      cache.shareThrough(undefined);
      await Promise.all([flights.handOver(), nodes.leave()]);
      await link.close();
      await answers.rest();
    },
  };
  return work;
}

/** Checks the Valkey of these settings: what is wrong with it, or what it is and what should be changed. */
export async function lookAtValkey(
  cluster: Config['cluster'],
): Promise<ValkeyTrouble | { readonly product: string; readonly advice: Advice | undefined }> {
  const link = new Link({ ...accessOf(cluster), clock: systemClock, clientName: 'hearth-doctor' });
  try {
    return await new Promise((found) => {
      link.use({
        opened: (redis) => tryRights(redis, prefixOf(cluster), cluster.job_replicas),
        up: (says) => found({ product: says.product, advice: adviceFor(says) }),
        down: found,
      });
      link.open();
    });
  } finally {
    await link.close();
  }
}

function prefixOf({ name }: Config['cluster']): string {
  return `hearth:{${name}}:${SCHEMA}:`;
}

function accessOf(cluster: Config['cluster']): ValkeyAccess {
  const { ca_file: caFile, cert_file: certFile, key_file: keyFile } = cluster;
  const settings = { cert: 'cluster.cert_file', key: 'cluster.key_file' };
  return { cluster, trust: () => trustIn(caFile, 'cluster.ca_file', { certFile, keyFile, settings }) };
}
