// What the window shows of a fleet, in the states that it can be in: all well, one gateway gone and one older, Valkey away, and
// one gateway with several machines.
import {
  ratedHits,
  type FleetHits,
  type FleetNode,
  type FleetUpstream,
  type FleetView,
} from '../../../backend/contract/views/fleet-view.ts';
import type { MachineView } from '../../../backend/contract/views/machine-view.ts';
import type { Shown } from './views.ts';

const hits = (asked: number, memory: number, disk: number, shared: number, coalesced: number): FleetHits => ({
  asked,
  hits: { memory, disk, shared },
  coalesced,
});

const upstream = (over: Partial<FleetUpstream> = {}): FleetUpstream => ({
  name: 'ollama',
  state: 'up',
  version: '0.33.0',
  slots: 1,
  running: 0,
  waiting: 0,
  loaded: ['llama3.2:3b'],
  ...over,
});

export const fleetNode = (node: string, over: Partial<FleetNode> = {}): FleetNode => ({
  node,
  here: false,
  state: 'up',
  heard_ms: 800,
  version: '1.3.2',
  status: 'healthy',
  uptime_ms: 5 * 3_600_000,
  paused: false,
  running: 0,
  waiting: 0,
  runs: [],
  upstreams: [upstream()],
  kept: { memory_mb: 38.2, disk_mb: 96 },
  requests: ratedHits(hits(208, 84, 20, 8, 25)),
  ...over,
});

const run = (caller: string, over: Partial<FleetNode['runs'][number]> = {}): FleetNode['runs'][number] => ({
  request_id: `r-${caller}`,
  model: 'llama3.2:3b',
  caller,
  class: 'interactive',
  ms: 8000,
  ...over,
});

const HERE = fleetNode('desk-1', { here: true, heard_ms: 0, running: 1, waiting: 3, runs: [run('localhost:3000')] });

/** Alone with one Ollama, changed. */
export function fleetView(nodes: readonly FleetNode[] = [HERE], over: Partial<FleetView> = {}): FleetView {
  const up = nodes.filter(({ state }) => state === 'up');
  const sum = (of: (node: FleetNode) => number): number => nodes.reduce((all, node) => all + of(node), 0);
  return {
    fleet: null,
    node: 'desk-1',
    valkey: null,
    pending: 0,
    nodes: [...nodes],
    total: {
      nodes_up: up.length,
      running: up.reduce((all, { running }) => all + running, 0),
      waiting: up.reduce((all, { waiting }) => all + waiting, 0),
      requests: ratedHits(
        hits(
          sum(({ requests }) => requests.asked),
          sum(({ requests }) => requests.hits.memory),
          sum(({ requests }) => requests.hits.disk),
          sum(({ requests }) => requests.hits.shared),
          sum(({ requests }) => requests.coalesced),
        ),
      ),
    },
    ...over,
  };
}

const IN_FLEET = { fleet: 'hearth', valkey: 'up' } as const;

const TWO = [
  upstream({ name: 'desktop', slots: 2, running: 2, waiting: 1, loaded: ['qwen2.5-coder:7b', 'llama3.2:3b'] }),
  upstream({ name: 'laptop', state: 'waking', version: null, loaded: [] }),
];

const OTHERS = [
  fleetNode('desk-2', {
    running: 2,
    waiting: 1,
    runs: [
      run('Open WebUI', { model: 'qwen2.5-coder:7b', upstream: 'desktop' }),
      run('aider/0.86.1', { upstream: 'desktop' }),
    ],
    upstreams: TWO,
  }),
  fleetNode('gpu-server-in-the-basement.lab.example', {
    upstreams: [upstream({ loaded: ['deepseek-r1:70b', 'gemma3:12b', 'llama3.2:3b', 'nomic-embed-text'] })],
    requests: ratedHits(hits(0, 0, 0, 0, 0)),
  }),
];

/** Several machines of one gateway, as they are in the live view. */
export const MACHINES: readonly MachineView[] = TWO.map((each, at) => ({
  ...each,
  url: `http://${each.name}.local:11434`,
  reason: null,
  latency_ms: 2,
  priority: at + 1,
  weight: 1,
  models: null,
  breaker: 'closed',
}));

/** By the name of the state. */
export const FLEETS: Readonly<Record<string, () => FleetView>> = {
  'a fleet': () => fleetView([HERE, ...OTHERS], IN_FLEET),
  'a fleet, one gone and one older': () =>
    fleetView(
      [
        HERE,
        fleetNode('desk-2', { state: 'silent', heard_ms: 72_000 }),
        fleetNode('desk-3', { version: '1.2.0', paused: true, upstreams: [upstream({ state: 'down', loaded: [] })] }),
      ],
      IN_FLEET,
    ),
  'a fleet without Valkey': () =>
    fleetView([HERE, ...OTHERS.map((node) => ({ ...node, state: 'silent' as const, heard_ms: 41_000 }))], {
      fleet: 'hearth',
      valkey: 'away',
      pending: 2,
    }),
  'several machines': () =>
    fleetView([{ ...HERE, runs: [run('localhost:3000', { upstream: 'desktop' })], upstreams: TWO }]),
};

/** The window of a gateway that is in this fleet, or has the machines of it. */
export function withFleet(shown: Shown, fleet: FleetView): Shown {
  const { live, settings } = shown;
  const values = { ...settings.values, ...(fleet.fleet === null ? {} : { 'cluster.url': 'valkey://10.0.0.5:6379' }) };
  const upstreams = fleet.fleet === null && fleet.nodes[0]?.upstreams.length === 2 ? [...MACHINES] : undefined;
  return {
    ...shown,
    settings: { ...settings, values },
    live:
      live === null ? null : { ...live, health: { ...live.health, ...(upstreams === undefined ? {} : { upstreams }) } },
    fleet,
  };
}
