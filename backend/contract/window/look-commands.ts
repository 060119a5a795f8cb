// What the window asks for by itself, again and again while it shows it: a range of time, and the fleet. A part of desktop.ts.
import { z } from 'zod';
import { daySchema } from '../views/day.ts';
import { fleetSchema } from '../views/fleet-view.ts';
import { SPAN_WORDS } from '../views/spans.ts';

const count = z.number().int().nonnegative();

/**
 * One plot span as columns of equal length, oldest first; the last step is still running. null is "not measured":
 * the gateway or Ollama was down, or there was nothing to measure.
 */
const spanSchema = z.object({
  /** Of a step that is a day: one of 24 hours. */
  step_s: count,
  /** Unix time in seconds at which each step began. */
  t: z.array(z.number()),
  /** Requests that were given their source in the step. */
  requests: z.array(z.number().nullable()),
  /** Those of them that needed the model (miss and bypass). */
  needed_model: z.array(z.number().nullable()),
  /** 0 to 1; the definition is that of /api/cache-stats, over the step. */
  hit_rate: z.array(z.number().nullable()),
  /** The most that waited at once in the step. */
  waiting: z.array(z.number().nullable()),
  /** Milliseconds in line, of requests that ran: median and 95th percentile of the step, within 2 %. */
  wait_p50: z.array(z.number().nullable()),
  wait_p95: z.array(z.number().nullable()),
  /** Milliseconds from the end of the wait to the first piece, a load included: likewise. */
  ttft_p50: z.array(z.number().nullable()),
  ttft_p95: z.array(z.number().nullable()),
  /** Tokens a second while the model answered. */
  tokens_per_s: z.array(z.number().nullable()),
});
export type PlotSpan = z.infer<typeof spanSchema>;

/** A range of time: its figures, and its steps. */
export const dayViewSchema = z.object({
  day: daySchema,
  steps: spanSchema,
  /** There was no request in any range. */
  empty: z.boolean(),
});
export type DayView = z.infer<typeof dayViewSchema>;

export const LOOK_COMMANDS = {
  /** What happened in a range of time up to now; the window asks again each second for the one that it shows. */
  day: { input: z.strictObject({ span: z.enum(SPAN_WORDS) }), output: dayViewSchema },
  /** All gateways of the fleet; the window asks again every other second while it shows them. */
  fleet: { input: z.strictObject({}), output: fleetSchema },
} as const;
