// The time of what outlives a process, as a type alone: storage/kept-time.ts keeps it.
import type { Now } from './ports.ts';

/**
 * The time by which what is kept grows old, in milliseconds since 1970. It goes on from one process to the next, and counts
 * neither a sleep of the machine nor a clock that is set. So it may be behind the clock on the wall: tell nobody of it.
 */
export interface KeptTime {
  readonly now: Now;
}
