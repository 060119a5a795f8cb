// Finds out what a request asks, before anything is done for it: its model, what it may use of the cache, and the key
// of equal questions. It runs nothing and keeps nothing.
import type { PinnedSpans } from '../../../contract/rules/pin-rule.ts';
import { rulesFor, type PinSettings } from '../../../contract/rules/pin-rules-by-app.ts';
import type { KeepAliveRule } from '../../../contract/rules/queue-rule.ts';
import type { ResponseCache } from '../../cache/cache.ts';
import type { Hit } from '../../cache/hit.ts';
import { fingerprint } from '../../cache/fingerprint.ts';
import { hasIdle, withoutIdle } from '../../cache/idle-options.ts';
import { askedAnew, type CachePlan, type CacheWish, planCache } from '../../cache/policy.ts';
import type { Determinism } from '../../models/determinism.ts';
import type { Modelfiles } from '../../models/modelfiles.ts';
import { isCloudName, noSuchModel } from '../../models/names.ts';
import type {
  Family,
  InstalledModel,
  Modelfile,
  ReadConfig,
  UpstreamRequest,
  UpstreamState,
  Watch,
} from '../../ports.ts';
import type { CacheDefault } from '../../requests/call.ts';
import { keptStable } from '../../pins/pins.ts';
import type { EmbedFamily } from '../embeds/embed-group.ts';
import { keepAliveRuled, leastContext, shapeRequest } from './shape.ts';

/** A model name and what the model is wanted for. */
export interface WantedModel {
  readonly name: string;
  readonly to: Parameters<typeof noSuchModel>[2];
}

/**
 * The installed model with this name. Undefined when it is unknown: cloud names need not be in the list, and without a
 * current list the call itself will tell. Throws model_not_found, or invalid_request when this can't be a name.
 */
export async function resolveModel(
  watch: Watch,
  { name, to }: WantedModel,
  signal: AbortSignal,
): Promise<InstalledModel | undefined> {
  const model = await watch.resolve(name, signal);
  const { currentList: list } = watch;
  if (model !== undefined || list === undefined || isCloudName(name)) return model;
  throw noSuchModel(name, list, to);
}

/**
 * Lets a new request go up. Rejects with breaker_open, upstream_unreachable while Ollama is away, or the signal's
 * reason.
 */
export async function letIn(watch: Pick<Watch, 'admit' | 'find'>, signal: AbortSignal): Promise<void> {
  watch.admit();
  await watch.find(signal);
}

/** A request in the form the core takes, from any route. */
export interface Question {
  readonly model: string;
  /** Who asks. */
  readonly caller: string;
  readonly family: Family | EmbedFamily;
  readonly request: UpstreamRequest;
  /** See ChatCall. */
  readonly thinksIfAble?: boolean;
  readonly namespace: string;
  readonly wishes: readonly CacheWish[];
  readonly cacheByDefault: CacheDefault;
  /** Whose keep_alive applies. */
  readonly keepAlive?: KeepAliveRule | undefined;
}

/** What a request asks, resolved. */
export interface Understood {
  /** Undefined when the name is not known; then nothing is kept. */
  readonly model: InstalledModel | undefined;
  /**
   * The request as it goes up, with its prompt kept stable by rule, and keep_alive and num_ctx set by configuration. A
   * num_ctx of "auto" is not settled yet.
   */
  readonly request: UpstreamRequest;
  /** The spans of its prompt that were kept stable. */
  readonly pinned: readonly PinnedSpans[] | undefined;
  /** The smallest context that it may be settled with, in tokens. */
  readonly least: number;
  /** What it may use of the cache. */
  readonly plan: CachePlan;
  /** The key of its answer on Ollama in this state; for an embed, the key of the vector of one `input`. */
  keyAt(ollama: UpstreamState, input?: string): string | undefined;
}

/** What `understand` needs. */
export interface QuestionParts {
  readonly config: ReadConfig;
  readonly watch: Watch;
  readonly determinism: Determinism;
  readonly modelfiles: Pick<Modelfiles, 'of'>;
  /**
   * Set when there are several machines. A kept answer of one is then valid for another with the same model and
   * version.
   */
  readonly place?: object | undefined;
}

/**
 * Finds out what a request asks. Waits only when Ollama has to be asked, which most requests do not need. Throws what
 * resolveModel throws, and the signal's reason.
 */
