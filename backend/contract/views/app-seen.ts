// An app that has sent requests, as the window's page "Connect an app" shows it.
import { z } from 'zod';

/** An app that has sent requests. */
export const appSeenSchema = z.object({
  /** The id in APPS. */
  id: z.string(),
  /** When its newest request came. ISO 8601 in UTC. */
  at: z.string(),
  /** The library whose name alone its requests carry; they may come from other programs. */
  through: z.string().optional(),
});
export type AppSeen = z.infer<typeof appSeenSchema>;
