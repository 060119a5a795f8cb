// A clock in the instructions: either it goes to the end of the last message, where it costs no reuse, or only its day stays. Pure.
import { PRESENT, small, TOLD } from './clock-words.ts';
import { timesIn, type PinSpan } from './pin-forms.ts';
import { isSomebodysWords } from './quoted-words.ts';

/** A clock that was found, and its name as it is written there. */
export interface ClockSpan extends PinSpan {
  readonly name: string;
  /** Where the name begins. */
  readonly begin: number;
}

/** What stands in the place of a clock that has gone to the end. No sign of it ends a text in JSON or XML. */
export const AT_THE_END = 'given at the end of the last message';

/** The clocks of a text, in their order. With `to_day`, those that have a day. */
export function clockSpans(text: string, how: 'to_end' | 'to_day'): readonly ClockSpan[] {
  const spans: ClockSpan[] = [];
  for (const { name, begin, told } of presentsIn(text)) {
    if (told?.hasTime !== true) continue;
    if (isSomebodysWords(text, begin, name)) return [];
    const { from, to, date } = told;
    const now = how === 'to_end' ? AT_THE_END : date && text.slice(date.from, date.to);
    if (now !== undefined) spans.push({ name, begin, from, to, sent: text.slice(from, to), now });
  }
  return spans;
}

/** A date, a time or both, as they stand in a text. */
interface ToldNow {
  readonly from: number;
  readonly to: number;
  readonly date: { readonly from: number; readonly to: number } | undefined;
  readonly hasTime: boolean;
}

/** A name of the present in a text, and what is told behind it. */
interface Present {
  readonly name: string;
  readonly begin: number;
  readonly told: ToldNow | undefined;
}

function* presentsIn(text: string): Generator<Present> {
  const low = small(text);
  for (let at = 0; ;) {
    // What stands before a name belongs to the match.
    PRESENT.lastIndex = Math.max(0, at - 1);
    const found = PRESENT.exec(low);
    if (found === null) return;
    const [all, name = all] = found;
    const end = PRESENT.lastIndex;
    const begin = end - name.length;
    const told = toldAt(low, end);
    yield { name: text.slice(begin, end), begin, told };
    at = told?.to ?? end;
  }
}

/** What a text in small letters tells from there on, where a name ends. */
function toldAt(low: string, nameEnd: number): ToldNow | undefined {
  for (const link of TOLD.links) {
    const from = endOf(link, low, nameEnd);
    const told = from === undefined ? undefined : valueAt(low, from);
    if (told !== undefined) return told;
  }
  return undefined;
}

/** A date with or without a time, or a time with or without a date. */
function valueAt(low: string, from: number): ToldNow | undefined {
  const dateEnd = endOf(TOLD.date, low, from);
  if (dateEnd !== undefined) {
    const timeEnd = endOf(TOLD.time, low, endOf(TOLD.thenTime, low, dateEnd) ?? dateEnd);
    const isClock = timeEnd !== undefined && isAlone(low, timeEnd);
    return { from, to: isClock ? timeEnd : dateEnd, date: { from, to: dateEnd }, hasTime: isClock };
  }
  const timeEnd = endOf(TOLD.time, low, from);
  if (timeEnd === undefined) return undefined;
  const dateFrom = endOf(TOLD.thenDate, low, timeEnd);
  const to = dateFrom === undefined ? undefined : endOf(TOLD.date, low, dateFrom);
  const date = dateFrom === undefined || to === undefined ? undefined : { from: dateFrom, to };
  const end = date?.to ?? timeEnd;
  return { from, to: end, date, hasTime: isAlone(low, end) };
}

const isAlone = (text: string, at: number): boolean => endOf(TOLD.more, text, at) === undefined;

/** Where a pattern ends that begins there. */
function endOf(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

/** Whether texts without their clocks speak of the present, but to tell the day: "sign with the current date". */
export function namesPresent(texts: readonly string[]): boolean {
  return texts.some((text) => Array.from(presentsIn(withoutEnds(text))).some(({ told }) => told === undefined));
}

/** Whether the rest of these texts speaks of a clock by its name, as in "use the current time when you greet". */
export function isNamedAgain({ name }: ClockSpan, texts: readonly string[]): boolean {
  const wanted = name.toLowerCase().replace(/^the /, '');
  // Where words are written without blanks, they have no ends.
  const mentions = (text: string): number => timesIn(text, wanted, /^[\p{Script=Han}\p{Script=Hangul}]/u.test(wanted));
  const said = texts.map((text) => withoutEnds(text.toLowerCase()));
  return said.reduce((sum, text) => sum + mentions(text), 0) > 1;
}

/** Its hours and minutes, as others would quote them. */
export function hourOf({ sent }: ClockSpan): string | undefined {
  return /\d{1,2}(?:[:h][0-5]\d| ?[時时點点시] ?[0-5]?\d)/.exec(sent)?.[0];
}

/** Whether a text has these hours and minutes, in whatever longer time. */
export function saysHour(text: string, hour: string): boolean {
  for (let at = text.indexOf(hour); at !== -1; at = text.indexOf(hour, at + 1)) {
    if (!/\d/.test(text.charAt(at - 1)) && !/\d/.test(text.charAt(at + hour.length))) return true;
  }
  return false;
}

/** The end of a tag is no mention. */
function withoutEnds(text: string): string {
  return text.replaceAll(/<\/[\w-]{1,40}>/g, '');
}

/** A text without these clocks and their names: what else it says. */
export function withoutNames(text: string, spans: readonly ClockSpan[]): string {
  let at = 0;
  const parts: string[] = [];
  for (const { begin, to } of spans) {
    parts.push(text.slice(at, begin));
    at = to;
  }
  return [...parts, text.slice(at)].join('\n');
}

/** The line that says at the end of a message what a clock in the instructions said. */
export function lineOf({ name, sent }: ClockSpan): string {
  return `[${name.charAt(0).toUpperCase()}${name.slice(1)}: ${sent}]`;
}
