// Logs when Ollama comes and goes: each change once. The watch detects the changes.
import type { Log, UpstreamState } from '../core/ports.ts';

/** Logs the differences between two states. */
export function logChange(log: Log, before: UpstreamState, after: UpstreamState): void {
  const { url, status, version, reason, breaker } = after;
  if (url !== before.url) log.info({ url }, 'Ollama has another address');
  if (status === 'up' && (before.status !== 'up' || version !== before.version)) {
    log.info({ url, version, latency_ms: after.latency_ms }, 'Ollama is up');
  }
  if (status === 'down' && (before.status !== 'down' || reason !== before.reason)) {
    log.warn({ url, reason }, 'Ollama is down. To install it: https://ollama.com/download');
  }
  if (breaker === 'open' && before.breaker !== 'open') log.warn({ url }, 'The breaker opened');
  if (breaker === 'closed' && before.breaker !== 'closed') log.info({ url }, 'The breaker closed');
}
