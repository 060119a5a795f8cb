// What is shown of the gateways of a fleet: GET /api/fleet, `hearth status --fleet`, the window. And what each of them tells the
// others of itself, which is the same with whose each request is. Shapes only; who fills them is core/stories/fleet/fleet-now.ts.
import { z } from 'zod';
import { QUEUE_CLASSES } from '../chat/chat-request.ts';
import { machineSchema } from './machine-view.ts';

const count = z.number().int().nonnegative();
const ms = z.number().nonnegative();
const share = z.number().min(0).max(1);

/** Where kept answers are found: the memory and the disk of a gateway, and what all share; the nearest first. */
export const TIERS = ['memory', 'disk', 'shared'] as const;
export type Tier = (typeof TIERS)[number];

const ofTiers = <T extends z.ZodType>(value: T) => z.object({ memory: value, disk: value, shared: value });

/** Requests since the start or the last reset that asked for a kept answer, and how many of them cost no run of their own. */
const hitsSchema = z.object({
  asked: count,
  /** By where their answer was found. */
  hits: ofTiers(count),
  /** They shared a run. */
  coalesced: count,
});
export type FleetHits = z.infer<typeof hitsSchema>;

/** A request that runs. */
const runSchema = z.object({
  request_id: z.string(),
  model: z.string(),
  caller: z.string(),
  class: z.enum(QUEUE_CLASSES),
  /** The machine of [[upstreams]] that it runs on; left out where there is one alone. */
  upstream: z.string().optional(),
  /** Since it began to run. */
  ms,
});
export type FleetRun = z.infer<typeof runSchema>;

/** An Ollama of a gateway. Its address stays at home: it may have a password in it. */
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

/** What a gateway tells the others of itself. */
export const nodeReportSchema = z.object({
  node: z.string(),
  version: z.string(),
  status: z.enum(['healthy', 'degraded', 'unhealthy']),
  uptime_ms: ms,
  paused: z.boolean(),
  running: count,
  waiting: count,
  /** What runs, as far as it is told: those that have run for longest. */
  runs: z.array(runSchema.extend({ owner: z.string() })),
  upstreams: z.array(upstreamSchema),
  /** What is kept in its memory, and on its disk where it has one. */
  kept: z.object({ memory_mb: z.number(), disk_mb: z.number().optional() }),
  requests: hitsSchema,
});
export type NodeReport = z.infer<typeof nodeReportSchema>;

/** The same as shares of what was asked; 0 before the first. `all` is the hit rate of GET /api/cache-stats. */
const ratesSchema = ofTiers(share).extend({ coalesced: share, all: share });

const ratedHitsSchema = hitsSchema.extend({ hit_rates: ratesSchema });
export type RatedHits = z.infer<typeof ratedHitsSchema>;

const nodeSchema = nodeReportSchema.extend({
  /** It is the one that answers. */
  here: z.boolean(),
  /** `silent`: it has said nothing for so long that it has ended, hangs, or cannot reach Valkey; the rest is what it said last. */
  state: z.enum(['up', 'silent']),
  /** How long ago it said that. */
  heard_ms: ms,
  /** Those that the asker may see. */
  runs: z.array(runSchema),
  requests: ratedHitsSchema,
});
export type FleetNode = z.infer<typeof nodeSchema>;

/** GET /api/fleet */
export const fleetSchema = z.object({
  /** cluster.name; null for a gateway that is alone. */
  fleet: z.string().nullable(),
  /** Who answers. */
  node: z.string(),
  /** Whether what the others do is known; null for a gateway that is alone. */
  valkey: z.enum(['up', 'away']).nullable(),
  /** Removals of kept answers that the one who answers could not tell the others of yet: they still have what was removed. */
  pending: count,
  /** This gateway first, then the others by name. */
  nodes: z.array(nodeSchema),
  /** Of all together; what runs and waits only of those that are up. */
  total: z.object({ nodes_up: count, running: count, waiting: count, requests: ratedHitsSchema }),
});
export type FleetView = z.infer<typeof fleetSchema>;

/** The shares of what was asked; 0 before the first request. */
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
