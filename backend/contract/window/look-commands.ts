// Data that the window polls while it shows it: a time range, and the fleet. Part of desktop.ts.
import { z } from 'zod';
import { daySchema } from '../views/day.ts';
import { fleetSchema } from '../views/fleet-view.ts';
import { SPAN_WORDS } from '../views/spans.ts';

const count = z.number().int().nonnegative();

/**
 * One plot range as columns of equal length, oldest first; the last step is still running. null means "not measured":
 * the gateway or Ollama was down, or there was nothing to measure.
 */
const spanSchema = z.object({
  /** Length of a step; for a step of one day, a day of 24 hours. */
  step_s: count,
  /** Unix time in seconds at the start of each step. */
  t: z.array(z.number()),
  /** Requests whose source was decided in the step. */
  requests: z.array(z.number().nullable()),
  /** Those of them that needed the model (miss and bypass). */
  needed_model: z.array(z.number().nullable()),
  /** 0 to 1, as in /api/cache-stats, over the step. */
  hit_rate: z.array(z.number().nullable()),
  /** Largest number of waiting requests in the step. */
  waiting: z.array(z.number().nullable()),
  /** Milliseconds in the queue, of requests that ran: median and 95th percentile of the step, within 2 %. */
  wait_p50: z.array(z.number().nullable()),
  wait_p95: z.array(z.number().nullable()),
  /** Milliseconds from the end of the wait to the first piece, including a load: median and 95th percentile. */
  ttft_p50: z.array(z.number().nullable()),
  ttft_p95: z.array(z.number().nullable()),
  /** Tokens per second while the model answered. */
  tokens_per_s: z.array(z.number().nullable()),
});
export type PlotSpan = z.infer<typeof spanSchema>;

/** A time range: its figures, and its steps. */
export const dayViewSchema = z.object({
  day: daySchema,
  steps: spanSchema,
  /** There was no request in any range. */
  empty: z.boolean(),
});
export type DayView = z.infer<typeof dayViewSchema>;

export const LOOK_COMMANDS = {
  /** Figures of a time range up to now; the window polls the range that it shows each second. */
  day: { input: z.strictObject({ span: z.enum(SPAN_WORDS) }), output: dayViewSchema },
  /** All gateways of the fleet; the window polls every other second while it shows them. */
  fleet: { input: z.strictObject({}), output: fleetSchema },
} as const;
