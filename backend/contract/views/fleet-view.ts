// The gateways of a fleet as shown by GET /api/fleet, `hearth status --fleet` and the window. Also what each gateway
// reports to the others: the same, plus the owner of each request. Types only; core/stories/fleet/fleet-now.ts fills
// them.
import { z } from 'zod';
import { QUEUE_CLASSES } from '../chat/chat-request.ts';
import { machineSchema } from './machine-view.ts';

const count = z.number().int().nonnegative();
const ms = z.number().nonnegative();
const share = z.number().min(0).max(1);

/** Where cached answers are found: a gateway's memory and disk, and the shared store; nearest first. */
export const TIERS = ['memory', 'disk', 'shared'] as const;
export type Tier = (typeof TIERS)[number];

const ofTiers = <T extends z.ZodType>(value: T) => z.object({ memory: value, disk: value, shared: value });

/**
 * Requests since the start or the last reset that asked for a cached answer, and how many of them needed no run of
 * their own.
 */
const hitsSchema = z.object({
  asked: count,
  /** By where their answer was found. */
  hits: ofTiers(count),
  /** Requests that shared a run. */
  coalesced: count,
});
export type FleetHits = z.infer<typeof hitsSchema>;

/** A running request. */
const runSchema = z.object({
  request_id: z.string(),
  model: z.string(),
  caller: z.string(),
  class: z.enum(QUEUE_CLASSES),
  /** The machine of [[upstreams]] that it runs on; absent if there is only one. */
  upstream: z.string().optional(),
  /** Milliseconds since it began to run. */
  ms,
});
export type FleetRun = z.infer<typeof runSchema>;

/** An Ollama of a gateway. Its address is not reported: it may contain a password. */
const upstreamSchema = machineSchema.pick({
  name: true,
  state: true,
  version: true,
  slots: true,
  running: true,
  waiting: true,
  loaded: true,
});
export type FleetUpstream = z.infer<typeof upstreamSchema>;

/** What a gateway reports about itself to the others. */
export const nodeReportSchema = z.object({
  node: z.string(),
  version: z.string(),
  status: z.enum(['healthy', 'degraded', 'unhealthy']),
  uptime_ms: ms,
  paused: z.boolean(),
  running: count,
  waiting: count,
  /** The longest running requests; the rest is not reported. */
  runs: z.array(runSchema.extend({ owner: z.string() })),
  upstreams: z.array(upstreamSchema),
  /** Size of the cache in memory, and on disk if there is one. */
  kept: z.object({ memory_mb: z.number(), disk_mb: z.number().optional() }),
  requests: hitsSchema,
});
export type NodeReport = z.infer<typeof nodeReportSchema>;

/** Hits as shares of what was asked; 0 before the first. `all` is the hit rate of GET /api/cache-stats. */
const ratesSchema = ofTiers(share).extend({ coalesced: share, all: share });

const ratedHitsSchema = hitsSchema.extend({ hit_rates: ratesSchema });
export type RatedHits = z.infer<typeof ratedHitsSchema>;

const nodeSchema = nodeReportSchema.extend({
  /** It is the gateway that answers. */
  here: z.boolean(),
  /**
   * `silent`: it has reported nothing for so long that it has ended, hangs, or cannot reach Valkey; the rest is its
   * last report.
   */
  state: z.enum(['up', 'silent']),
  /** Milliseconds since its last report. */
  heard_ms: ms,
  /** Runs that the caller may see. */
  runs: z.array(runSchema),
  requests: ratedHitsSchema,
});
export type FleetNode = z.infer<typeof nodeSchema>;

/** GET /api/fleet */
export const fleetSchema = z.object({
  /** cluster.name; null for a gateway without a fleet. */
  fleet: z.string().nullable(),
  /** The gateway that answers. */
  node: z.string(),
  /** Whether the others' reports are known; null for a gateway without a fleet. */
  valkey: z.enum(['up', 'away']).nullable(),
  /** Removals that this gateway has not passed on yet: the others still have the removed answers. */
  pending: count,
  /** This gateway first, then the others by name. */
  nodes: z.array(nodeSchema),
  /** Sums over all; running and waiting only for gateways that are up. */
  total: z.object({ nodes_up: count, running: count, waiting: count, requests: ratedHitsSchema }),
});
export type FleetView = z.infer<typeof fleetSchema>;

/** Shares of what was asked; 0 before the first request. */
export function ratedHits({ asked, hits, coalesced }: FleetHits): RatedHits {
  const of = (part: number): number => (asked === 0 ? 0 : Math.min(1, part / asked));
  const { memory, disk, shared } = hits;
  const hit_rates = {
    memory: of(memory),
    disk: of(disk),
    shared: of(shared),
    coalesced: of(coalesced),
    all: of(memory + disk + shared + coalesced),
  };
  return { asked, hits, coalesced, hit_rates };
}
