// A clock in the instructions: either it goes to the end of the last message, where it costs no reuse, or only its day stays. Pure.
import { CLOCK } from './clock-words.ts';
import { timesIn, type PinSpan } from './pin-forms.ts';

/** A clock that was found, and its name as it is written there. */
export interface ClockSpan extends PinSpan {
  readonly name: string;
}

/** What stands in the place of a clock that has gone to the end. No sign of it ends a text in JSON or XML. */
export const AT_THE_END = 'given at the end of the last message';

/** The clocks of a text, in their order. With `to_day`, those that have a day. */
export function clockSpans(text: string, how: 'to_end' | 'to_day'): readonly ClockSpan[] {
  const spans: ClockSpan[] = [];
  for (const { groups = {}, indices } of text.matchAll(CLOCK)) {
    const { name = '', value = '', date = groups['date2'] } = groups;
    const [from, to] = indices?.groups?.['value'] ?? [];
    const now = how === 'to_end' ? AT_THE_END : date;
    if (from !== undefined && to !== undefined && now !== undefined) spans.push({ name, from, to, sent: value, now });
  }
  return spans;
}

/** Whether the rest of these texts speaks of a clock by its name, as in "use the current time when you greet". */
export function isNamedAgain({ name }: ClockSpan, texts: readonly string[]): boolean {
  const wanted = name.toLowerCase().replace(/^the /, '');
  // Where words are written without blanks, they have no ends.
  const mentions = (text: string): number => timesIn(text, wanted, /^[\p{Script=Han}\p{Script=Hangul}]/u.test(wanted));
  // The end of a tag is no mention.
  const said = texts.map((text) => text.toLowerCase().replaceAll(/<\/[\w-]{1,40}>/g, ''));
  return said.reduce((sum, text) => sum + mentions(text), 0) > 1;
}

/** Its hours and minutes, as others would quote them. */
export function hourOf({ sent }: ClockSpan): string | undefined {
  return /\d{1,2}[:h][0-5]\d/.exec(sent)?.[0];
}

/** The line that says at the end of a message what a clock in the instructions said. */
export function lineOf({ name, sent }: ClockSpan): string {
  return `[${name.charAt(0).toUpperCase()}${name.slice(1)}: ${sent}]`;
}
