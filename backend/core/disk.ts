// What the core keeps beyond a restart. backend/storage/ provides it over one file on the disk.
import type { Truncated } from '../contract/chat/chat.ts';
import type { Removed } from '../contract/control.ts';
import type { PullFailure } from '../contract/pull-view.ts';

/** A use is worth noting on the disk when the last one that was noted is so old. Milliseconds. */
export const NOTED_EVERY_MS = 10 * 60_000;

/** What is noted with a kept answer or vector. */
export interface AnswerNotes {
  readonly owner: string;
  readonly model: string;
  /** What the run had cost: milliseconds of model time and tokens written. */
  readonly runMs: number;
  readonly tokens: number;
  /** The marks (cache.fresh_when) that it is good for. */
  readonly marks: readonly string[];
  /** Its prompt did not fit. */
  readonly truncated?: Truncated | undefined;
}

export interface StoredAnswer extends AnswerNotes {
  readonly bytes: Buffer;
  /** Since it was stored, and until it expires; milliseconds. */
  readonly ageMs: number;
  readonly leftMs: number;
}

/** What is kept on the disk just now. */
export interface StoreFigures {
  readonly entries: number;
  /** As they lie on the disk: whole pages. */
  readonly bytes: number;
  readonly max_bytes: number;
}

/** Which entries to remove; all that the watcher sees when nothing else is named. */
export interface ToRemove {
  readonly watcher: string;
  readonly model?: string | undefined;
  readonly olderThanS?: number | undefined;
}

/**
 * Answers and vectors on the disk, least recently used out first. All of it works where the disk can't be used: then nothing is
 * kept and nothing found.
 */
export interface AnswerStore {
  /** Also what is not written yet. Undefined where there is none, or it has expired, or is damaged. */
  find(key: string): StoredAnswer | undefined;
  /** Written within a second. `ttlMs`: how long it lives. False when it cannot be kept. The bytes are not copied. */
  keep(key: string, bytes: Uint8Array, notes: AnswerNotes, ttlMs: number): boolean;
  /** It was used; noted some time later. */
  used(key: string): void;
  /** Removes the one whose key begins so. It is on the disk that it is gone when this returns. */
  delete(beginning: string, watcher: string): Removed;
  /** The same for many. Their room is freed afterwards, in portions. */
  clear(which: ToRemove): Removed;
  /** Undefined: nothing is kept on the disk. Up to a second late. */
  readonly figures: StoreFigures | undefined;
}

/** How far lists of what the gateways of a fleet have removed were done here; kept where the answers are kept. */
export interface RemovalPlaces {
  /** The last entry of a list that was done; undefined where none is known. */
  doneTo(list: string): string | undefined;
  /** It and all before it are done, and on the disk. Noted within a second. */
  noteDone(list: string, id: string): void;
}

/** What was removed here and the other gateways of a fleet are not told of yet; kept where the answers are kept. */
export interface UntoldStore {
  /** Those for a list, as texts, in the order of their numbers. */
  untold(list: string): readonly { readonly number: number; readonly removal: string }[];
  /** One more. On the disk when this returns. */
  owe(list: string, number: number, removal: string): void;
  /** Those up to this number are told. Noted within a second. */
  told(list: string, number: number): void;
}

/** A conversation on the disk. */
export interface StoredTalk {
  /** What was said, as ConversationStore.keep was given it. */
  readonly text: string;
  /** Since it was kept; milliseconds. */
  readonly ageMs: number;
}

/** Conversations on the disk, as AnswerStore has answers. A key begins with its space, which ends at the first line break. */
export interface ConversationStore {
  find(key: string): StoredTalk | undefined;
  keep(key: string, text: string, ttlMs: number): boolean;
  delete(key: string): Removed;
  clear(watcher: string): Removed;
  readonly figures: StoreFigures | undefined;
}

/** A download in line, as it is kept. */
export interface KeptPull {
  readonly model: string;
  /** The machine that it is for; undefined where none has a name. */
  readonly upstream?: string | undefined;
  /** When it was asked for, in milliseconds since 1970. */
  readonly since: number;
  readonly state: 'waiting' | 'paused' | 'failed';
  readonly failure?: PullFailure | undefined;
  /** Bytes, as far as they were known. */
  readonly completed?: number | undefined;
  readonly total?: number | undefined;
}

/** The line of downloads on the disk. Few: it is written whole. */
export interface PullStore {
  /** In the order of the line. */
  kept(): readonly KeptPull[];
  /** In the place of what was kept; on the disk when this returns. */
  keep(line: readonly KeptPull[]): void;
}
