// The state of an Ollama that nothing is known of yet, and when two states are the same.
import type { UpstreamState } from '../core/ports.ts';

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
