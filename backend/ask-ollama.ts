// Asks an Ollama how it is, for a settings form or a first run; the gateway's own watch goes on beside it.
import { systemClock } from './clock.ts';
import type { Config } from './contract/config.ts';
import { AppError, asAppError } from './contract/errors.ts';
import { withoutUserinfo } from './contract/secret.ts';
import type { Log } from './core/ports.ts';
import { withoutAdvice } from './upstream/failure.ts';
import { createUpstream } from './upstream/ollama.ts';

/** What another Ollama says of itself. */
export interface AskedOllama {
  readonly url: string;
  readonly version: string;
  readonly latency_ms: number;
  readonly models: string[];
}

/**
 * Asks an Ollama how it is, without using it. Throws upstream_unreachable, upstream_unauthorized, upstream_forbidden or
 * upstream_failed with the reason, also when it says nothing within `limitMs`.
 */
export async function askOllama(config: Config, log: Log, limitMs: number): Promise<AskedOllama> {
  const url = withoutUserinfo(config.ollama.api_url);
  const upstream = createUpstream({ config: () => config, log, clock: systemClock });
  const signal = AbortSignal.timeout(limitMs);
  try {
    const startedAt = performance.now();
    const version = await upstream.version(signal);
    const latency = performance.now() - startedAt;
    const models = await upstream.tags(signal);
    return { url, version, latency_ms: Math.round(latency * 10) / 10, models: models.map(({ name }) => name) };
  } catch (error) {
    if (!signal.aborted) {
      const { code, message } = asAppError(error);
      throw new AppError(code, withoutAdvice(message), { cause: error });
    }
    throw new AppError('upstream_unreachable', `Nothing answered at ${url} within ${Math.round(limitMs / 1000)} s.`);
  } finally {
    await upstream.close();
  }
}
