// What Hearth changes in a request before it goes upstream: keep_alive and num_ctx, by configuration. Pure.
import { keepAliveSeconds } from '../../contract/duration.ts';
import type { Config } from '../../contract/config/config.ts';
import type { UpstreamRequest } from '../ports.ts';

/**
 * The request with the options that it will run with. The cache key and the runner are read off the result, so it is
 * always the same for the same request and configuration.
 */
export function shapeRequest(request: UpstreamRequest, ollama: Config['ollama']): UpstreamRequest {
  const asked = request.options?.['num_ctx'];
  const numCtx = numCtxFor(asked, ollama);
  return numCtx === asked ? request : { ...request, options: { ...request.options, num_ctx: numCtx } };
}

/**
 * How long its model is to stay loaded, by the caller's own wish, in seconds; undefined when it says nothing.
 * A number, since Ollama refuses a bare "300" in text (api/types.go Duration), and a number always means seconds.
 */
export function keepAliveOf({ keep_alive: asked }: UpstreamRequest): number | undefined {
  return asked === undefined ? undefined : keepAliveSeconds(asked);
}

/** The request with what is said to Ollama about that. No part of the cache key. */
export function withKeepAlive<R extends UpstreamRequest>(request: R, seconds: number | undefined): R {
  const { keep_alive: _asked, ...rest } = request;
  return { ...rest, ...(seconds === undefined ? {} : { keep_alive: seconds }) } as R;
}

/**
 * ollama.num_ctx_policy, against clients that make Ollama reload the model by asking for different context sizes:
 * off leaves the caller's value, fill sets a missing one, max takes the larger, force sets it always.
 */
function numCtxFor(asked: unknown, { num_ctx_policy, num_ctx }: Config['ollama']): unknown {
  if (num_ctx === 0 || num_ctx_policy === 'off') return asked;
  switch (num_ctx_policy) {
    case 'fill':
      return asked ?? num_ctx;
    case 'max':
      return typeof asked === 'number' ? Math.max(asked, num_ctx) : (asked ?? num_ctx);
    case 'force':
      return num_ctx;
  }
}
