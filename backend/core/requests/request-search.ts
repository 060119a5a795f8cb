// Which requests of the list a search matches. Pure.
import { shownCaller } from '../../contract/apps.ts';
import type { RequestFact } from '../../contract/views/control.ts';
import { sees } from '../ownership.ts';

/** For each field one of these values; undefined matches any. */
export interface RequestSearch {
  /** Who asks. */
  readonly watcher: string;
  readonly caller: ReadonlySet<string> | undefined;
  readonly model: ReadonlySet<string> | undefined;
  readonly source: ReadonlySet<string> | undefined;
  readonly class: ReadonlySet<string> | undefined;
  readonly status: ReadonlySet<string> | undefined;
  /** When they came, on the wall clock: at `from` or later, and before `to`. */
  readonly from: number;
  readonly to: number;
  /** All of them must occur in its texts, or begin its id. */
  readonly words: readonly string[];
  /** How many results, and the place in the list before which they start. */
  readonly limit: number;
  readonly before: number;
}

/** The fields that requests of one kind share. Absent texts are left out or ''. */
export interface RequestKind {
  readonly owner: string;
  readonly caller: string;
  readonly model: string;
  readonly route: string;
  readonly source: string;
  readonly status: string;
  readonly class?: RequestFact['class'] | '';
  readonly code?: string | undefined;
  readonly error?: string | undefined;
  readonly missed?: string | undefined;
}

/** Whether requests of this kind match, whatever their ids and times; with `id`, whether that request matches. */
export function isWanted(search: RequestSearch, kind: RequestKind, id?: string): boolean {
  return (
    sees(search.watcher, kind.owner) &&
    FIELDS.every((field) => search[field]?.has(kind[field] ?? '') ?? true) &&
    hasWords(search.words, kind, id)
  );
}

/** Fields with one value per request; a search may list several values. */
export const FIELDS = ['caller', 'model', 'source', 'class', 'status'] as const;

function hasWords(words: readonly string[], kind: RequestKind, id: string | undefined): boolean {
  if (words.length === 0) return true;
  const text = wordsOf(kind);
  return words.every((word) => text.includes(word.toLowerCase()) || id?.startsWith(word) === true);
}

/** The texts that words are searched in, lower-case, including the app's display name. */
export function wordsOf({ caller, model, route, source, class: of, status, code, error, missed }: RequestKind): string {
  const names = new Set([caller, shownCaller(caller)]);
  return [...names, model, route, source, of, status, code, error, missed].join('\n').toLowerCase();
}

/** Whether the search matches every request in its time range. */
export function isForAll(search: RequestSearch, everybody: string): boolean {
  const { watcher, words } = search;
  return watcher === everybody && words.length === 0 && FIELDS.every((field) => search[field] === undefined);
}
