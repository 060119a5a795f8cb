// What the core stores beyond a restart. backend/storage/ implements it with one file on disk.
import type { Truncated } from '../contract/chat/chat.ts';
import type { Removed } from '../contract/views/control.ts';
import type { PullFailure } from '../contract/views/pull-view.ts';

/** How old the last noted use must be before another use is written to disk. Milliseconds. */
export const NOTED_EVERY_MS = 10 * 60_000;

/** The metadata of a kept answer or vector. */
export interface AnswerNotes {
  readonly owner: string;
  readonly model: string;
  /** The cost of the run: milliseconds of model time, and tokens generated. */
  readonly runMs: number;
  readonly tokens: number;
  /** The marks (cache.fresh_when) that the answer is valid for. */
  readonly marks: readonly string[];
  /** Set when the prompt did not fit. */
  readonly truncated?: Truncated | undefined;
}

export interface StoredAnswer extends AnswerNotes {
  readonly bytes: Buffer;
  /** Milliseconds since it was stored, and until it expires. */
  readonly ageMs: number;
  readonly leftMs: number;
}

/** The current size of a store. */
export interface StoreFigures {
  readonly entries: number;
  /** The size on disk, in whole pages. */
  readonly bytes: number;
  readonly max_bytes: number;
}

/** Which entries to remove. Without `model` and `olderThanS`, all that the watcher sees. */
export interface ToRemove {
  readonly watcher: string;
  readonly model?: string | undefined;
  readonly olderThanS?: number | undefined;
}

/**
 * Answers and vectors on disk, evicted least recently used first. When the disk can't be used, nothing is kept and
 * nothing is found.
 */
export interface AnswerStore {
  /** Finds entries that are not written yet too. Undefined when there is none, or it has expired or is damaged. */
  find(key: string): StoredAnswer | undefined;
  /**
   * Writes the entry within a second. `ttlMs` is its lifetime. False when it can't be kept. The bytes are not copied.
   */
  keep(key: string, bytes: Uint8Array, notes: AnswerNotes, ttlMs: number): boolean;
  /** Notes that the entry was used; written later. */
  used(key: string): void;
  /** Removes the entry whose key has this prefix. The removal is on disk when this returns. */
  delete(beginning: string, watcher: string): Removed;
  /** Removes many entries in the same way. Their space is freed afterwards, in portions. */
  clear(which: ToRemove): Removed;
  /** Undefined when nothing is kept on disk. Up to a second late. */
  readonly figures: StoreFigures | undefined;
}

/** How far this gateway has processed the fleet's lists of removals; stored with the answers. */
export interface RemovalPlaces {
  /** The last processed entry of a list; undefined when unknown. */
  doneTo(list: string): string | undefined;
  /** Notes that this entry and all before it are done and on disk. Written within a second. */
  noteDone(list: string, id: string): void;
}

/** Removals that the other gateways of a fleet have not been told of yet; stored with the answers. */
export interface UntoldStore {
  /** The removals for a list, as texts, in the order of their numbers. */
  untold(list: string): readonly { readonly number: number; readonly removal: string }[];
  /** Adds a removal. On disk when this returns. */
  owe(list: string, number: number, removal: string): void;
  /** Notes that the removals up to this number were sent. Written within a second. */
  told(list: string, number: number): void;
}

/** A conversation on disk. */
export interface StoredTalk {
  /** The messages, as they were passed to ConversationStore.keep. */
  readonly text: string;
  /** Milliseconds since it was stored. */
  readonly ageMs: number;
}

/**
 * Conversations on disk, as AnswerStore has answers. A key begins with its space, which ends at the first line break.
 */
export interface ConversationStore {
  find(key: string): StoredTalk | undefined;
  keep(key: string, text: string, ttlMs: number): boolean;
  delete(key: string): Removed;
  clear(watcher: string): Removed;
  readonly figures: StoreFigures | undefined;
}

/** A queued download as it is stored. */
export interface KeptPull {
  readonly model: string;
  /** The machine that downloads it; undefined when no machine has a name. */
  readonly upstream?: string | undefined;
  /** When it was requested, in milliseconds since 1970. */
  readonly since: number;
  readonly state: 'waiting' | 'paused' | 'failed';
  readonly failure?: PullFailure | undefined;
  /** Bytes, as far as known. */
  readonly completed?: number | undefined;
  readonly total?: number | undefined;
}

/** The queue of downloads on disk. It is short, so it is written as a whole. */
export interface PullStore {
  /** In the order of the queue. */
  kept(): readonly KeptPull[];
  /** Replaces what was stored; on disk when this returns. */
  keep(line: readonly KeptPull[]): void;
}
