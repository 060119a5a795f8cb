// Figures as words in the language that is set, for tray and window. How exact each is, contract/in-words.ts decides.
import { figuresOf, type Figures } from '../backend/contract/in-words.ts';
import type { Language } from '../backend/contract/languages.ts';
import { language, t } from './texts.ts';

/** Days and months in English are written as in Europe, as times are: 21 Nov, 13:56. */
const REGIONS: Readonly<Partial<Record<Language, string>>> = { en: 'en-GB' };

const made = new Map<Language, Figures>();

function inLanguage(): Figures {
  const now = language();
  let figures = made.get(now);
  if (figures === undefined) made.set(now, (figures = figuresIn(now)));
  return figures;
}

function figuresIn(language: Language): Figures {
  const region = REGIONS[language] ?? language;
  const formats = new Map<number, Intl.NumberFormat>();
  let dates: Intl.DateTimeFormat | undefined;
  return figuresOf({
    fixed(value, digits) {
      let format = formats.get(digits);
      if (format === undefined) {
        format = new Intl.NumberFormat(region, { minimumFractionDigits: digits, maximumFractionDigits: digits });
        formats.set(digits, format);
      }
      // Rounded as everywhere; Intl would round some decimals the other way.
      return format.format(Number(value.toFixed(digits)));
    },
    days: (value) => t('figures.days', { n: value }),
    about: (time) => t('figures.about', { time }),
    dayOfMonth(at) {
      dates ??= new Intl.DateTimeFormat(region, { day: 'numeric', month: 'short' });
      return dates.format(at);
    },
  });
}

/** "one", "one and two", "one, two and three" */
export function listed(items: readonly string[]): string {
  return new Intl.ListFormat(REGIONS[language()] ?? language()).format(items);
}

/** "one or two" */
export function eitherOf(items: readonly string[]): string {
  return new Intl.ListFormat(REGIONS[language()] ?? language(), { type: 'disjunction' }).format(items);
}

export const count: Figures['count'] = (value) => inLanguage().count(value);
export const percent: Figures['percent'] = (share) => inLanguage().percent(share);
export const bytes: Figures['bytes'] = (value) => inLanguage().bytes(value);
export const megabytes: Figures['megabytes'] = (mb) => inLanguage().megabytes(mb);
export const durationParts: Figures['durationParts'] = (ms) => inLanguage().durationParts(ms);
export const duration: Figures['duration'] = (ms) => inLanguage().duration(ms);
export const fineDuration: Figures['fineDuration'] = (ms) => inLanguage().fineDuration(ms);
export const clockDuration: Figures['clockDuration'] = (ms) => inLanguage().clockDuration(ms);
export const roughly: Figures['roughly'] = (ms) => inLanguage().roughly(ms);
export const eta: Figures['eta'] = (ms) => inLanguage().eta(ms);
export const dayOfMonth: Figures['dayOfMonth'] = (at) => inLanguage().dayOfMonth(at);
export const dayAndTime: Figures['dayAndTime'] = (at) => inLanguage().dayAndTime(at);
export const moment: Figures['moment'] = (at, now) => inLanguage().moment(at, now);

/** "2 Nov 2026" */
export function dayOfYear(at: number): string {
  const region = REGIONS[language()] ?? language();
  return new Intl.DateTimeFormat(region, { day: 'numeric', month: 'short', year: 'numeric' }).format(at);
}
