// The ways in which other programs may write a given text: plain, as JSON, in a URL, in HTML. Pure.
import { Buffer } from 'node:buffer';

/** A pattern has a size limit, so a long text is searched in parts of about equal length. Characters. */
const LONGEST_PART = 1000;

/** Patterns that together find a non-empty text, in any case, also in bytes that were decoded as latin1. */
export function spellings(text: string): RegExp[] {
  const length = Math.ceil(text.length / Math.ceil(text.length / LONGEST_PART));
  const parts = text.match(new RegExp(`[^]{1,${length}}`, 'g')) ?? [];
  return parts.map(spellingOf);
}

/** How HTML writes characters with a special meaning. */
const ENTITIES: Readonly<Record<string, string>> = { '"': 'quot', '&': 'amp', '<': 'lt', '>': 'gt', "'": 'apos' };

/** JSON doubles a backslash, JSON within JSON doubles it again; this is the depth that `saidBy` reads. */
const MOST_ESCAPES = 7;
const ESCAPES = `\\\\{0,${MOST_ESCAPES}}`;

/** Search time is linear: each repetition is bounded, and no two of them are adjacent. */
function spellingOf(text: string): RegExp {
  const runs = text.match(/\\+|[^\\]/gu) ?? [];
  const patterns = runs.map((run, i) => {
    if (run.startsWith('\\')) return `(?:\\\\|%5c){${run.length},${run.length * (MOST_ESCAPES + 1)}}`;
    if (/[a-z\d]/i.test(run)) return run;
    const escapes = runs[i - 1]?.startsWith('\\') === true ? '' : ESCAPES;
    return `${escapes}(?:${formsOf(run).join('|')})`;
  });
  return new RegExp(patterns.join(''), 'gi');
}

/** The forms of a character, without backslashes before it. */
function formsOf(char: string): string[] {
  const point = char.codePointAt(0) ?? 0;
  const utf8 = Buffer.from(char);
  const entity = ENTITIES[char];
  return [
    utf8.length === 1 ? `\\x${hex(point, 2)}` : char,
    utf8.length === 1 ? '' : utf8.toString('latin1'),
    char.replace(/[^]/g, (unit, at) => `${at === 0 ? '' : ESCAPES}u${hex(unit.charCodeAt(0), 4)}`),
    `&#(?:${point}|x0{0,4}${hex(point, 1)});`,
    entity === undefined ? '' : `&${entity};`,
    utf8.toString('hex').replace(/../g, '%$&'),
  ].filter((form) => form !== '');
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
