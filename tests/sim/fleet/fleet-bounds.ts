// What a simulated fleet asks of each of its parts, as a share of what one of that part can do.
import { ANSWERS_KEPT_S, GATEWAY, JOBS_KEPT_S, OLLAMA, PEOPLE, VALKEY } from './fleet-costs.ts';
import { playFleet, type FleetFigures, type Second } from './fleet-run.ts';
import { percentile } from '../../bench/stats.ts';

/** How much of a part is used at most, so that a busy minute still fits. */
const ROOM = 0.6;

export interface Fleet {
  readonly users: number;
  readonly gateways: number;
  readonly ollamas: number;
  readonly figures: FleetFigures;
  /** Of one of each part in the busiest second of a hundred; 1 is all of it. */
  readonly uses: Uses;
  /** Connections of one gateway, and bytes in Valkey once an hour has passed. */
  readonly connections: number;
  readonly valkeyBytes: number;
}

/** Of one Ollama's slots, one gateway's event loop and file handles, Valkey's thread, by all that it does and by jobs alone, and its memory. */
export interface Uses {
  readonly slots: number;
  readonly gateway: number;
  readonly handles: number;
  readonly thread: number;
  readonly jobs: number;
  readonly memory: number;
}

/** Milliseconds of a gateway's processor in this second, all gateways together. */
function gatewayMs({ arrived, hits, joined, tokens }: Second): number {
  const runs = arrived - hits - joined;
  // Whoever joins a run is told each of its pieces as well.
  return (
    hits * GATEWAY.hitMs + (runs + joined) * GATEWAY.missMs + (tokens + joined * PEOPLE.answerTokens) * GATEWAY.tokenMs
  );
}

/** Microseconds of Valkey's thread in this second. */
function valkeyUs({ arrived, ran, kept, jobs, shareable, following }: Second): number {
  const { commandUs, boardUs, tellUs, followUs, leaveUs, keepUs, jobUs, tellsPerS } = VALKEY;
  return (
    arrived * 2 * commandUs +
    ran * (2 * commandUs + boardUs + leaveUs) +
    kept * (commandUs + keepUs) +
    shareable * tellsPerS * (commandUs + tellUs) +
    following * tellsPerS * (commandUs + followUs) +
    jobs * jobUs
  );
}

const answerBytes = VALKEY.answerBytes + PEOPLE.answerTokens * VALKEY.tokenBytes;

/** Seconds of a slot that a request which runs takes on the mean. */
const runS = PEOPLE.promptTokens / OLLAMA.promptTokensPerS + PEOPLE.answerTokens / OLLAMA.tokensPerS;

const perSecond = (users: number): number => (users * PEOPLE.requestsPerHour) / 3600;

/** As many Ollamas as these people need, with room. */
export function ollamasFor(users: number): number {
  return Math.max(1, Math.ceil((perSecond(users) * runS) / (OLLAMA.slots * ROOM)));
}

/** As many gateways: one for a household, three where one may fail, and more where three have no room. */
export function gatewaysFor(users: number): number {
  const missMs = GATEWAY.missMs + PEOPLE.answerTokens * GATEWAY.tokenMs;
  const busy = (perSecond(users) * missMs) / 1000;
  return users <= 20 ? 1 : Math.max(3, Math.ceil(busy / ROOM));
}

/** Plays a fleet of the size that these people need. */
export function fleetOf(users: number, seed: number, seconds?: number): Fleet {
  const [gateways, ollamas] = [gatewaysFor(users), ollamasFor(users)];
  const length = seconds === undefined ? {} : { seconds, before: seconds / 2 };
  const figures = playFleet({ users, gateways, ollamas, shared: true, seed, ...length });
  const busiest = (of: (second: Second) => number): number => percentile(figures.seconds.map(of), 0.99);
  const { length: counted } = figures.seconds;
  const mean = (of: (second: Second) => number): number =>
    figures.seconds.reduce((sum, each) => sum + of(each), 0) / counted;
  // One connection that each person's app keeps, and one to an Ollama for each answer under way.
  const connections = Math.ceil((users + busiest(({ running, waiting }) => running + waiting)) / gateways);
  const valkeyBytes =
    ANSWERS_KEPT_S * mean(({ kept }) => kept) * answerBytes + JOBS_KEPT_S * mean(({ jobs }) => jobs) * VALKEY.jobBytes;
  return {
    users,
    gateways,
    ollamas,
    figures,
    connections,
    valkeyBytes,
    uses: {
      slots: busiest(({ running }) => running) / (OLLAMA.slots * ollamas),
      gateway: busiest(gatewayMs) / 1000 / gateways,
      handles: connections / GATEWAY.handles,
      thread: busiest(valkeyUs) / 1e6,
      jobs: busiest(({ jobs }) => jobs * VALKEY.jobUs) / 1e6,
      memory: valkeyBytes / VALKEY.maxBytes,
    },
  };
}

/** How many of this part the fleet has. */
export function partsOf({ gateways, ollamas }: Fleet, part: keyof Uses): number {
  if (part === 'slots') return ollamas;
  return part === 'gateway' || part === 'handles' ? gateways : 1;
}

/** How many people one of this part would carry, by what it has to do for each of them. */
export function ceilingOf(fleet: Fleet, part: keyof Uses): number {
  return fleet.users / (fleet.uses[part] * partsOf(fleet, part));
}
