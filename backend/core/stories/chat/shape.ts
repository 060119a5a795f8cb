// Changes the keep_alive and num_ctx of a request before it goes upstream, by configuration. Pure.
import { keepAliveSeconds } from '../../../contract/duration.ts';
import { canonicalName } from '../../../contract/model-name.ts';
import type { KeepAliveRule } from '../../../contract/rules/queue-rule.ts';
import type { Config } from '../../../contract/config/config.ts';
import { AUTO } from '../../models/contexts.ts';
import type { UpstreamRequest } from '../../ports.ts';

/**
 * The request with the options that it will run with. The cache key and the runner are derived from the result, so the
 * same request and configuration always give the same result. A num_ctx that Hearth chooses is "auto" here; settle.ts
 * replaces it with a number.
 */
export function shapeRequest(request: UpstreamRequest, ollama: Config['ollama']): UpstreamRequest {
  const asked = request.options?.['num_ctx'];
  const numCtx = numCtxFor(asked, ollama, ownContext(request.model, ollama.models));
  return numCtx === asked ? request : { ...request, options: { ...request.options, num_ctx: numCtx } };
}

/**
 * How long the caller wants its model to stay loaded, in seconds; undefined when it did not say. A number, since Ollama
 * refuses "300" as text (api/types.go, Duration), and a number always means seconds.
 */
export function keepAliveOf({ keep_alive: asked }: UpstreamRequest): number | undefined {
  return asked === undefined ? undefined : keepAliveSeconds(asked);
}

/** The request without its keep_alive if a rule makes ours count in any case. */
export function keepAliveRuled(request: UpstreamRequest, rule: KeepAliveRule = 'default'): UpstreamRequest {
  return rule === 'force' && request.keep_alive !== undefined ? withKeepAlive(request, undefined) : request;
}

/** The request with this keep_alive, or without one. Not part of the cache key. */
export function withKeepAlive<R extends UpstreamRequest>(request: R, seconds: number | undefined): R {
  const { keep_alive: _asked, ...rest } = request;
  return { ...rest, ...(seconds === undefined ? {} : { keep_alive: seconds }) } as R;
}

/**
 * Applies ollama.num_ctx_policy, for clients that make Ollama reload a model by asking for different context sizes.
 * `off` leaves the caller's value, `fill` sets a missing one, `max` takes the larger, `force` always sets ours. A
 * setting for one model (ollama.models) replaces ollama.num_ctx and fills even under `off`, since it was meant for this
 * model.
 */
function numCtxFor(
  asked: unknown,
  { num_ctx_policy, num_ctx }: Config['ollama'],
  own: number | 'auto' | undefined,
): unknown {
  if (own === AUTO) return AUTO;
  const ours = own ?? num_ctx;
  const policy = own !== undefined && num_ctx_policy === 'off' ? 'fill' : num_ctx_policy;
  if (ours === 0 || policy === 'off') return asked;
  switch (policy) {
    case 'fill':
      return asked ?? ours;
    case 'max':
      return typeof asked === 'number' ? Math.max(asked, ours) : (asked ?? ours);
    case 'force':
      return ours;
  }
}

/** The smallest context, in tokens, where Hearth chooses: what the caller asked for, unless `force` ignores that. */
export function leastContext({ options }: UpstreamRequest, { num_ctx_policy }: Config['ollama']): number {
  const asked = options?.['num_ctx'];
  return typeof asked === 'number' && num_ctx_policy !== 'force' ? asked : 0;
}

type OfModels = Config['ollama']['models'];

/** By canonical name; made once for each configuration. */
const byName = new WeakMap<OfModels, ReadonlyMap<string, OfModels[string]>>();

function ownContext(model: string, models: OfModels): number | 'auto' | undefined {
  let known = byName.get(models);
  if (known === undefined) {
    byName.set(models, (known = new Map(Object.entries(models).map(([name, own]) => [canonicalName(name), own]))));
  }
  return known.size === 0 ? undefined : known.get(canonicalName(model))?.num_ctx;
}
