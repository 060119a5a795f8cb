// Which requests of the list are searched for, and whether one is among them. Pure.
import { shownCaller } from '../../contract/apps.ts';
import type { RequestFact } from '../../contract/control.ts';
import { sees } from '../ownership.ts';

/** Of each: one of these; undefined: any. */
export interface RequestSearch {
  /** Who wants to know. */
  readonly watcher: string;
  readonly caller: ReadonlySet<string> | undefined;
  readonly model: ReadonlySet<string> | undefined;
  readonly source: ReadonlySet<string> | undefined;
  readonly class: ReadonlySet<string> | undefined;
  readonly status: ReadonlySet<string> | undefined;
  /** When they came: from the first moment to before the second, by the clock on the wall. */
  readonly from: number;
  readonly to: number;
  /** All of them are in its texts, or are how its id begins. */
  readonly words: readonly string[];
  /** How many, and before which place of the list. */
  readonly limit: number;
  readonly before: number;
}

/** What requests of one kind have in common. Absent texts are left out or ''. */
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

/** Whether requests of this kind are searched for, whatever their ids and times. `id`: whether this one of them is. */
export function isWanted(search: RequestSearch, kind: RequestKind, id?: string): boolean {
  return (
    sees(search.watcher, kind.owner) &&
    FIELDS.every((field) => search[field]?.has(kind[field] ?? '') ?? true) &&
    hasWords(search.words, kind, id)
  );
}

/** Fields of which a request has one, and a search any of some. */
export const FIELDS = ['caller', 'model', 'source', 'class', 'status'] as const;

function hasWords(words: readonly string[], kind: RequestKind, id: string | undefined): boolean {
  if (words.length === 0) return true;
  const text = wordsOf(kind);
  return words.every((word) => text.includes(word.toLowerCase()) || id?.startsWith(word) === true);
}

/** The texts in which words are searched for, in small letters; an app is found by the name that people see, too. */
export function wordsOf({ caller, model, route, source, class: of, status, code, error, missed }: RequestKind): string {
  const names = new Set([caller, shownCaller(caller)]);
  return [...names, model, route, source, of, status, code, error, missed].join('\n').toLowerCase();
}

/** Whether every request of every kind may be one of them, as far as it came in that time. */
export function isForAll(search: RequestSearch, everybody: string): boolean {
  const { watcher, words } = search;
  return watcher === everybody && words.length === 0 && FIELDS.every((field) => search[field] === undefined);
}
