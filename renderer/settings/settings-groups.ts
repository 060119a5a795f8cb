// The settings form's outline: which fields stand in which group, and which a search finds in what order. Pure.
import type { FieldInfo } from '../../backend/contract/config/config.ts';
import type { SettingsView } from '../../backend/contract/window/desktop.ts';
import { fieldsInOwnWords } from '../../words/field-words.ts';
import { hintText } from './hint-text.ts';

/** What stands below the fields of a group. */
export type GroupEnd = 'clear_cache' | 'whole_file';

interface Heading {
  /** Its title is that of the text with this name. */
  readonly name: 'ollama' | 'queue' | 'keeping' | 'network' | 'desktop' | 'advanced';
  /** Its fields are shown when they are asked for. */
  readonly folded?: true;
  readonly end?: GroupEnd;
}

/** A heading of the form and the sections of the configuration under it, by how often they are needed. */
const GROUPS: readonly (Heading & { readonly sections: readonly string[] })[] = [
  { name: 'ollama', sections: ['ollama', 'upstreams', 'models'] },
  { name: 'queue', sections: ['queue', 'prompts', 'batch', 'files'] },
  { name: 'keeping', sections: ['cache', 'conversation_cache', 'log'], end: 'clear_cache' },
  { name: 'network', sections: ['server', 'cors'] },
  { name: 'desktop', sections: ['app'] },
];
const ADVANCED: Heading = { name: 'advanced', folded: true, end: 'whole_file' };

export interface Group extends Heading {
  readonly fields: readonly FieldInfo[];
}

/** Whether a setting has several entries, and is a row with their number until it is opened. Keys are few, and always there. */
export function hasEntries({ kind }: FieldInfo): boolean {
  return kind === 'list' || kind === 'headers' || kind === 'table' || kind === 'rules' || kind === 'upstreams';
}

/** Settings without effect are left out; those that are opened come after what can be seen at a glance. */
const shownFields = (): readonly FieldInfo[] =>
  fieldsInOwnWords()
    .filter(({ inert }) => inert === undefined)
    .toSorted((a, b) => Number(hasEntries(a)) - Number(hasEntries(b)));

/** All settings: the seldom needed ones come last, under a heading of their own. */
export function allGroups(): Group[] {
  const shown = shownFields();
  const often = shown.filter(({ advanced }) => advanced !== true);
  return [
    ...GROUPS.map(({ sections, ...heading }) => ({
      ...heading,
      fields: often.filter(({ section }) => sections.includes(section)),
    })),
    { ...ADVANCED, fields: shown.filter(({ advanced }) => advanced === true) },
  ].filter((group) => group.fields.length > 0);
}

/** Its place in the page. */
export function groupId({ name }: Group): string {
  return `group-${name}`;
}

/** How many of its fields are among those with a value that is not allowed, by their dotted paths. */
export function toCorrect({ fields: inside }: Group, wrong: ReadonlySet<string>): number {
  return inside.filter(({ path }) => wrong.has(path)).length;
}

/** How many of its fields have another value than they came with. */
export function changedIn({ fields: inside }: Group, { values }: Pick<SettingsView, 'values'>): number {
  return inside.filter(({ path, default: own }) => JSON.stringify(values[path]) !== JSON.stringify(own)).length;
}

/** The words of a search, in lower case. */
export function wordsOf(search: string): string[] {
  return search.trim().toLowerCase().split(/\s+/).filter(Boolean); // prettier-ignore
}

/** The rank of letters that stand within a word. */
const WITHIN = 2;

/** How well a text has a word: 0 whole (or its plural), 1 as the beginning of one, 2 within one; undefined when it does not have it. */
function rankIn(text: string, word: string): number | undefined {
  const lower = text.toLowerCase();
  if (!lower.includes(word)) return undefined;
  // In a key a word ends at "_" and "." too.
  const words = lower.split(/[^\p{L}\p{N}]+/u);
  if (words.includes(word) || words.includes(`${word}s`)) return 0;
  return words.some((each) => each.startsWith(word)) || !/^[\p{L}\p{N}]+$/u.test(word) ? 1 : WITHIN;
}

/** How many places of a field can have a word: its label goes before its key, and that before its hint. */
const PLACES = 3;

/** How well a field has a word; lower is better. */
function rankOf(field: FieldInfo, word: string): number | undefined {
  const ranks = [field.title, field.path, hintText(field)].flatMap((text, i) => {
    const rank = rankIn(text, word);
    return rank === undefined ? [] : [rank * PLACES + i];
  });
  return ranks.length === 0 ? undefined : Math.min(...ranks);
}

/**
 * The groups with the fields that have every word of a search, in label, key or hint: whole words first, then beginnings;
 * what stands within a word only where nothing else is found. The groups come by their best field.
 */
export function foundGroups(search: string): Group[] {
  const words = wordsOf(search);
  const found = allGroups().map(({ fields: inside, ...heading }) => ({
    ...heading,
    ranked: inside
      .flatMap((field) => {
        const ranks = words.map((word) => rankOf(field, word));
        return ranks.some((rank) => rank === undefined) ? [] : [{ field, rank: Math.max(...ranks.map(Number)) }];
      })
      .toSorted((a, b) => a.rank - b.rank),
  }));
  const begins = ({ rank }: { readonly rank: number }): boolean => rank < WITHIN * PLACES;
  const anyBegins = found.some(({ ranked }) => ranked.some(begins));
  return found
    .map(({ ranked, ...heading }) => ({ ...heading, ranked: anyBegins ? ranked.filter(begins) : ranked }))
    .filter(({ ranked }) => ranked.length > 0)
    .toSorted((a, b) => (a.ranked[0]?.rank ?? 0) - (b.ranked[0]?.rank ?? 0))
    .map(({ ranked, ...heading }) => ({ ...heading, fields: ranked.map(({ field }) => field) }));
}
