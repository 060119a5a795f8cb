// The kept vectors of a request's texts. There may be thousands of texts, and each needs a disk lookup, so they are
// looked up in slices. The other gateways are asked once for all of the rest.
import type { ResponseCache } from '../../cache/cache.ts';
import type { Hit } from '../../cache/hit.ts';
import type { CachePlan } from '../../cache/policy.ts';
import { decodeVector, type Vector } from '../../cache/vector-record.ts';
import type { Clock } from '../../ports.ts';
import { inSlices } from '../slices.ts';

/** A kept vector with its cache entry. */
export interface KeptVector {
  readonly hit: Hit;
  readonly vector: Vector;
}

export interface VectorsWanted {
  readonly texts: readonly string[];
  /** By the index of the text. */
  readonly keys: readonly (string | undefined)[];
  readonly plan: Pick<CachePlan, 'read' | 'maxAge'>;
}

/** The kept vectors by text. Throws the signal's reason. */
export async function keptVectors(
  {
    cache,
    clock,
  }: {
    readonly cache: Pick<ResponseCache, 'get' | 'isShared' | 'fetch'>;
    readonly clock: Pick<Clock, 'elapsed' | 'sleep'>;
  },
  { texts, keys, plan }: VectorsWanted,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, KeptVector>> {
  const kept = new Map<string, KeptVector>();
  if (!plan.read) return kept;
  for await (const [i, text] of inSlices(texts.entries(), clock, signal)) {
    const key = keys[i];
    const hit = key === undefined || kept.has(text) ? undefined : cache.get(key, plan.maxAge);
    if (hit !== undefined) kept.set(text, { hit, vector: decodeVector(hit.bytes) });
  }
  if (cache.isShared) await addOthers(cache, { texts, keys, plan }, kept);
  return kept;
}

/** Adds what the other gateways of the fleet have of the rest. */
async function addOthers(
  cache: Pick<ResponseCache, 'fetch'>,
  { texts, keys, plan }: VectorsWanted,
  kept: Map<string, KeptVector>,
): Promise<void> {
  const wanted = new Map<string, string>();
  for (const [i, text] of texts.entries()) {
    const key = keys[i];
    if (key !== undefined && !kept.has(text)) wanted.set(key, text);
  }
  for (const [key, hit] of await cache.fetch([...wanted.keys()], plan.maxAge)) {
    kept.set(wanted.get(key) ?? '', { hit, vector: decodeVector(hit.bytes) });
  }
}
