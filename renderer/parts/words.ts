// What the page says beside figures, which are words/figures.ts: ordinals, words that a search has found. Pure.
import { THIN } from '../../backend/contract/in-words.ts';
import { count } from '../../words/figures.ts';
import { t } from '../../words/texts.ts';

export {
  bytes,
  clockDuration,
  count,
  dayAndTime,
  dayOfMonth,
  duration,
  durationParts,
  eta,
  fineDuration,
  megabytes,
  moment,
  percent,
  roughly,
} from '../../words/figures.ts';
export { NOTHING, plural, THIN, timeOfDay } from '../../backend/contract/in-words.ts';

/** Words from elsewhere, with their figures held to their units: "10 min". */
export function thin(words: string): string {
  return words.replace(/(\d) (?=(?:ms|s|min|h|days?|Tage?|KB|MB|GB)\b)/g, `$1${THIN}`);
}

/** "none", "2", as a sentence needs it. */
export function orNone(value: number): string {
  return value === 0 ? t('figures.none') : count(value);
}

/** 2 → "second", 12 → "12th" */
export function ordinal(value: number): string {
  return t('figures.ordinal', { n: value });
}

/** A text in pieces; those with `hit` are what a search found in it. */
export function marked(text: string, words: readonly string[]): { readonly text: string; readonly hit: boolean }[] {
  const wanted = words.map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  if (wanted.length === 0) return [{ text, hit: false }];
  return text
    .split(new RegExp(`(${wanted.join('|')})`, 'gi'))
    .map((piece, i) => ({ text: piece, hit: i % 2 === 1 }))
    .filter((piece) => piece.text !== '');
}

/** In the place of a secret that is kept. */
export const DOTS = '••••••••';
