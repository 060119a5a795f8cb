// What is shown of the machines of `[[upstreams]]`. Shapes only; who fills them is core/stories/machines/machines-now.ts.
import { z } from 'zod';
import { errorCodeSchema as code } from '../errors.ts';

const count = z.number().int().nonnegative();
const ms = z.number().nonnegative();

/** One of several machines, as it stands now. */
export const machineSchema = z.object({
  name: z.string(),
  url: z.string(),
  /** `unknown` until the first look has ended; `waking` while a request waits for it to wake. */
  state: z.enum(['unknown', 'up', 'down', 'waking']),
  /** Why it is down, as a sentence, and as a code where there is one. */
  reason: z.string().nullable(),
  code: code.optional(),
  version: z.string().nullable(),
  latency_ms: ms.nullable(),
  /** 1 goes first. */
  priority: count,
  weight: count,
  /** How many requests run there side by side. */
  slots: count,
  running: count,
  waiting: count,
  /** What is installed there; null where that is not known. */
  models: z.array(z.string()).nullable(),
  /** What is in its memory. */
  loaded: z.array(z.string()),
  breaker: z.enum(['closed', 'open', 'half_open']),
  /** While it is being woken: until it should answer. Left out otherwise. */
  waking_ms: ms.optional(),
});
export type MachineView = z.infer<typeof machineSchema>;
