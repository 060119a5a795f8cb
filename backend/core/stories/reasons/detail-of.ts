// The details of one request beyond its row: where its time went, and what was measured. Built from its ticket and its
// trace: once when it has ended, and whenever somebody looks at a living request.
import type { Metrics } from '../../../contract/chat/chat.ts';
import type { Phases, RequestDetail } from '../../../contract/views/request-detail.ts';
import type { Pinned, PinnedSpans } from '../../../contract/rules/pin-rule.ts';
import { diffBeside, withoutSpans } from './pin-diff.ts';
import type { Ended } from '../../requests/at-once.ts';
import type { Trace } from '../../requests/trace.ts';

/**
 * Undefined for a kept answer that was given at once, since it neither waited nor ran; where something in its prompt
 * was kept the same, it says that.
 */
export function detailOf(request: Ended): RequestDetail | undefined {
  const { trace, source, cache, error, status } = request;
  const done = cache?.pinned;
  if (trace === undefined || (source === 'hit' && !((trace.turnMs ?? 0) >= 1))) {
    return source === 'hit' && done !== undefined
      ? { ...AT_ONCE, ...keyOf(cache), pinned: pinnedOf(done, {}) }
      : undefined;
  }
  const run = trace.run ?? trace;
  const { load, doneReason, sharedWith = 0 } = run;
  const context = contextOf(run);
  const { position, before = [], gaveWay = 0, whySlow, whyMissed, parted } = trace;
  const phases = phasesOf(request, trace);
  return {
    phases,
    ...(position === undefined
      ? {}
      : { place: { position, behind: [...new Set(before.map(({ caller }) => caller))], gave_way: gaveWay } }),
    ...(load === undefined ? {} : loadOf(load, phases)),
    ...(run.upstream === undefined ? {} : { upstream: run.upstream }),
    ...(run.movedFrom === undefined ? {} : { moved_from: run.movedFrom }),
    ...figuresOf(run),
    ...(context === undefined ? {} : { context }),
    ...(doneReason === undefined ? {} : { ended_with: doneReason }),
    ...keyOf(cache),
    ...(trace.run?.caller === undefined ? {} : { run_of: trace.run.caller }),
    shared_with: sharedWith,
    ...(error === undefined ? {} : { error: error.message }),
    ...(whySlow === undefined ? {} : { why_slow: whySlow }),
    // A failed request needs the reason of its failure, not why it missed the cache.
    ...(whyMissed === undefined || status === 'failed' ? {} : { why_missed: whyMissed }),
    ...(parted === undefined ? {} : { parted }),
    ...(done === undefined ? {} : { pinned: pinnedOf(done, trace) }),
  };
}

/** A kept answer, given at once. */
const AT_ONCE: RequestDetail = {
  phases: {
    turn_ms: null,
    place_ms: null,
    load_ms: null,
    prompt_ms: null,
    first_token_ms: null,
    generation_ms: null,
    delivery_ms: null,
  },
  tokens: { prompt: null, reused: null, reused_by: null, answer: null },
  rates: { prompt: null, answer: null },
  shared_with: 0,
};

function keyOf(cache: Ended['cache']): Pick<RequestDetail, 'cache_key'> {
  return cache?.key === undefined ? {} : { cache_key: cache.key.slice(0, 16) };
}

/** What was kept the same, as a diff where that is known: its own, or beside the one whose run it got. */
function pinnedOf(
  done: readonly PinnedSpans[],
  { pinned, pinSaved, run }: Pick<Trace, 'pinned' | 'pinSaved' | 'run'>,
): NonNullable<RequestDetail['pinned']> {
  const beside = (one: PinnedSpans): Pinned => {
    const diff = diffBeside(one, run?.pinned?.find(({ what, how }) => what === one.what && how === one.how)?.diff);
    return { ...withoutSpans(one), ...(diff === undefined ? {} : { diff }) };
  };
  return { done: [...(pinned ?? done.map(beside))], saved_tokens: pinSaved ?? null };
}

