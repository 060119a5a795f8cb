// The machines of `[[upstreams]]` as shown. Types only; core/stories/machines/machines-now.ts fills them.
import { z } from 'zod';
import { errorCodeSchema as code } from '../errors.ts';

const count = z.number().int().nonnegative();
const ms = z.number().nonnegative();

/** The current state of one of several machines. */
export const machineSchema = z.object({
  name: z.string(),
  url: z.string(),
  /** `unknown` until the first probe has ended; `waking` while a request waits for it to wake. */
  state: z.enum(['unknown', 'up', 'down', 'waking']),
  /** Why it is down, as a sentence, and as a code if there is one. */
  reason: z.string().nullable(),
  code: code.optional(),
  version: z.string().nullable(),
  latency_ms: ms.nullable(),
  /** 1 goes first. */
  priority: count,
  weight: count,
  /** Number of requests that run there at the same time. */
  slots: count,
  running: count,
  waiting: count,
  /** Installed models; null if unknown. */
  models: z.array(z.string()).nullable(),
  /** Models in its memory. */
  loaded: z.array(z.string()),
  breaker: z.enum(['closed', 'open', 'half_open']),
  /** While it is being woken: milliseconds until it should answer. Absent otherwise. */
  waking_ms: ms.optional(),
});
export type MachineView = z.infer<typeof machineSchema>;
