// Settles a request before it is queued: its context and so its runner. The cache key says "auto" where Hearth chooses,
// since a context that holds the prompt does not change the answer.
import type { Contexts } from '../../models/contexts.ts';
import { AUTO } from '../../models/contexts.ts';
import type { Modelfiles } from '../../models/modelfiles.ts';
import type { InstalledModel, RunnerSpec, UpstreamRequest } from '../../ports.ts';
import type { Truncated } from '../../../contract/chat/chat.ts';
import { promptChars } from '../../prompt-size.ts';
import type { Estimator } from '../../queue/estimate.ts';

export interface SettleParts {
  readonly modelfiles: Pick<Modelfiles, 'of' | 'known' | 'runner'>;
  readonly contexts: Contexts;
  readonly estimator: Estimator;
}

/** A request before it is settled. */
export interface Unsettled {
  /** The shaped request; its num_ctx may be "auto". */
  readonly request: UpstreamRequest;
  readonly model: InstalledModel | undefined;
  /** The smallest context that its caller asked for, in tokens; 0 for none. */
  readonly least: number;
  /** The length of its prompt in characters, if the request does not contain the prompt. */
  readonly chars?: number;
}

/** The request as it goes up, and its runner. */
export interface Settled {
  readonly request: UpstreamRequest;
  readonly spec: RunnerSpec;
}

/** The factor by which an estimate may be too low. */
const MARGIN = 1.1;
/** Tokens reserved for the answer, unless the request has a smaller limit. */
const ANSWER = 2048;

/**
 * The request with a number for its context. That depends on what is loaded now, so settle again when its turn comes.
 * Rejects only with the signal's reason.
 */
export async function settle(parts: SettleParts, asked: Unsettled, signal: AbortSignal): Promise<Settled> {
  const { modelfiles, contexts } = parts;
  const { request, model, least } = asked;
  if (!isAuto(request)) return { request, spec: await modelfiles.runner(request, model, signal) };
  const { num_ctx: _auto, ...options } = request.options ?? {};
  const plain: UpstreamRequest = { ...request, options };
  const modelfile = model === undefined ? undefined : await modelfiles.of(model, signal);
  const { weights } = await modelfiles.runner(plain, model, signal);
  const need = Math.max(least, needOf(parts, asked));
  const num_ctx = contexts.fitting(weights, need, modelfile?.contextLength);
  const settled = { ...request, options: { ...options, num_ctx } };
  return { request: settled, spec: await modelfiles.runner(settled, model, signal) };
}

function needOf({ estimator }: SettleParts, { request, model, chars = promptChars(request) }: Unsettled): number {
  const limit = request.options?.['num_predict'];
  const answer = typeof limit === 'number' && limit > 0 ? Math.min(limit, ANSWER) : ANSWER;
  return Math.ceil(estimator.promptTokens(model?.name ?? request.model, chars) * MARGIN) + answer;
}

/** Whether Hearth chooses the context of this request. */
export function isAuto({ options }: UpstreamRequest): boolean {
  return options?.['num_ctx'] === AUTO;
}

/** The context of a prompt of `chars` characters, and the tokens it takes of it, estimated. Undefined when unknown. */
export function contextOf(
  { contexts, estimator, modelfiles }: SettleParts,
  spec: RunnerSpec,
  chars: number,
): Truncated | undefined {
  const size = contexts.sizeOf(spec, modelfiles.known(spec.digest));
  return size === undefined ? undefined : { tokens: estimator.promptTokens(spec.model, chars), size };
}

/** The context if Ollama will truncate the prompt; undefined when the prompt should fit. */
export function truncationOf(context: Truncated | undefined): Truncated | undefined {
  return context === undefined || context.tokens <= context.size ? undefined : context;
}
