// Where a value holds pieces of exact JSON (exact-json.ts): JSON.parse would change them, so who keeps a value as JSON keeps
// these beside it.
import { ExactJson } from './exact-json.ts';

/** The names and places that lead to a piece, from outside in, and its text. */
export type ExactPart = readonly [path: readonly (string | number)[], text: string];

/** All exact pieces of a value. With a stack of its own: a value may be nested as deeply as Go reads. */
export function exactParts(value: unknown): ExactPart[] {
  const found: ExactPart[] = [];
  const open: (readonly [path: readonly (string | number)[], value: unknown])[] = [[[], value]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [path, item] = next;
    if (item instanceof ExactJson) found.push([path, item.text]);
    else if (Array.isArray(item)) for (const [at, each] of item.entries()) look(open, path, at, each);
    else if (typeof item === 'object' && item !== null) {
      for (const [name, each] of Object.entries(item)) look(open, path, name, each);
    }
  }
  return found;
}

function look(
  open: (readonly [path: readonly (string | number)[], value: unknown])[],
  path: readonly (string | number)[],
  at: string | number,
  value: unknown,
): void {
  if (typeof value === 'object' && value !== null) open.push([[...path, at], value]);
}

/** Puts the pieces back into what JSON.parse made of the rest. What leads nowhere is left out. */
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
