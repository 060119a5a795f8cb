// Why a request had no kept answer: the catalogue of all causes, and the choice of one sentence. Pure.
import type { Why } from '../../contract/views/request-detail.ts';
import { whyOf, type Cause } from './cause.ts';
import { BYPASS_CAUSES, FATE_CAUSES } from './missed-causes.ts';
import type { MissedFacts } from './missed-facts.ts';
import { LAST_CAUSES, NEAREST_CAUSES } from './nearest-causes.ts';

/** All causes, as docs/why.md lists them. */
export const MISSED_CAUSES: readonly Cause<MissedFacts>[] = [
  ...BYPASS_CAUSES,
  ...FATE_CAUSES,
  ...NEAREST_CAUSES,
  ...LAST_CAUSES,
];

/** The first cause that applies; undefined when none does. */
export function whyMissed(facts: MissedFacts): Why | undefined {
  return whyOf(MISSED_CAUSES, facts);
}
