// Tests the connection to an Ollama, for a settings form or a first run. The gateway's own watch is not involved.
import { systemClock } from './clock.ts';
import type { Config } from './contract/config/config.ts';
import { AppError, asAppError } from './contract/errors.ts';
import { withoutUserinfo } from './contract/secret.ts';
import type { InstalledModel, Log } from './core/ports.ts';
import { withoutAdvice } from './upstream/failure.ts';
import { versionOf } from './upstream/greeting.ts';
import { createUpstream } from './upstream/ollama.ts';

/** What an Ollama reports about itself. */
export interface AskedOllama {
  readonly url: string;
  /** null: it reports none. */
  readonly version: string | null;
  readonly latency_ms: number;
  /** null: the list cannot be fetched. */
  readonly models: string[] | null;
}

/**
 * Asks an Ollama for its version and models. Throws upstream_unreachable, upstream_unauthorized, upstream_forbidden or
 * upstream_failed with the reason, also when no answer comes within `limitMs`.
 */
export async function askOllama(config: Config, log: Log, limitMs: number): Promise<AskedOllama> {
  const url = withoutUserinfo(config.ollama.api_url);
  const upstream = createUpstream({ config: () => config, log, clock: systemClock });
  const signal = AbortSignal.timeout(limitMs);
  try {
    const startedAt = performance.now();
    let list: Promise<readonly InstalledModel[]> | undefined;
    const version = await versionOf(
      () => upstream.version(signal),
      () => (list = upstream.tags(signal)),
    );
    const latency = performance.now() - startedAt;
    const models = await (list ?? upstream.tags(signal)).catch(() => undefined);
    signal.throwIfAborted();
    return {
      url,
      version: version ?? null,
      latency_ms: Math.round(latency * 10) / 10,
      models: models?.map(({ name }) => name) ?? null,
    };
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
