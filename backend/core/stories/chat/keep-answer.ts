// Step 5 of the story: keep a good answer. What a request may use of the cache was decided before it ran (policy.ts).
import type { Completion, Truncated } from '../../../contract/chat/chat.ts';
import type { ResponseCache } from '../../cache/cache.ts';
import type { Fence } from '../../fleet.ts';
import type { ChatCall, ToKeep } from '../../requests/call.ts';
import { isAuto, type Unsettled } from './settle.ts';

/** A run that has ended. */
export interface Landed {
  readonly call: Pick<ChatCall, 'owner' | 'mark'>;
  readonly unsettled: Pick<Unsettled, 'request'>;
  readonly outcome: ToKeep;
  /** The installed name of the model. */
  readonly model: string;
  readonly truncated: Truncated | undefined;
  /** Set when other gateways may take the run over. */
  readonly fence: Fence | undefined;
}

/** Keeps an answer that is complete and not empty, and notes that it is kept, or why not. */
export function keepAnswer(cache: Pick<ResponseCache, 'put' | 'notKept'>, completion: Completion, run: Landed): void {
  const { call, unsettled, outcome, model, truncated, fence } = run;
  const { plan, keepAs, landed } = outcome;
  const { done_reason, metrics } = completion.end;
  const key = keepAs();
  if (key === undefined) return;
  const usable = done_reason === 'stop' || done_reason === 'length';
  const empty = completion.content === '' && completion.tool_calls.length === 0;
  // With more memory, the next run might read the whole prompt under the same key.
  const lacks = truncated !== undefined && isAuto(unsettled.request);
  const { owner, mark } = call;
  if (!plan.store) return cache.notKept(key, { owner, model }, 'unwanted');
  if (!usable || empty || lacks) return cache.notKept(key, { owner, model }, 'unusable');
  const runMs = (metrics.prompt_eval_duration + metrics.eval_duration) / 1e6;
  landed.stored = cache.put(key, completion, { owner, model, ttl: plan.ttl, runMs, mark, truncated, fence });
}
