// Why a request was slow: the catalogue of all causes, and the choice of one sentence. Pure.
import { ANSWER_CAUSES, DELIVERY_CAUSES, PROMPT_CAUSES } from './answering-causes.ts';
import { whyOf, type Cause } from './cause.ts';
import { LOAD_CAUSES } from './loading-causes.ts';
import { longestPart, type Part, type SlowFacts } from './slow-facts.ts';
import { PLACE_CAUSES, TURN_CAUSES } from './waiting-causes.ts';
import { ofAll } from './why-words.ts';
import type { Why } from '../../contract/views/request-detail.ts';

/** A request is slow when it took more than this many times as long as usual for its model. */
const SLOW = 2;
/** Nobody minds a shorter time, however fast the others are. Milliseconds. */
const LEAST_MS = 1000;
/**
 * The limit when little is known of a model: by then people turn to something else (Nielsen, Usability Engineering,
 * 1993).
 */
const LONG_MS = 10_000;

/** `usualMs`: the median of its model; undefined when there are too few samples. */
export function isSlow(totalMs: number, usualMs: number | undefined): boolean {
  if (usualMs === undefined) return totalMs >= LONG_MS;
  return totalMs >= LEAST_MS && totalMs > SLOW * usualMs;
}

/** Causes that explain all parts alike. */
const WHOLE: readonly Cause<SlowFacts>[] = [
  {
    name: 'asleep',
    when: 'The machine slept for most of the time.',
    tell: ({ asleepMs, totalMs }) =>
      asleepMs > totalMs / 2 ? { text: `The machine slept for ${ofAll(asleepMs, totalMs)}.` } : undefined,
  },
];

const OF_PART: Readonly<Record<Part, readonly Cause<SlowFacts>[]>> = {
  turn: TURN_CAUSES,
  place: PLACE_CAUSES,
  load: LOAD_CAUSES,
  prompt: PROMPT_CAUSES,
  answer: ANSWER_CAUSES,
  delivery: DELIVERY_CAUSES,
};

/** All causes, each once, as docs/why.md lists them. */
export const SLOW_CAUSES: readonly Cause<SlowFacts>[] = [...new Set([WHOLE, ...Object.values(OF_PART)].flat())];

/** The first cause that applies to the longest part; undefined when no part was measured. */
export function whySlow(facts: SlowFacts): Why | undefined {
  const part = longestPart(facts);
  return whyOf(facts.parts[part] > 0 ? [...WHOLE, ...OF_PART[part]] : WHOLE, facts);
}
