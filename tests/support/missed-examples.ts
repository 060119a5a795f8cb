// For each cause of "why it missed", facts of a request that it explains: its sentence in docs/why.md is made from them.
import type { FateFacts, MissedFacts, NearestFacts } from '../../backend/core/explain/missed-facts.ts';

const MIN = 60_000;

/** A request of which nothing is known but that it ran, and what is changed of that. */
export function missedFacts(change: Partial<MissedFacts>): MissedFacts {
  return {
    way: 'run',
    model: 'llama3.2:3b',
    isCloud: false,
    bypass: undefined,
    isAgain: false,
    isAsked: false,
    maxAgeS: undefined,
    isNeverKept: false,
    sampling: undefined,
    freshWhen: [],
    largestMb: 1,
    isShared: true,
    fate: undefined,
    nearest: undefined,
    wasKept: false,
    texts: undefined,
    upMs: 12 * MIN,
    ...change,
  };
}

/** The same was asked before, and its answer was kept 90 min before. */
function fate(change: Partial<FateFacts>): FateFacts {
  const kept = { agoMs: 90 * MIN, forMs: 120 * MIN, expiredMs: undefined };
  return { loss: undefined, agoMs: 25 * MIN, kept, isLater: false, disk: 'unused', ...change };
}

/** A question that is nearly the same. */
export function nearest(change: Partial<NearestFacts>): NearestFacts {
  return {
    isLike: true,
    isSame: false,
    differences: '',
    isOtherContext: false,
    model: false,
    address: false,
    namespace: false,
    versions: undefined,
    ...change,
  };
}

const same = (change: Partial<NearestFacts>): MissedFacts =>
  missedFacts({ nearest: nearest({ isSame: true, ...change }), wasKept: true });
const lost = (loss: FateFacts['loss'], change: Partial<MissedFacts> = {}): MissedFacts =>
  missedFacts({
    fate: fate({ loss, ...(loss === 'room' || loss === 'cleared' ? {} : { kept: undefined }) }),
    ...change,
  });

/** By their names. */
export const MISSED_EXAMPLES: Readonly<Record<string, MissedFacts>> = {
  shared: missedFacts({ way: 'shared' }),
  'never-cached': missedFacts({ way: 'handed_on' }),
  'cache-off': missedFacts({ bypass: 'disabled' }),
  'cloud-model': missedFacts({ bypass: 'requested', isCloud: true, model: 'gpt-oss:120b-cloud' }),
  'model-unknown': missedFacts({ bypass: 'unknown_model' }),
  'run-again': missedFacts({ bypass: 'requested', isAgain: true, isAsked: true }),
  'asked-anew': missedFacts({ bypass: 'refresh', isAsked: true }),
  'asked-not-to': missedFacts({ bypass: 'requested', isAsked: true }),
  'never-kept': missedFacts({ bypass: 'requested', isNeverKept: true }),
  'not-repeatable': missedFacts({ bypass: 'requested', sampling: { temperature: 0.8, by: 'Ollama' } }),
  'fresh-mark': missedFacts({ bypass: 'refresh', freshWhen: ['X-Message-Id'] }),
  'not-shared': missedFacts({ fate: fate({ isLater: true }), isShared: false }),
  'same-time': missedFacts({ fate: fate({ isLater: true }) }),
  expired: missedFacts({ fate: fate({ kept: { agoMs: 85 * MIN, forMs: 60 * MIN, expiredMs: 25 * MIN } }) }),
  'too-old': missedFacts({ fate: fate({}), maxAgeS: 60 }),
  'no-room-on-disk': missedFacts({ fate: fate({ disk: 'full' }) }),
  'no-room': lost('room'),
  gone: missedFacts({ fate: fate({ disk: 'roomy' }) }),
  cleared: lost('cleared'),
  'too-large': lost('too_large'),
  'not-whole': lost('unusable'),
  'failed-before': lost('failed'),
  'left-before': lost('cancelled'),
  'kept-nothing-before': lost('unwanted'),
  'model-updated': same({ model: true }),
  'ollama-updated': same({ versions: ['0.33.0', '0.33.3'] }),
  'other-ollama': same({ address: true }),
  'other-namespace': same({ namespace: true }),
  'other-context': missedFacts({
    nearest: nearest({ isOtherContext: true, differences: 'num_ctx 9340 instead of 9102' }),
  }),
  differs: missedFacts({ nearest: nearest({ differences: 'message 3 differs from character 1,204 (a clock)' }) }),
  'all-new': missedFacts({ nearest: nearest({ isLike: false, differences: 'the prompt differs from character 3' }) }),
  texts: missedFacts({ texts: { all: 12, missing: 3 } }),
  'none-left': missedFacts({ wasKept: true }),
  first: missedFacts({}),
};
