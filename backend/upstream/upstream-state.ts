// The state of an Ollama that nothing is known of yet, what a failure says of one, and when two states are the same.
import type { ErrorCode } from '../contract/errors.ts';
import type { UpstreamState } from '../core/ports.ts';

/** Failures that show that somebody is there. */
export const ANSWERED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'upstream_failed',
  'upstream_untrusted',
  'upstream_unauthorized',
  'upstream_forbidden',
]);
/** Failures by which nobody has told us anything. */
export const UNASKED: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['upstream_unreachable', 'overloaded']);

/** Before the first look at an address has ended. */
export function unknownState(url: string): UpstreamState {
  return {
    url,
    status: 'unknown',
    version: undefined,
    latency_ms: undefined,
    reason: undefined,
    code: undefined,
    foreign: false,
    away: true,
    breaker: 'closed',
    installed: undefined,
    loaded: [],
  };
}

/** Equal for two states that would be shown the same. */
export function identity(state: UpstreamState): string {
  return JSON.stringify({ ...state, latency_ms: undefined });
}
