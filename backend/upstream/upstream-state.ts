// The initial state of an Ollama, what each failure says about it, and when two states are equal.
import type { ErrorCode } from '../contract/errors.ts';
import type { UpstreamState } from '../core/ports.ts';

/** Failures that prove that a server answers. */
export const ANSWERED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'upstream_failed',
  'upstream_untrusted',
  'upstream_unauthorized',
  'upstream_forbidden',
]);
/** Failures that tell nothing about the server. */
export const UNASKED: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['upstream_unreachable', 'overloaded']);

/** The state before the first probe of an address has ended. */
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

/** Equal for two states that look the same to users. */
export function identity(state: UpstreamState): string {
  return JSON.stringify({ ...state, latency_ms: undefined });
}
