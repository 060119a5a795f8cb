// docs/scale.md, as far as the simulator writes it: its tables, each between two marks, and its plots.
import { createHash } from 'node:crypto';
import { table } from '../../bench/report.ts';
import { ceilingOf, fleetOf, partsOf, type Fleet, type Uses } from './fleet-bounds.ts';
import { ANSWERS_KEPT_S, GATEWAY, JOBS_KEPT_S, OLLAMA, PEOPLE, VALKEY } from './fleet-costs.ts';
import { plot, type Axis } from './fleet-plot.ts';
import { playFleet, type FleetFigures } from './fleet-run.ts';

/** Marks of docs/scale.md. */
export const MARKS = { sizes: 'sizes', bounds: 'bounds', sharing: 'sharing' } as const;

const count = (value: number): string => Math.round(value).toLocaleString('en');
const percent = (share: number): string =>
  `${share > 0 && share < 0.01 ? (share * 100).toFixed(2) : (share * 100).toFixed(0)} %`;
const seconds = (value: number): string => `${value.toFixed(1)} s`;
const most = (fleet: Fleet, of: 'running' | 'waiting'): number =>
  Math.max(...fleet.figures.seconds.map((each) => each[of]));

const withoutRun = ({ asked, hits, joined }: FleetFigures): number => (hits + joined) / asked;

/** What fleets of these sizes come to. */
export function sizesTable(fleets: readonly Fleet[]): string {
  const row = (what: string, of: (fleet: Fleet) => string): string[] => [what, ...fleets.map(of)];
  return table([
    row('People', ({ users }) => count(users)),
    row('Requests a second', ({ figures }) => (figures.asked / figures.seconds.length).toFixed(2)),
    row(`Ollamas, ${OLLAMA.slots} slots each`, ({ ollamas }) => count(ollamas)),
    row('Gateways', ({ gateways }) => count(gateways)),
    row('Answered without a run', ({ figures }) => percent(withoutRun(figures))),
    row('Waits for a slot, p50 and p95', ({ figures }) => `${seconds(figures.waitP50)}, ${seconds(figures.waitP95)}`),
    row('Answers under way at most', (fleet) => count(most(fleet, 'running'))),
    row('Connections of a gateway', ({ connections }) => count(connections)),
    row('Processor of a gateway, busiest second of 100', ({ uses }) => percent(uses.gateway)),
    row('Thread of Valkey, the same', ({ uses }) => percent(uses.thread)),
    row('Memory of Valkey after an hour', ({ valkeyBytes }) => `${count(valkeyBytes / 1e6)} MB`),
  ]);
}

const BOUNDS: readonly { readonly of: keyof Uses; readonly what: string; readonly then: string }[] = [
  {
    of: 'slots',
    what: `One Ollama with ${OLLAMA.slots} slots`,
    then: 'One more Ollama. This is what costs money, so each request that needs no run counts for more than anything else here.',
  },
  {
    of: 'gateway',
    what: 'The event loop of one gateway',
    then: 'One more gateway: they keep nothing that the others need. Tokens are what costs, so a gateway in front of Ollamas that write slowly carries more people.',
  },
  {
    of: 'handles',
    what: `File handles of one gateway (${count(GATEWAY.handles)})`,
    then: 'One more gateway, or a larger `LimitNOFILE`.',
  },
  {
    of: 'thread',
    what: 'The one thread of Valkey',
    then: 'Most of it tells the pieces of runs that nobody elsewhere follows. They would be told from the moment on at which somebody follows; after that several Valkeys, each with the flights of a part of the keys.',
  },
  {
    of: 'jobs',
    what: 'The same, with the jobs alone',
    then: `Another Valkey for the jobs. With ${percent(PEOPLE.jobs)} of the requests handed in as jobs it is far away; offline batches of whole datasets come nearer.`,
  },
  {
    of: 'memory',
    what: `Memory of Valkey (\`maxmemory\` ${count(VALKEY.maxBytes / 1e9)} GB)`,
    then: 'A larger `maxmemory`. Answers that were not used for longest go first; ended jobs stay for their time (`queue.retention_seconds`, those of a batch for `queue.batch_retention_seconds`: a week), so they have to fit.',
  },
];

