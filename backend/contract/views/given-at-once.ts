// Whether a request was given a kept answer at once. Without the schema, so that the window's page may use it. Pure.
import type { RequestDetail } from './request-detail.ts';

/** Of such a request no more is told than what of its prompt was kept the same. */
export function isGivenAtOnce(source: string, { phases }: Pick<RequestDetail, 'phases'>): boolean {
  return source === 'hit' && phases.turn_ms === null;
}
