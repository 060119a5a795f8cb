// What a request asks, before anything is done for it: which model it means, what it may have of the cache, and the key
// under which equal questions meet. It runs nothing and keeps nothing.
import type { Config } from '../../contract/config/config.ts';
import type { ChatCall } from '../requests/call.ts';
import type { Determinism } from '../models/determinism.ts';
import type { Modelfiles } from '../models/modelfiles.ts';
import { fingerprint } from '../cache/fingerprint.ts';
import { isCloudName, noSuchModel } from '../models/names.ts';
import type { Hit, ResponseCache } from '../cache/cache.ts';
import { askedAnew, planCache, type CachePlan } from '../cache/policy.ts';
import type { InstalledModel, UpstreamRequest, UpstreamState, Watch } from '../ports.ts';

/**
 * The installed model that a name means. Undefined when that is not known: cloud names need not be in the list, and where
 * there is no list of now, as while it cannot be had, the call itself tells. Throws model_not_found, or invalid_request
 * when it can be no name; `to`: what it is wanted for.
 */
export async function resolveModel(
  watch: Watch,
  name: string,
  signal: AbortSignal,
  to: Parameters<typeof noSuchModel>[2],
): Promise<InstalledModel | undefined> {
  const model = await watch.resolve(name, signal);
  const { currentList: list } = watch;
  if (model !== undefined || list === undefined || isCloudName(name)) return model;
  throw noSuchModel(name, list, to);
}

/** Lets a new request go up. Rejects with breaker_open, with upstream_unreachable while Ollama is away, or the signal's reason. */
export async function letIn(watch: Pick<Watch, 'admit' | 'find'>, signal: AbortSignal): Promise<void> {
  watch.admit();
  await watch.find(signal);
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

/** Options that say nothing when they have what Ollama takes by default, unless they go over the Modelfile's. */
const IDLE: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ['stop', (value) => Array.isArray(value) && value.length === 0],
  ['presence_penalty', (value) => value === 0],
  ['frequency_penalty', (value) => value === 0],
]);

/** Whether a request has such options: only then is its Modelfile asked what it says of them. */
export function hasIdle({ options = {} }: UpstreamRequest): boolean {
  return [...IDLE].some(([name, idle]) => idle(options[name]));
}

/** The request without the options that say nothing over this Modelfile; of one that is not known, that may be none. */
export async function withoutIdle(
  modelfiles: Pick<Modelfiles, 'of'>,
  request: UpstreamRequest,
  model: InstalledModel,
  signal: AbortSignal,
): Promise<UpstreamRequest> {
  const parameters = (await modelfiles.of(model, signal))?.parameters;
  if (parameters === undefined) return request;
  const idle = (name: string, value: unknown): boolean => IDLE.get(name)?.(value) === true && !parameters.has(name);
  const said = Object.entries(request.options ?? {}).filter(([name, value]) => !idle(name, value));
  return { ...request, options: Object.fromEntries(said) };
}

/**
 * The kept answer that a request gets, and the plan by which it goes on without one. With a mark that the answer does not
 * know (cache.fresh_when) it is asked anew, unless it must not be asked at all or nothing of it would be kept.
 */
export function keptFor(
  cache: Pick<ResponseCache, 'get'>,
  plan: CachePlan,
  key: string | undefined,
  mark: string | undefined,
): { readonly plan: CachePlan; readonly hit: Hit | undefined } {
  const hit = plan.read && key !== undefined ? cache.get(key, plan.maxAge) : undefined;
  const known = hit === undefined || mark === undefined || hit.marks.includes(mark);
  return known || !plan.store || plan.onlyIfCached ? { plan, hit } : { plan: askedAnew(plan), hit: undefined };
}

/** The key of this request, asked of this model of this Ollama. */
export function cacheKeyOf(
  { url, version = '' }: UpstreamState,
  { family, namespace }: ChatCall,
  body: UpstreamRequest,
  { digest }: InstalledModel,
): string {
  return fingerprint({ url, version, family, digest, namespace, body });
}
