// `hearth status --fleet`: every gateway of the fleet, its Ollamas, what runs where, and where cached answers were
// found.
import { shownCaller } from '../../contract/apps.ts';
import type { FleetNode, FleetUpstream, FleetView, RatedHits } from '../../contract/views/fleet-view.ts';
import { count, duration, megabytes, NOTHING, percent, plural } from '../../contract/in-words.ts';
import { EXIT } from '../exits.ts';
import type { Gateway } from '../gateway/gateway-client.ts';
import type { Terminal } from '../command-host.ts';
import type { Tone } from '../terminal/paint.ts';
import { facts, table, type Cell, type Column } from '../terminal/table.ts';

const TONES: Readonly<Record<FleetNode['status'], Tone>> = { healthy: 'good', degraded: 'warn', unhealthy: 'bad' };

/** Prints the state of the fleet. The exit code is 0 if at least one gateway can answer requests. */
export async function fleetStatus(
  gateway: Gateway,
  { json, terminal }: { readonly json: boolean; readonly terminal: Terminal },
): Promise<number> {
  const view = await gateway.ask<FleetView>('GET', '/api/fleet');
  terminal.write(json ? `${JSON.stringify(view)}\n` : picture(gateway.url, view, terminal));
  return view.nodes.some(({ state, status }) => state === 'up' && status !== 'unhealthy') ? EXIT.ok : EXIT.unavailable;
}

function picture(url: string, view: FleetView, terminal: Terminal): string {
  // The last report of a silent gateway says nothing about now.
  const up = view.nodes.filter(({ state }) => state === 'up');
  const runs = up.flatMap((node) => node.runs.map((run) => ({ ...run, node: node.node })));
  return [
    facts(factsOf(url, view), terminal),
    table(NODES, view.nodes.map(nodeRow), terminal),
    table(
      UPSTREAMS,
      up.flatMap(({ node, upstreams }) => upstreams.map((each) => upstreamRow(node, each))),
      terminal,
    ),
    ...(runs.length === 0
      ? []
      : [
          table(
            RUNS,
            runs.map(({ node, upstream, model, caller, class: of, ms }) => {
              return [
                upstream === undefined ? node : `${node}, ${upstream}`,
                model,
                shownCaller(caller),
                of,
                duration(ms),
              ];
            }),
            terminal,
          ),
        ]),
  ].join('\n');
}

function factsOf(
  url: string,
  { fleet, node, valkey, pending, nodes, total }: FleetView,
): (readonly [string, string | Cell])[] {
  const up = `${total.nodes_up} of ${plural(nodes.length, 'gateway')} up`;
  return [
    [
      'Fleet',
      fleet === null ? `none: ${node} at ${url} is alone (cluster.url)` : `${fleet}, ${up}, told by ${node} at ${url}`,
    ],
    ...(valkey === 'away' ? [['Valkey', VALKEY_AWAY] as const] : []),
    ...(pending > 0 ? [['Pending', pendingOf(pending, node)] as const] : []),
    ['Line', `${count(total.running)} running, ${count(total.waiting)} waiting`],
    ['Kept', keptOf(total.requests)],
  ];
}

const VALKEY_AWAY: Cell = { text: 'away: what the others do now is not known', tone: 'warn' };

function pendingOf(pending: number, node: string): Cell {
  return { text: `${plural(pending, 'removal')} of kept answers that the others learn from ${node}`, tone: 'warn' };
}

function keptOf({ asked, hit_rates: { memory, disk, shared, coalesced } }: RatedHits): string {
  if (asked === 0) return 'nothing was asked for yet';
  const parts = [
    `${percent(memory)} from memory`,
    `${percent(disk)} from disk`,
    `${percent(shared)} from other gateways`,
    `${percent(coalesced)} shared a run`,
  ];
  return `of ${plural(asked, 'request')} ${parts.join(', ')}`;
}

const NODES: readonly Column[] = [
  { title: 'Gateway', cutTo: 10 },
  { title: 'State' },
  { title: 'Version', spare: 3 },
  { title: 'Up for', right: true, spare: 2 },
  { title: 'Running', right: true },
  { title: 'Waiting', right: true },
  { title: 'Memory', right: true, spare: 1 },
  { title: 'Disk', right: true, spare: 1 },
  { title: 'Others', right: true, spare: 1 },
  { title: 'Shared', right: true, spare: 1 },
  { title: 'Kept', right: true, spare: 4 },
];

function nodeRow(node: FleetNode): (string | Cell)[] {
  const { here, state, status, version, uptime_ms, paused, running, waiting, heard_ms, requests, kept } = node;
  const isSilent = state === 'silent';
  const now = (figure: number): string => (isSilent ? NOTHING : count(figure));
  const { memory, disk, shared, coalesced } = requests.hit_rates;
  const share = (rate: number): string => (requests.asked === 0 ? NOTHING : percent(rate));
  return [
    here ? `${node.node} (this one)` : node.node,
    isSilent
      ? { text: `silent for ${duration(heard_ms)}`, tone: 'bad' }
      : { text: paused ? `${status}, paused` : status, tone: TONES[status] },
    version,
    isSilent ? NOTHING : duration(uptime_ms),
    now(running),
    now(waiting),
    ...[memory, disk, shared, coalesced].map(share),
    megabytes(kept.memory_mb) + (kept.disk_mb === undefined ? '' : `, disk ${megabytes(kept.disk_mb)}`),
  ];
}

const UPSTREAMS: readonly Column[] = [
  { title: 'Gateway', cutTo: 10 },
  { title: 'Ollama', cutTo: 10 },
  { title: 'State' },
  { title: 'Version', spare: 1 },
  { title: 'Running', right: true },
  { title: 'Waiting', right: true },
  { title: 'In memory', cutTo: 12 },
];

function upstreamRow(
  node: string,
  { name, state, version, slots, running, waiting, loaded }: FleetUpstream,
): (string | Cell)[] {
  return [
    node,
    name,
    { text: state, tone: state === 'up' ? 'good' : state === 'down' ? 'bad' : 'warn' },
    version ?? NOTHING,
    `${count(running)} of ${count(slots)}`,
    count(waiting),
    loaded.length === 0 ? NOTHING : loaded.join(', '),
  ];
}

const RUNS: readonly Column[] = [
  { title: 'Runs on', cutTo: 10 },
  { title: 'Model', cutTo: 10 },
  { title: 'App', cutTo: 8 },
  { title: 'Class', spare: 1 },
  { title: 'For', right: true },
];
