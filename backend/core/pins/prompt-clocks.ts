// The clock of the instructions: one statement of the present date and time, which is a line or a sentence of its own, or all of an
// element. Either it goes to the end of the last message, where it costs no reuse, or only its day stays. Pure.
import { NAME, PRESENT, small, TOLD } from './clock-words.ts';
import type { PinSpan } from './pin-forms.ts';
import { mayBeOthers } from './quoted-words.ts';

/** The clock that was found; its value is the span. */
export interface Clock extends Omit<PinSpan, 'now'> {
  /** In which of the texts. */
  readonly text: number;
  /** Where all of the statement begins and ends there. */
  readonly begin: number;
  readonly end: number;
  /** As it is written there, with what stands in brackets behind it: "current time (Berlin)". */
  readonly name: string;
  /** What stands in brackets behind its value, or nothing. */
  readonly remark: string;
  readonly day: string | undefined;
}

/** What stands in the place of a clock that has gone to the end. No sign of it ends a text in JSON or XML. */
export const AT_THE_END = 'given at the end of the last message';

/** So many words of the present are looked at: where there are more, something else than a clock is told. */
const MOST = 8;

/**
 * The one clock of these texts. There is none where they speak of the present once more, but for a date without a time, or where it may
 * be in somebody's words.
 */
export function clockIn(texts: readonly string[]): Clock | undefined {
  let clock: Clock | undefined;
  let looked = 0;
  let before = '';
  for (const [text, said] of texts.entries()) {
    const low = small(said);
    for (let at = 0; ;) {
      // What stands before a name belongs to the match.
      PRESENT.lastIndex = Math.max(0, at - 1);
      const found = PRESENT.exec(low);
      if (found === null) break;
      const [all, name = all] = found;
      const nameEnd = PRESENT.lastIndex;
      const day = dayAt(low, nameEnd);
      const told = day === undefined ? statementAt(low, nameEnd - name.length) : undefined;
      const end = day ?? told?.end;
      if (++looked > MOST || end === undefined || (told && clock)) return undefined;
      if (told !== undefined) {
        const { begin, nameTo, from, to, remarkTo, date } = told;
        const lineAt = low.lastIndexOf('\n', begin) + 1;
        if (mayBeOthers(before + low.slice(0, lineAt), low.slice(lineAt, begin))) return undefined;
        const part = (start: number, stop: number): string => said.slice(start, stop);
        clock = {
          text,
          begin,
          end,
          from,
          to,
          sent: part(from, to),
          name: part(begin, nameTo),
          remark: part(to, remarkTo),
          day: date && part(date.from, date.to),
        };
      }
      at = end;
    }
    before += `${low}\n`;
  }
  return clock;
}

interface Value {
  readonly from: number;
  readonly to: number;
  readonly date: { readonly from: number; readonly to: number } | undefined;
}

interface Statement extends Value {
  readonly begin: number;
  readonly nameTo: number;
  readonly remarkTo: number;
  readonly end: number;
}

/** What may stand in the line before a name: a sign of a list, marks of Markdown. */
const LEAD = /^ {0,3}(?:(?:[-*+•]|\d{1,2}[.)]) )?(?:#{1,6} )?[*_]{0,3}$/;
/** Or whole sentences, of which none quotes or introduces anything. */
const SENTENCES = /^ {0,3}[^\s:："“”„«»「」『』‘`<>|][^:："“”„«»「」『』‘`<>|]*(?:[.!?] |。 ?)[*_]{0,3}$/;
const OPENS_ELEMENT = /^ {0,3}<$/;

/** The statement whose name begins there. */
function statementAt(low: string, begin: number): Statement | undefined {
  const lead = low.slice(low.lastIndexOf('\n', begin) + 1, begin);
  const isElement = OPENS_ELEMENT.test(lead);
  if (!isElement && !LEAD.test(lead) && !SENTENCES.test(lead)) return undefined;
  const named = endOf(NAME, low, begin);
  if (named === undefined) return undefined;
  const nameTo = endOf(TOLD.remark, low, named) ?? named;
  const from = isElement ? endOf(/>\s?/y, low, named) : endOf(TOLD.link, low, nameTo);
  const value = from === undefined ? undefined : valueAt(low, from);
  if (value === undefined) return undefined;
  const remarkTo = endOf(TOLD.remark, low, value.to) ?? value.to;
  const close = `</${low.slice(begin, named)}>`;
  const closed = isElement && low.startsWith(close, remarkTo) ? remarkTo + close.length : undefined;
  const end = endOf(TOLD.end, low, isElement ? (closed ?? low.length + 1) : remarkTo);
  return end === undefined ? undefined : { ...value, begin, nameTo, remarkTo, end };
}

/** Where a date without a time ends that a name is followed by. */
function dayAt(low: string, nameEnd: number): number | undefined {
  const linked = endOf(TOLD.link, low, endOf(TOLD.remark, low, nameEnd) ?? nameEnd);
  const dateEnd = linked === undefined ? undefined : endOf(TOLD.date, low, linked);
  return dateEnd === undefined || timeAfter(low, dateEnd) !== undefined ? undefined : dateEnd;
}

const timeAfter = (low: string, dateEnd: number): number | undefined =>
  endOf(TOLD.time, low, endOf(TOLD.thenTime, low, dateEnd) ?? dateEnd);

/** A time, with or without a date before it or behind. */
function valueAt(low: string, from: number): Value | undefined {
  const dateEnd = endOf(TOLD.date, low, from);
  const timeEnd = dateEnd === undefined ? endOf(TOLD.time, low, from) : timeAfter(low, dateEnd);
  if (timeEnd === undefined) return undefined;
  if (dateEnd !== undefined) return { from, to: timeEnd, date: { from, to: dateEnd } };
  const dateFrom = endOf(TOLD.thenDate, low, timeEnd);
  const to = dateFrom === undefined ? undefined : endOf(TOLD.date, low, dateFrom);
  if (dateFrom === undefined || to === undefined) return { from, to: timeEnd, date: undefined };
  return { from, to, date: { from: dateFrom, to } };
}

/** Where a pattern ends that begins there. */
function endOf(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

/** Its hours and minutes, as others would quote them. */
export function hourOf({ sent }: Clock): string {
  return /\d{1,2}(?:[:h][0-5]\d| ?[時时點点시] ?[0-5]?\d)/.exec(sent)?.[0] ?? sent;
}

/** Whether a text has these hours and minutes, in whatever longer time. */
export function saysHour(text: string, hour: string): boolean {
  for (let at = text.indexOf(hour); at !== -1; at = text.indexOf(hour, at + 1)) {
    if (!/\d/.test(text.charAt(at - 1)) && !/\d/.test(text.charAt(at + hour.length))) return true;
  }
  return false;
}

/** The line that says at the end of a message what the clock in the instructions said. */
export function lineOf({ name, sent, remark }: Clock): string {
  return `[${name.charAt(0).toUpperCase()}${name.slice(1)}: ${sent}${remark}]`;
}
