// Canonical JSON: equal values have equal text, so they can be compared and hashed. Pure.
import { writeJson } from '../contract/go/exact-json.ts';

/**
 * JSON with sorted names and no white space. The order is kept inside `properties` of a JSON schema, because Ollama
 * renders them in the given order and the answer depends on it.
 */
export function canonicalJson(value: unknown): string {
  return writeJson(value, (item, under) => {
    const names = Object.keys(item);
    // Most bodies are sorted already, and checking that is faster than V8's sort.
    return under === 'properties' || isSorted(names) ? names : names.toSorted();
  });
}

function isSorted(names: readonly string[]): boolean {
  for (let i = 1; i < names.length; i++) if ((names[i - 1] ?? '') > (names[i] ?? '')) return false;
  return true;
}