export async function understand(
  { config, watch, determinism, modelfiles, place }: QuestionParts,
  question: Question,
  signal: AbortSignal,
): Promise<Understood> {
  const to = isEmbed(question.family) ? 'embed' : 'write';
  const model = watch.peek(question.model) ?? (await resolveModel(watch, { name: question.model, to }, signal));
  const { cache, batch, ollama, prompts } = config();
  const { request: kept, pinned } = keptFrom(prompts, question);
  const able = withinAbility({ ...question, request: kept }, model);
  const request = shapeRequest(keepAliveRuled(able, question.keepAlive), ollama);
  const always = keepsAlways(question);
  const byDefault = always ?? (model !== undefined && (await determinism.of(request, model, signal)));
  const plan = planCache({
    wishes: question.wishes,
    enabled: cache.enabled,
    deduplicate: batch.enable_deduplication,
    byDefault: byDefault && model?.remote !== true,
    digestKnown: model !== undefined,
    ttlSeconds: cache.ttl_seconds,
  });
  const said = model !== undefined && hasIdle(request) ? saidOf(request, await modelfiles.of(model, signal)) : request;
  const keyAt: Understood['keyAt'] = ({ url: address, version = '' }, input) => {
    if (model === undefined) return undefined;
    const { family, namespace } = question;
    const body = input === undefined ? said : { ...said, input };
    // Leave the address out in a fleet and with several machines: the same model and version answer alike.
    const url = place === undefined && config().cluster.url === '' ? address : '';
    return fingerprint({ url, version, family, digest: model.digest, namespace, body });
  };
  return { model, request, pinned, least: leastContext(question.request, ollama), plan, keyAt };
}

/** The request with its changing parts kept stable, if a rule for its app says so. */
export function keptFrom(
  settings: PinSettings,
  { request, caller, family }: Question,
): { readonly request: UpstreamRequest; readonly pinned?: readonly PinnedSpans[] } {
  const rules = isEmbed(family) ? undefined : rulesFor(settings, caller);
  if (rules === undefined) return { request };
  const kept = keptStable(request, rules);
  return kept.pinned.length === 0 ? { request } : kept;
}

/** The request without `think` when its route ignores that and the model is known to lack it. */
function withinAbility({ request, thinksIfAble }: Question, model: InstalledModel | undefined): UpstreamRequest {
  const { think, ...rest } = request;
  const unable = model?.capabilities?.includes('thinking') === false;
  return thinksIfAble === true && unable && think !== false ? rest : request;
}

/**
 * Whether an answer is kept without being asked to. Undefined when that depends on whether the answer is deterministic.
 */
function keepsAlways({ family, cacheByDefault }: Question): boolean | undefined {
  // Embeddings are deterministic, so cache them by default.
  if (isEmbed(family)) return cacheByDefault !== 'off';
  return cacheByDefault === 'deterministic' ? undefined : cacheByDefault === 'always';
}

function isEmbed(family: Question['family']): family is EmbedFamily {
  return family === 'embed' || family === 'embeddings';
}

/** The request without options that change nothing with this Modelfile; unchanged when the Modelfile is unknown. */
function saidOf(request: UpstreamRequest, modelfile: Modelfile | undefined): UpstreamRequest {
  if (modelfile === undefined) return request;
  return { ...request, options: withoutIdle(request.options ?? {}, modelfile.parameters) };
}

/** What the kept answer to a request is found by. */
interface Findable {
  readonly plan: CachePlan;
  readonly key: string | undefined;
  /** See ChatCall. */
  readonly mark?: string | undefined;
}

/**
 * The kept answer for a request, and the plan to go on with if there is none. A mark that the answer does not know
 * (cache.fresh_when) makes the request ask anew, unless it asked for only-if-cached or could not be kept.
 */
export function keptFor(
  find: ResponseCache['get'],
  { plan, key, mark }: Findable,
): { readonly plan: CachePlan; readonly hit: Hit | undefined } {
  const hit = plan.read && key !== undefined ? find(key, plan.maxAge) : undefined;
  const known = hit === undefined || mark === undefined || hit.marks.includes(mark);
  return known || !plan.store || plan.onlyIfCached ? { plan, hit } : { plan: askedAnew(plan), hit: undefined };
}
