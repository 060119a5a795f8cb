// How two values differ, in words, and how far they are apart: for questions, which are many fields, and the same words whether
// a recorded or a kept one is meant. Pure.
import { quotation, sentence, type Sentence } from '../contract/sentence.ts';

/** How far two things are apart, and in what, as pieces of a sentence. */
export interface Apart {
  readonly distance: number;
  readonly differences: readonly Sentence[];
}

/** Values by name. */
export type Table = Readonly<Record<string, unknown>>;

export const SAME: Apart = { distance: 0, differences: [] };

/** What is said counts most: up to as much as all else that usually differs. */
export const ALL_SAID = 5;

/** Two tables, value by value. */
export function tablesApart(ours: Table, theirs: Table): Apart[] {
  const names = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  return [...names].map((name) => valuesApart(name, ours[name], theirs[name]));
}

/** A text by the place where it begins to differ; all else by what it is. */
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

/** Characters of a value that is told. */
const LONGEST_SHOWN = 60;

const said = (value: unknown): Sentence | string =>
  value === undefined || value === '' ? 'nothing' : quotation(value);

/** Differences that are told. */
const MOST_TOLD = 3;

/** Differences as one piece of a sentence. */
export function listed(differences: readonly Sentence[]): Sentence {
  const told = differences.slice(0, MOST_TOLD).reduce((all, each) => sentence`${all}; ${each}`);
  return differences.length <= MOST_TOLD ? told : sentence`${told}; and ${differences.length - MOST_TOLD} more`;
}

/** An empty one for what is none. */
export function tableOf(value: unknown): Table {
  return typeof value === 'object' && value !== null ? (value as Table) : {};
}

/** Characters that are compared in one go: V8 does that many times faster than one by one. */
const AT_ONCE = 256;

/** How many characters two texts have in common at their beginning, or from these places on. */
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

/** How many of their last `most` characters they have in common at their end. */
export function suffix(a: string, b: string, most: number): number {
  let at = 0;
  const some = (text: string): string => text.slice(text.length - at - AT_ONCE, text.length - at);
  while (at + AT_ONCE <= most && some(a) === some(b)) at += AT_ONCE;
  while (at < most && a.charCodeAt(a.length - 1 - at) === b.charCodeAt(b.length - 1 - at)) at++;
  return at;
}

/** The same at their beginning and end together. */
export function common(a: string, b: string): number {
  const begin = prefix(a, b);
  return begin + suffix(a, b, Math.min(a.length, b.length) - begin);
}

/** 1204 as "1,204" */
export const shown = (count: number): string => String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');

/** "1 message", "2 messages" */
export const counted = (count: number, unit: string): string => `${count} ${unit}${count === 1 ? '' : 's'}`;
