// The fleet as it is now: what this gateway reports to the others, and what it knows of all of them, in the shapes of
// contract/views/fleet-view.ts. Changes nothing.
import {
  ratedHits,
  type FleetHits,
  type FleetNode,
  type FleetRun,
  type FleetView,
  type NodeReport,
  type Tier,
} from '../../../contract/views/fleet-view.ts';
import type { HeardNode, SharedNodes } from '../../fleet.ts';
import { LOCAL, sees } from '../../ownership.ts';
import { machinesView } from '../machines/machines-now.ts';
import { health, type SnapshotParts } from '../views/snapshot.ts';

/** Limits of the report of one gateway: runs, machines or models, and characters of a name. */
const MOST_RUNS = 16;
const MOST_MACHINES = 32;
const MOST_LETTERS = 100;
/** A gateway not heard for this long is silent: three of its reports are missing. Milliseconds. */
const SILENT_MS = 7000;

/** Whether a gateway has ended, hangs, or does not reach Valkey, as far as is known here. */
export const isSilent = ({ heardMs }: Pick<HeardNode, 'heardMs'>): boolean => heardMs > SILENT_MS;

const cut = (text: string): string => text.slice(0, MOST_LETTERS);

export interface FleetNowParts {
  readonly shown: SnapshotParts;
  /** The name of this gateway. */
  readonly node: string;
  /**
   * cluster.name, the other gateways, and how many removals they do not know of yet. Undefined when this gateway is
   * alone.
   */
  readonly fleet: { readonly name: string; readonly nodes: SharedNodes; pending(): number } | undefined;
}

/** What this gateway reports about itself: no texts, no addresses, no keys. */
export function nodeReport({ shown, node }: Pick<FleetNowParts, 'shown' | 'node'>): NodeReport {
  const { status, version, uptime_ms, queue, cache } = health(shown);
  return {
    node,
    version,
    status,
    uptime_ms,
    paused: queue.paused,
    running: queue.running,
    waiting: queue.length,
    runs: runsNow(shown),
    upstreams: machinesView(shown.machines)
      .slice(0, MOST_MACHINES)
      .map(({ name, state, version: ollama, slots, running, waiting, loaded }) => ({
        name: cut(name),
        state,
        version: ollama === null ? null : cut(ollama),
        slots,
        running,
        waiting,
        loaded: loaded.slice(0, MOST_MACHINES).map(cut),
      })),
    kept: { memory_mb: cache.size_mb, ...(cache.disk === undefined ? {} : { disk_mb: cache.disk.size_mb }) },
    requests: hitsNow(shown),
  };
}

function runsNow({ requests, clock }: SnapshotParts): NodeReport['runs'] {
  const now = clock.elapsed();
  return requests
    .list()
    .filter(({ status, source }) => status === 'processing' && source !== 'hit')
    .map(({ id, model, caller, class: of, owner, trace, startedAt, createdAt }) => {
      const upstream = trace.run?.upstream ?? trace.upstream;
      return {
        request_id: id,
        model: cut(model),
        caller: cut(caller),
        class: of,
        ...(upstream === undefined ? {} : { upstream: cut(upstream) }),
        ms: Math.max(0, Math.round(now - (startedAt ?? createdAt))),
        owner,
      };
    })
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, MOST_RUNS);
}

function hitsNow({ telemetry }: SnapshotParts): FleetHits {
  const { hits, misses, coalesced } = telemetry.counts;
  return { asked: hits + misses + coalesced, hits: { ...telemetry.found }, coalesced };
}

export class FleetNow {
  readonly #parts: FleetNowParts;

  constructor(parts: FleetNowParts) {
    this.#parts = parts;
  }

  get node(): string {
    return this.#parts.node;
  }

  /** cluster.name; undefined for a gateway that is alone. */
  get name(): string | undefined {
    return this.#parts.fleet?.name;
  }

  /** Whether Valkey answers; undefined for a gateway that is alone. */
  get isUp(): boolean | undefined {
    return this.#parts.fleet?.nodes.isUp;
  }

  /** All gateways as far as they are known here, with those runs that the watcher may see. Does not throw. */
  async view(watcher: string = LOCAL): Promise<FleetView> {
    const { node, fleet } = this.#parts;
    const others = (await fleet?.nodes.others()) ?? [];
    const here = nodeView({ report: nodeReport(this.#parts), heardMs: 0 }, watcher, true);
    const heard = others.map((each) => nodeView(each, watcher, false));
    const isUp = (name: string): boolean => [here, ...heard].some((each) => each.node === name && each.state === 'up');
    // After a crash and restart, show the new gateway and not its predecessor.
    const known = heard.filter(({ node: name, state }) => state === 'up' || !isUp(name));
    const nodes = [here, ...known.toSorted((a, b) => (a.node < b.node ? -1 : 1))];
    return {
      fleet: fleet?.name ?? null,
      node,
      valkey: fleet === undefined ? null : fleet.nodes.isUp ? 'up' : 'away',
      pending: fleet?.pending() ?? 0,
      nodes,
      total: totalOf(nodes),
    };
  }
}

function nodeView({ report, heardMs }: HeardNode, watcher: string, here: boolean): FleetNode {
  const runs = report.runs.flatMap(({ owner, ...run }): FleetRun[] => (sees(watcher, owner) ? [run] : []));
  const state = isSilent({ heardMs }) ? 'silent' : 'up';
  return { ...report, here, state, heard_ms: Math.round(heardMs), runs, requests: ratedHits(report.requests) };
}

function totalOf(nodes: readonly FleetNode[]): FleetView['total'] {
  const up = nodes.filter(({ state }) => state === 'up');
  const sum = (all: readonly FleetNode[], of: (node: FleetNode) => number): number =>
    all.reduce((sum, node) => sum + of(node), 0);
  const tier = (name: Tier): number => sum(nodes, ({ requests }) => requests.hits[name]);
  return {
    nodes_up: up.length,
    running: sum(up, ({ running }) => running),
    waiting: sum(up, ({ waiting }) => waiting),
    requests: ratedHits({
      asked: sum(nodes, ({ requests }) => requests.asked),
      hits: { memory: tier('memory'), disk: tier('disk'), shared: tier('shared') },
      coalesced: sum(nodes, ({ requests }) => requests.coalesced),
    }),
  };
}
