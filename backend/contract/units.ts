// Times and amounts as people write and read them, "10 min" and "256 MB", for settings that are plain numbers of one
// unit. One table serves both directions. Pure; duration.ts reads a model's keep_alive, which has its own notation.

/** The unit of a plain number. A MB is 1024 × 1024 bytes wherever Hearth counts them. */
export type Unit = 'ms' | 's' | 'days' | 'MB' | 'tokens';

interface Scale {
  readonly name: string;
  /** In multiples of the smallest unit. */
  readonly worth: number;
  /** Further spellings, in lower case. */
  readonly also: readonly string[];
}

const TIMES: readonly Scale[] = [
  { name: 'ms', worth: 1, also: ['msec', 'millisecond', 'milliseconds'] },
  { name: 's', worth: 1000, also: ['sec', 'second', 'seconds'] },
  { name: 'min', worth: 60_000, also: ['m', 'mins', 'minute', 'minutes'] },
  { name: 'h', worth: 3_600_000, also: ['hr', 'hour', 'hours'] },
  { name: 'days', worth: 86_400_000, also: ['d', 'day'] },
];
const SIZES: readonly Scale[] = [
  { name: 'KB', worth: 1, also: ['k', 'kib'] },
  { name: 'MB', worth: 1024, also: ['m', 'mib'] },
  { name: 'GB', worth: 1024 * 1024, also: ['g', 'gib'] },
];
const TOKENS: readonly Scale[] = [{ name: 'tokens', worth: 1, also: ['token'] }];

const SCALES: Readonly<Record<Unit, readonly Scale[]>> = {
  ms: TIMES,
  s: TIMES,
  days: TIMES,
  MB: SIZES,
  tokens: TOKENS,
};

function worthOf(unit: Unit): number {
  return SCALES[unit].find(({ name }) => name === unit)?.worth ?? 1;
}

/** Rounds to twelve digits, to remove errors of multiplication and division. */
const clean = (value: number): number => Number(value.toPrecision(12));

/**
 * 600000 ms → "10 min", 256 MB → "256 MB": in the largest unit that gives a whole number, or else unchanged. Exact, so
 * that reading the result gives the same number.
 */
export function withUnit(value: number, unit: Unit): string {
  const smallest = clean(value * worthOf(unit));
  const fits = SCALES[unit].findLast(({ worth }) => Number.isInteger(smallest / worth) && smallest >= worth);
  if (fits === undefined) return `${value} ${unit}`;
  const amount = smallest / fits.worth;
  return `${amount} ${amount === 1 ? fits.name.replace(/^(day|token)s$/, '$1') : fits.name}`;
}

/**
 * "10 min", "1 h 30 min", "0.5 GB" → the number in this unit. A bare number has this unit already. Undefined for
 * anything else.
 */
export function amountIn(text: string, unit: Unit): number | undefined {
  const typed = text.trim().toLowerCase();
  if (/^[+-]?\d+(?:\.\d+)?$/.test(typed)) return Number(typed);
  if (!/^(?:\d+(?:\.\d+)?\s*[a-z]+\s*)+$/.test(typed)) return undefined;
  let sum = 0;
  for (const [, amount, word = ''] of typed.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/g)) {
    const scale = SCALES[unit].find(({ name, also }) => name.toLowerCase() === word || also.includes(word));
    if (scale === undefined) return undefined;
    sum += Number(amount) * scale.worth;
  }
  return clean(sum / worthOf(unit));
}