/**
 * The spans between the moments of a request's life. A load that Ollama did by itself, apart from Hearth's own, lies
 * between the start of the run and the first token, so it is subtracted from the time of the prompt.
 */
export function phasesOf(request: Ended, trace: Trace): Phases {
  const { createdAt, startedAt, ranAt, firstPieceAt, finishedAt, timing } = request;
  const run = trace.run ?? trace;
  const now = finishedAt ?? createdAt + timing.total_ms;
  const turnMs = trace.turnSince === undefined ? trace.turnMs : now - trace.turnSince;
  const turn = turnMs ?? 0;
  const read = firstPieceAt ?? now;
  const ours = startedAt === undefined ? 0 : (ranAt ?? now) - startedAt;
  const own = ranAt === undefined ? 0 : Math.min(ownLoadMs(run), Math.max(0, read - ranAt));
  // A request that joins a finished run gets all of the answer after its last token.
  const last = firstPieceAt === undefined ? undefined : Math.max(firstPieceAt, run.lastTokenAt ?? now);
  const wasRead = firstPieceAt !== undefined || finishedAt === undefined;
  return {
    turn_ms: turnMs === undefined ? null : span(turn),
    place_ms: trace.turnSince === undefined ? span((startedAt ?? now) - createdAt - turn) : null,
    load_ms: startedAt === undefined ? null : span(ours + own),
    prompt_ms: ranAt === undefined || !wasRead ? null : span(read - ranAt - own),
    first_token_ms: firstPieceAt === undefined ? null : span(firstPieceAt - createdAt),
    generation_ms: firstPieceAt === undefined || last === undefined ? null : span(last - firstPieceAt),
    delivery_ms:
      finishedAt === undefined || run.lastTokenAt === undefined || last === undefined
        ? null
        : span((trace.deliveredAt ?? finishedAt) - last),
  };
}

/** Ollama reports up to some ten milliseconds even for a loaded model, for checking that it is loaded. */
const LEAST_LOAD_MS = 100;

/**
 * Milliseconds that Ollama took to load by itself. Its figure includes the load that Hearth did before, which is
 * subtracted.
 */
function ownLoadMs({ metrics, load }: Trace): number {
  const ms = (metrics?.load_duration ?? 0) / 1e6 - (load?.ms ?? 0);
  return ms < LEAST_LOAD_MS ? 0 : ms;
}

function span(ms: number): number {
  return Math.max(0, Math.round(ms));
}

function loadOf({ why }: NonNullable<Trace['load']>, { load_ms }: Phases): Pick<RequestDetail, 'load'> {
  if (why !== undefined) return { load: `${why}.` };
  return load_ms === 0 ? { load: 'The model was loaded already.' } : {};
}

/**
 * Uses Ollama's counts if it reported them. They do not cover a truncated prompt, since Ollama counts after truncation.
 */
function contextOf({ context, metrics }: Trace): Trace['context'] {
  if (context === undefined || context.tokens > context.size) return context;
  const tokens = (metrics?.prompt_eval_count ?? 0) + (metrics?.eval_count ?? 0);
  return tokens > 0 ? { ...context, tokens } : context;
}

/** Ollama's counts. It reports 0 for what it does not know. */
export function figuresOf({ metrics, reused }: Trace): Pick<RequestDetail, 'tokens' | 'rates'> {
  const prompt = told(metrics?.prompt_eval_count);
  const answer = told(metrics?.eval_count);
  const read = prompt === null ? null : Math.max(0, prompt - (reused?.tokens ?? 0));
  return {
    tokens: { prompt, reused: reused?.tokens ?? null, reused_by: reused?.by ?? null, answer },
    rates: {
      prompt: rate(read, metrics?.prompt_eval_duration),
      answer: rate(answer, metrics?.eval_duration),
    },
  };
}

function told(count: Metrics['eval_count'] = 0): number | null {
  return count > 0 ? count : null;
}

/** Per second; `ns` is in nanoseconds. */
function rate(count: number | null, ns = 0): number | null {
  return count === null || ns <= 0 ? null : Math.round((count * 1e10) / ns) / 10;
}
