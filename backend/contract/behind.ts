// What two gateways tell each other in headers, where one of them is the Ollama of the other: that the inner one is a Hearth,
// and for whom the outer one asks. What the inner one believes of that is http/door/caller.ts.
import type { Urgency } from './chat/chat-request.ts';

/** In the answer of a Hearth to GET /api/version: its version. */
export const HEARTH_HEADER = 'X-Hearth';

/** For whom a request is, as the outer gateway calls its caller. */
export const CALLER_HEADER = 'X-Hearth-Caller';

/** Neither is a kept answer given nor one kept, and no run is shared. */
export const NEITHER = 'no-cache, no-store';

/** What a gateway writes into Via, so that its own requests are known when they come round; `id` is new with each start. */
export function viaOf(id: string): string {
  return `1.1 ${VIA_NAME}${id}`;
}

const VIA_NAME = 'hearth-';

/** Whether a request with this Via has come through a Hearth. */
export function isViaHearth(via: string | undefined): boolean {
  return via?.split(',').some((hop) => hop.trim().split(/\s+/)[1]?.startsWith(VIA_NAME)) === true;
}

/** For whom something is asked. */
export interface Asker extends Urgency {
  readonly caller: string;
  /** Of the request; left out where it is for several. */
  readonly id?: string;
  /** What the inner one may do with its kept answers; left out where it decides. */
  readonly cache?: 'no-cache' | 'no-store' | typeof NEITHER;
}
