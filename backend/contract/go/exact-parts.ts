// Finds exact JSON (exact-json.ts) inside a value: JSON.parse would change it, so code that stores a value as JSON
// stores these parts beside it.
import { ExactJson } from './exact-json.ts';

/** The path to a part, from outside in, and its text. */
export type ExactPart = readonly [path: readonly (string | number)[], text: string];

/** A value with its parent: storing a path for each would cost the square of the depth. */
interface Held {
  readonly value: unknown;
  readonly holder: Held | undefined;
  readonly at: string | number;
}

/** All exact parts of a value. Without recursion: a value may be nested as deeply as Go reads. */
export function exactParts(value: unknown): ExactPart[] {
  const found: ExactPart[] = [];
  const open: Held[] = [{ value, holder: undefined, at: '' }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value: item } = next;
    if (item instanceof ExactJson) found.push([pathOf(next), item.text]);
    else if (typeof item === 'object' && item !== null) {
      const held: Iterable<[string | number, unknown]> = Array.isArray(item) ? item.entries() : Object.entries(item);
      for (const [at, each] of held) {
        if (typeof each === 'object' && each !== null) open.push({ value: each, holder: next, at });
      }
    }
  }
  return found;
}

function pathOf(held: Held): ExactPart[0] {
  const path: (string | number)[] = [];
  for (let { at, holder } = held; holder !== undefined; { at, holder } = holder) path.push(at);
  return path.toReversed();
}

/** Puts the parts back into a value from JSON.parse. Parts with an unknown path are dropped. */
export function putExactParts(value: unknown, parts: readonly ExactPart[]): void {
  for (const [path, text] of parts) {
    let holder: unknown = value;
    for (const name of path.slice(0, -1)) holder = own(holder, name);
    const last = path.at(-1);
    if (last === undefined || own(holder, last) === undefined) continue;
    // Not by assignment: a name may be __proto__.
    Object.defineProperty(holder, last, {
      value: new ExactJson(text),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
}

function own(holder: unknown, name: string | number): unknown {
  const isHeld = typeof holder === 'object' && holder !== null && Object.hasOwn(holder, name);
  return isHeld ? Reflect.get(holder, name) : undefined;
}