/** How many people one of each part carries, from the largest fleet that was played. */
export function boundsTable(largest: Fleet): string {
  const rows = BOUNDS.map(({ of, what, then }) => [what, count(round(ceilingOf(largest, of))), then]);
  return table([['What is full first', 'People that one carries', 'What would change then'], ...rows]);
}

/** Fleets that are played within a moment: enough to see whether anything that the tables are made of has changed. */
function small(): string {
  const fleet = fleetOf(300, 1, 600);
  const of = (shared: boolean): FleetFigures =>
    playFleet({ users: 300, gateways: 3, ollamas: 4, seed: 1, seconds: 600, before: 600, shared });
  const sharing = [{ gateways: 3, alone: of(false), shared: of(true) }];
  const costs = JSON.stringify([PEOPLE, OLLAMA, GATEWAY, VALKEY, ANSWERS_KEPT_S, JOBS_KEPT_S]);
  return [costs, sizesTable([fleet]), boundsTable(fleet), sharingTable(sharing)].join('\n');
}

/**
 * Stands on the page as "played", and is another one once the costs, what is played or what the tables say has changed: then the large
 * fleets, which take too long for a test, have to be played again.
 */
export const playedMark = (): string =>
  `<!-- played ${createHash('sha256').update(small()).digest('hex').slice(0, 16)} -->`;
export const PLAYED = /<!-- played \w+ -->/;

/** To two digits: more would claim to be exact. */
function round(value: number): number {
  const factor = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Math.round(value / factor) * factor;
}

export interface Sharing {
  readonly gateways: number;
  readonly alone: FleetFigures;
  readonly shared: FleetFigures;
}

export function sharingTable(found: readonly Sharing[]): string {
  const rows = found.map(({ gateways, alone, shared }) => [
    count(gateways),
    percent(withoutRun(alone)),
    percent(withoutRun(shared)),
    percent(1 - shared.ran / alone.ran),
  ]);
  return table([['Gateways', 'Answered without a run, each for itself', 'Through one Valkey', 'Runs saved'], ...rows]);
}

const people = (fleets: readonly Fleet[]): Axis => ({
  title: 'people',
  log: true,
  ticks: fleets.map(({ users }) => ({ at: users, text: count(users) })),
});

/** Files of docs/images, by name. */
export function plots(fleets: readonly Fleet[], sharing: readonly Sharing[]): Readonly<Record<string, string>> {
  const used: Axis = {
    title: 'used of one',
    log: true,
    ticks: [0.0001, 0.001, 0.01, 0.1, 1, 10, 100].map((at) => ({ at, text: `${at * 100} %` })),
  };
  const lines = (['gateway', 'handles', 'thread', 'memory'] as const).map((of) => ({
    name: { gateway: 'event loop', handles: 'file handles', thread: 'Valkey’s thread', memory: 'Valkey’s memory' }[of],
    points: fleets.map((fleet) => ({ x: fleet.users, y: fleet.uses[of] * partsOf(fleet, of) })),
  }));
  const gateways: Axis = {
    title: 'gateways',
    log: true,
    ticks: sharing.map((each) => ({ at: each.gateways, text: count(each.gateways) })),
  };
  const shares: Axis = {
    title: 'answered without a run',
    log: false,
    ticks: [0, 0.05, 0.1, 0.15, 0.2, 0.25].map((at) => ({ at, text: percent(at) })),
  };
  return {
    'scale-bounds.svg': plot('How full one of each part is', people(fleets), used, lines, { at: 1, text: 'full' }),
    'scale-sharing.svg': plot('What sharing is worth', gateways, shares, [
      { name: 'through one Valkey', points: sharing.map((each) => ({ x: each.gateways, y: withoutRun(each.shared) })) },
      { name: 'each for itself', points: sharing.map((each) => ({ x: each.gateways, y: withoutRun(each.alone) })) },
    ]),
  };
}
