// Numbers with their units as the language that is set writes them, in both ways: 30 days are "30 Tage" in German, and
// "1,5 GB" typed there are 1536 MB. Pure.
import { amountIn, withUnit, type Unit } from '../../backend/contract/units.ts';
import { language, t } from '../../words/texts.ts';

/** Units that a language has words for; the others are signs. */
const NAMED = ['day', 'days', 'hour', 'hours', 'minute', 'minutes', 'second', 'seconds', 'token', 'tokens'] as const;

/** As it stands in a field. */
export function shownAmount(value: number, unit: Unit | undefined): string {
  const text = unit === undefined ? String(value) : withUnit(value, unit);
  return text
    .replace('.', decimalMark())
    .replace(/[a-z]+$/i, (word) => NAMED.filter((name) => name === word).map((name) => t(`settings.units.${name}`))[0] ?? word); // prettier-ignore
}

/** What is typed; undefined for what is no number of this unit. */
export function typedAmount(text: string, unit: Unit | undefined): number | undefined {
  const mark = decimalMark();
  if (mark !== '.' && text.includes('.')) return undefined; // it may stand between thousands
  const names = new Map(NAMED.map((name) => [t(`settings.units.${name}`).toLowerCase(), name]));
  const typed = text
    .trim()
    .toLowerCase()
    .replaceAll(mark, '.')
    .replaceAll(/\p{L}+/gu, (word) => names.get(word) ?? word);
  if (unit !== undefined) return amountIn(typed, unit);
  return /^[+-]?\d+(?:\.\d+)?$/.test(typed) ? Number(typed) : undefined;
}

function decimalMark(): string {
  const parts = new Intl.NumberFormat(language()).formatToParts(0.5);
  return parts.find(({ type }) => type === 'decimal')?.value ?? '.';
}
