// What a request asks, before anything is done for it: which model it means, what it may have of the cache, and the key
// under which equal questions meet. It runs nothing and keeps nothing.
import type { Config } from '../contract/config.ts';
import type { ChatCall } from './call.ts';
import type { Determinism } from './determinism.ts';
import { fingerprint } from './fingerprint.ts';
import { isCloudName, noSuchModel } from './models.ts';
import { planCache, type CachePlan } from './policy.ts';
import type { InstalledModel, UpstreamRequest, UpstreamState, Watch } from './ports.ts';

/**
 * The installed model that a name means. Undefined when nothing is known: cloud names need not be in the list, and when
 * Ollama is down the call itself will say so. Throws model_not_found, or invalid_request when it can be no name.
 */
export async function resolveModel(
  watch: Watch,
  name: string,
  signal: AbortSignal,
): Promise<InstalledModel | undefined> {
  const model = await watch.resolve(name, signal);
  if (model !== undefined || isCloudName(name) || watch.state.status !== 'up') return model;
  throw noSuchModel(name, watch.state.installed, 'write');
}

/** Whether an answer is kept although nobody asks for it, on a route whose clients know nothing of a cache. */
export async function keepsByDefault(
  determinism: Determinism,
  { cacheByDefault }: ChatCall,
  request: UpstreamRequest,
  model: InstalledModel | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  if (cacheByDefault !== 'deterministic' || model === undefined) return cacheByDefault === 'always';
  return await determinism.of(request, model, signal);
}

/** What this request may have of the cache. */
export function planFor(
  { cache, batch }: Config,
  { wishes }: ChatCall,
  model: InstalledModel | undefined,
  byDefault: boolean,
): CachePlan {
  return planCache({
    wishes,
    enabled: cache.enabled,
    deduplicate: batch.enable_deduplication,
    byDefault: byDefault && model?.remote !== true,
    digestKnown: model !== undefined,
    ttlSeconds: cache.ttl_seconds,
  });
}

/** The key of this request, asked of this model of this Ollama. */
export function keyOf(
  { url, version = '' }: UpstreamState,
  { family, namespace }: ChatCall,
  body: UpstreamRequest,
  { digest }: InstalledModel,
): string {
  return fingerprint({ url, version, family, digest, namespace, body });
}
