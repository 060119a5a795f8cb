// How two values differ, in words, and how far apart they are. For questions with many fields, whether recorded or
// kept. Pure.
import { quotation, sentence, type Sentence } from '../contract/sentence.ts';

/** The distance of two things, and their differences as parts of a sentence. */
export interface Apart {
  readonly distance: number;
  readonly differences: readonly Sentence[];
}

/** Values by name. */
export type Table = Readonly<Record<string, unknown>>;

export const SAME: Apart = { distance: 0, differences: [] };

/** The maximum distance of two texts: texts count most, up to as much as all else that usually differs. */
export const ALL_SAID = 5;

/** Compares two tables value by value. */
export function tablesApart(ours: Table, theirs: Table): Apart[] {
  const names = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  return [...names].map((name) => valuesApart(name, ours[name], theirs[name]));
}

/** Describes a text by the position of its first difference, and any other value by the value itself. */
export function valuesApart(name: string, ours: unknown, theirs: unknown): Apart {
  if (ours === theirs) return SAME;
  const [own, their] = [JSON.stringify(ours) ?? '', JSON.stringify(theirs) ?? ''];
  if (own === their) return SAME;
  const texts = typeof ours === 'string' && typeof theirs === 'string' && name !== 'model' && name !== 'namespace';
  if (texts) {
    const far = 1 - common(ours, theirs) / Math.max(ours.length, theirs.length);
    const where = sentence`${name} differs from character ${shown(prefix(ours, theirs) + 1)}`;
    return { distance: far * ALL_SAID, differences: [where] };
  }
  const short = Math.max(own.length, their.length) <= LONGEST_SHOWN;
  const how = sentence`${name} ${said(ours)} instead of ${said(theirs)}`;
  return { distance: 1, differences: [short ? how : sentence`another ${name}`] };
}

/** The longest value that is shown, in characters of JSON. */
const LONGEST_SHOWN = 60;

const said = (value: unknown): Sentence | string =>
  value === undefined || value === '' ? 'nothing' : quotation(value);

/** How many differences are listed. */
const MOST_TOLD = 3;

/** Joins differences into one part of a sentence. */
export function listed(differences: readonly Sentence[]): Sentence {
  const told = differences.slice(0, MOST_TOLD).reduce((all, each) => sentence`${all}; ${each}`);
  return differences.length <= MOST_TOLD ? told : sentence`${told}; and ${differences.length - MOST_TOLD} more`;
}

/** The value as a table; an empty one for what is not an object. */
export function tableOf(value: unknown): Table {
  return typeof value === 'object' && value !== null ? (value as Table) : {};
}

/** Characters that are compared in one go: V8 does that many times faster than one by one. */
const AT_ONCE = 256;

/** How many characters two texts have in common at their beginning, or from the given positions on. */
export function prefix(
  a: string,
  b: string,
  from: { readonly a: number; readonly b: number } = { a: 0, b: 0 },
): number {
  const most = Math.min(a.length - from.a, b.length - from.b);
  let at = 0;
  const some = (text: string, begin: number): string => text.slice(begin + at, begin + at + AT_ONCE);
  while (at + AT_ONCE <= most && some(a, from.a) === some(b, from.b)) at += AT_ONCE;
  while (at < most && a.charCodeAt(from.a + at) === b.charCodeAt(from.b + at)) at++;
  return at;
}

/** How many of their last `most` characters are the same, counted from the end. */
export function suffix(a: string, b: string, most: number): number {
  let at = 0;
  const some = (text: string): string => text.slice(text.length - at - AT_ONCE, text.length - at);
  while (at + AT_ONCE <= most && some(a) === some(b)) at += AT_ONCE;
  while (at < most && a.charCodeAt(a.length - 1 - at) === b.charCodeAt(b.length - 1 - at)) at++;
  return at;
}

/** The characters in common at the beginning and at the end, added up. */
export function common(a: string, b: string): number {
  const begin = prefix(a, b);
  return begin + suffix(a, b, Math.min(a.length, b.length) - begin);
}

/** 1204 as "1,204" */
export const shown = (count: number): string => String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');

/** "1 message", "2 messages" */
export const counted = (count: number, unit: string): string => `${count} ${unit}${count === 1 ? '' : 's'}`;
