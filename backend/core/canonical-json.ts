// One text for all JSON values that mean the same, to compare them by and to hash. Pure.
import { writeJson } from '../contract/go/exact-json.ts';

/**
 * JSON with sorted names and no white space. Their order is kept in the `properties` of a JSON schema, which Ollama
 * renders, and which the answer follows, in the order given.
 */
export function canonicalJson(value: unknown): string {
  return writeJson(value, (item, under) => {
    const names = Object.keys(item);
    // Most bodies come from the same program with the same order; V8's sort is slow to find that out.
    return under === 'properties' || isSorted(names) ? names : names.toSorted();
  });
}

function isSorted(names: readonly string[]): boolean {
  for (let i = 1; i < names.length; i++) if ((names[i - 1] ?? '') > (names[i] ?? '')) return false;
  return true;
}
