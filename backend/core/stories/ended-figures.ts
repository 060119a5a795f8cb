// Counts an ended request in the figures over time: how it ended, and how much of its prompt was reused.
import type { Truncated } from '../../contract/chat/chat.ts';
import type { Parted } from '../../contract/views/request-detail.ts';
import type { Ended } from '../requests/at-once.ts';
import type { Trace } from '../requests/trace.ts';
import type { History, PromptRead, Reuse } from '../telemetry/history.ts';

/** Ollama always reads the last tokens of a prompt again, so a loss below this many tokens counts as none. */
export const READ_ANYWAY = 32;

/** Counts an ended request. Cheap for a kept answer. */
export function countEnded(history: Pick<History, 'unanswered' | 'reused'>, request: Ended): void {
  const { status } = request;
  if (status === 'failed' || status === 'cancelled') history.unanswered(request, status);
  const reuse = reuseOf(request);
  if (reuse !== undefined) history.reused(request, reuse);
}

/** How much of a run's prompt was read. Undefined when unknown, and for a request that shared another one's run. */
export function readOf({ metrics, reused, reusable, run }: Trace): PromptRead | undefined {
  if (metrics === undefined || reused === undefined || reusable === undefined || run !== undefined) return undefined;
  const count = metrics.prompt_eval_count;
  const spared = Math.min(count, reused.tokens);
  return { processed: count - spared, reused: spared, reusable: Math.min(count, Math.max(spared, reusable)) };
}

/**
 * How much of a request's prompt was reused, and what was lost why. Undefined when it is unknown what was or could have
 * been reused, and for a request that shared another one's run, since that run read one prompt for all of them.
 */
export function reuseOf({ trace, id, model, bornAt }: Ended): Reuse | undefined {
  if (trace?.parted === undefined || trace.run !== undefined || isCut(trace)) return undefined;
  const isLoaded = (trace.load?.ms ?? 0) > 0;
  const split = splitOf({
    ...trace.parted,
    reused_tokens: trace.reused?.tokens ?? null,
    ...(isLoaded ? { held_tokens: 0 } : {}),
  });
  if (split === undefined) return undefined;
  const { where, what } = trace.parted;
  const { reused, changed, forgotten } = split;
  const reusable = reused + changed + forgotten;
  if (reusable === 0) return undefined;
  const most = { request_id: id, at: bornAt };
  const because = isLoaded ? ({ cause: 'loaded', where: model } as const) : ({ cause: 'displaced', where: '' } as const); // prettier-ignore
  return {
    reusable,
    reused,
    lost: [
      ...(changed === 0 ? [] : [{ cause: 'changed' as const, where: placeOf(where, what), tokens: changed, ...most }]),
      ...(forgotten === 0 ? [] : [{ ...because, tokens: forgotten, ...most }]),
    ],
  };
}

/**
 * Splits the tokens that a prompt has in common with the one before it: those that Ollama reused, those that it read
 * again because they stood behind a change, and those that it no longer had. Undefined when it is unknown what was
 * reused.
 */
export function splitOf(
  parted: Pick<Parted, 'same_chars' | 'same_tokens' | 'same_after_tokens' | 'reused_tokens' | 'held_tokens'>,
): { readonly reused: number; readonly changed: number; readonly forgotten: number } | undefined {
  const { same_chars, same_tokens, same_after_tokens = 0, reused_tokens, held_tokens } = parted;
  if (reused_tokens === null) return undefined;
  // Two prompts that differ in their first character are two questions, whatever they have in common after it.
  const after = same_chars === 0 ? 0 : same_after_tokens;
  const reused = Math.min(reused_tokens, same_tokens + after);
  // Where more was reused than was known to be there, the rest may have been as well.
  const isKnown = held_tokens !== undefined && reused <= held_tokens;
  const behind = isKnown ? Math.max(0, held_tokens - same_tokens) : after;
  const changed = Math.min(after, behind, same_tokens + after - reused);
  const rest = same_tokens + after - reused - changed;
  return { reused, changed, forgotten: rest < READ_ANYWAY ? 0 : rest };
}

/** Whether a prompt was longer than its context. Ollama left a part of it out, so it is unknown what of it was lost. */
export function isCut({ context }: { readonly context?: Truncated | undefined }): boolean {
  return context !== undefined && context.tokens > context.size;
}

/** Where a prompt changed, as the figures name it. All earlier messages count as one place, since there are many. */
export function placeOf(where: string, what: string | undefined): string {
  const place = where.replace(/^message \d+$/, 'an earlier message');
  return what === undefined ? place : `${place} (${what})`;
}
