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

/** How many characters two texts have in common at their beginning. */
export function prefix(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let at = 0;
  while (at < most && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return at;
}

/** The same at their beginning and end together. */
export function common(a: string, b: string): number {
  const begin = prefix(a, b);
  const most = Math.min(a.length, b.length) - begin;
  let end = 0;
  while (end < most && a.charCodeAt(a.length - 1 - end) === b.charCodeAt(b.length - 1 - end)) end++;
  return begin + end;
}

/** 1204 as "1,204" */
export const shown = (count: number): string => String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');

/** "1 message", "2 messages" */
export const counted = (count: number, unit: string): string => `${count} ${unit}${count === 1 ? '' : 's'}`;
