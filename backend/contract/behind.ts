// Headers between two gateways, where one is the Ollama of the other: the inner one says that it is a Hearth, and the
// outer one says on whose behalf it asks. http/door/caller.ts decides what the inner one believes.
import type { Urgency } from './chat/chat-request.ts';

/** Sent by a Hearth in its answer to GET /api/version: its version. */
export const HEARTH_HEADER = 'X-Hearth';

/** On whose behalf a request is sent: the outer gateway's name for its caller. */
export const CALLER_HEADER = 'X-Hearth-Caller';

/** Neither read nor write the cache, and share no run. */
export const NEITHER = 'no-cache, no-store';

/** A gateway's entry in Via, by which it recognizes its own requests that loop back; `id` is new at each start. */
export function viaOf(id: string): string {
  return `1.1 ${VIA_NAME}${id}`;
}

const VIA_NAME = 'hearth-';

/** Whether a request with this Via has passed through a Hearth. */
export function isViaHearth(via: string | undefined): boolean {
  return via?.split(',').some((hop) => hop.trim().split(/\s+/)[1]?.startsWith(VIA_NAME)) === true;
}

/** On whose behalf a request is sent. */
export interface Asker extends Urgency {
  readonly caller: string;
  /** Id of the request; absent if it is for several. */
  readonly id?: string;
  /** What the inner gateway may do with its cache; absent: it decides. */
  readonly cache?: 'no-cache' | 'no-store' | typeof NEITHER;
}
