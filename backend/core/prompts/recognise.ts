// Recognises a span that differs between two prompts, if both sides look alike: a clock, a date, an id. Undefined when
// not sure. Pure.

/** A span, and the characters before it in both prompts. */
interface Seen {
  readonly then: string;
  readonly now: string;
  readonly before: string;
}

const TIME = /^\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[ap]\.?m\.?)?(?:Z|[+-]\d{2}:?\d{2})?$/i;
const DATE = /^(?:\d{4}-\d{2}-\d{2}|\d{4}\/\d{1,2}\/\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4})$/;
const DATE_TIME = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}\S*)$/;
const MONTHS =
  'jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?';
const DAYS = '(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?';
const NAMED = new RegExp(`^(?:${MONTHS}|${DAYS})$`, 'i');
const DAY = /^\d{1,2}(?:st|nd|rd|th)?$/;
const MONTH_BEFORE = new RegExp(`\\b(?:${MONTHS})\\.? $`, 'i');
const HALF_DAY = /^[ap]\.?m\.?$/i;
const UUID = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i;
const HASH = /^[\da-f]{32,}$/i;
const NUMBER = /^\d{1,12}$/;
/** Seconds or milliseconds since 1970, between 2001 and 2033. */
const UNIX = /^1\d{9}(?:\d{3})?$/;
const HEX_KEY = /^[\da-f]{8,}$/i;
const LETTER = /[a-f]/i;
/** Letters and digits mixed as in no word: `req_7f3Kq0vB2mXc`. */
const MIXED = { form: /^\w{12,}$/, change: /\d(?=[a-z])|[a-z](?=\d)/gi, changes: 4 } as const;
/** A name that says what follows it. */
const ID_BEFORE = /(?<![a-z])(?:id|uuid|session|request|trace|thread|conversation)["']?\s*[:=]\s*["']?$/i;

/** The most that a counter grows between two prompts. */
const STEPS = 1000;
/** The longest span, in characters, that can be one of these. */
const LONGEST = 200;

const both = (form: RegExp, { then, now }: Seen): boolean => form.test(then) && form.test(now);

/** In the order in which they are tried. */
const KINDS: readonly (readonly [name: string, is: (seen: Seen) => boolean])[] = [
  ['a clock', (seen) => both(TIME, seen) || isOtherTime(seen) || (both(UNIX, seen) && !isBefore(seen))],
  ['a clock', (seen) => both(HALF_DAY, seen) && /\d ?$/.test(seen.before)],
  ['a date', (seen) => both(DATE, seen) || both(DATE_TIME, seen) || both(NAMED, seen)],
  ['a date', (seen) => both(DAY, seen) && MONTH_BEFORE.test(seen.before)],
  ['an id', (seen) => both(UUID, seen)],
  ['a hash', (seen) => both(HASH, seen)],
  ['an id', (seen) => ID_BEFORE.test(seen.before) && (isKey(seen) || both(NUMBER, seen))],
  ['a counter', (seen) => both(NUMBER, seen) && isNext(seen)],
  ['a number', (seen) => both(NUMBER, seen)],
  ['a random key', isKey],
];

/** What differs, with its article; undefined when it looks like nothing known. */
export function recognised(seen: Seen): string | undefined {
  if (Math.max(seen.then.length, seen.now.length) > LONGEST) return undefined;
  return KINDS.find(([, is]) => is(seen))?.[0];
}

/** A date with a time of which only the time differs. */
function isOtherTime({ then, now }: Seen): boolean {
  const [, , timeThen] = DATE_TIME.exec(then) ?? [];
  const [, , timeNow] = DATE_TIME.exec(now) ?? [];
  return timeThen !== undefined && timeNow !== undefined && timeThen !== timeNow;
}

function isKey(seen: Seen): boolean {
  const { then, now } = seen;
  if (then.length !== now.length) return false;
  const isHex = both(HEX_KEY, seen) && LETTER.test(then + now) && /\d/.test(then + now);
  return isHex || (isMixed(then) && isMixed(now));
}

function isMixed(text: string): boolean {
  return MIXED.form.test(text) && (text.match(MIXED.change)?.length ?? 0) >= MIXED.changes;
}

const isBefore = ({ then, now }: Seen): boolean => Number(now) < Number(then);

function isNext({ then, now }: Seen): boolean {
  const steps = Number(now) - Number(then);
  return steps > 0 && steps <= STEPS;
}
