// The last word on a request before it stands in line: which context it runs with, and so on which runner. The key of its
// answer says "auto" where Hearth chooses, since a context that holds the prompt changes nothing of the answer.
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

/** What a request would have. */
export interface Unsettled {
  /** As it was shaped: its num_ctx may be "auto". */
  readonly request: UpstreamRequest;
  readonly model: InstalledModel | undefined;
  /** The tokens that its caller asked for, as a least; 0: none. */
  readonly least: number;
  /** The size of its prompt in characters, where the request does not have it in it. */
  readonly chars?: number;
}

/** As it goes up, and on which runner. */
export interface Settled {
  readonly request: UpstreamRequest;
  readonly spec: RunnerSpec;
}

/** An estimate may be short by this much. */
const MARGIN = 1.1;
/** Room for the answer, in tokens, where no smaller limit was asked for. */
const ANSWER = 2048;

/**
 * The request with a number for its context. With what is loaded by now: ask again when its turn has come. Rejects only with
 * the signal's reason.
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

/** Whether Hearth is to choose its context. */
export function isAuto({ options }: UpstreamRequest): boolean {
  return options?.['num_ctx'] === AUTO;
}

/** The context of a prompt of so many characters, and what it takes of it by an estimate; undefined where it is not known. */
export function contextOf(
  { contexts, estimator, modelfiles }: SettleParts,
  spec: RunnerSpec,
  chars: number,
): Truncated | undefined {
  const size = contexts.sizeOf(spec, modelfiles.known(spec.digest));
  return size === undefined ? undefined : { tokens: estimator.promptTokens(spec.model, chars), size };
}

/** Of such a prompt, what Ollama will leave out; undefined where it should fit. */
export function truncationOf(context: Truncated | undefined): Truncated | undefined {
  return context === undefined || context.tokens <= context.size ? undefined : context;
}
