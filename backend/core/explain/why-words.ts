// Figures and names as they appear in the sentences of the catalogues. Pure.

/**
 * "14.5 of 22 s", "300 of 700 ms", "12 of 14 min": a part of a time, in the unit of the whole. Arguments in
 * milliseconds.
 */
export function ofAll(partMs: number, allMs: number): string {
  const { unit, worth } = unitFor(allMs);
  return `${amount(partMs / worth)} of ${amount(allMs / worth)} ${unit}`;
}

/** "18.4 s", "40 ms", "15 min". */
export function time(ms: number): string {
  const { unit, worth } = unitFor(ms);
  return `${amount(ms / worth)} ${unit}`;
}

function unitFor(ms: number): { readonly unit: string; readonly worth: number } {
  if (ms < 1000) return { unit: 'ms', worth: 1 };
  if (ms < 600_000) return { unit: 's', worth: 1000 };
  return ms < 7_200_000 ? { unit: 'min', worth: 60_000 } : { unit: 'h', worth: 3_600_000 };
}

/** One decimal below 100, none above. */
function amount(value: number): string {
  return (value < 100 ? Math.round(value * 10) / 10 : Math.round(value)).toLocaleString('en');
}

/** "21,326 tokens", "1 token". */
export function counted(count: number, one: string): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : `${one}s`}`;
}

/** "44 a second", "0.8 a second", from milliseconds for each. */
export function aSecond(msEach: number): string {
  const rate = 1000 / msEach;
  return `${(rate < 10 ? Math.round(rate * 10) / 10 : Math.round(rate)).toLocaleString('en')} a second`;
}

/** "once", "twice", "3 times". */
export function times(count: number): string {
  return count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`;
}

/** "a", "a and b", "a, b and c", "a, b and 3 others". */
export function listed(names: readonly string[], most = 3): string {
  const shown = names.length > most ? [...names.slice(0, most - 1), `${names.length - most + 1} others`] : names;
  const [last = '', ...before] = shown.toReversed();
  return before.length === 0 ? last : `${before.toReversed().join(', ')} and ${last}`;
}
