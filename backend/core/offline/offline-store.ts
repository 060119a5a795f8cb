// The store that files and batches need. Types only; backend/storage/ implements it.
import type { BatchEndpoint } from '../../contract/chat/openai-batch.ts';

/** A file that a caller uploaded, or that a batch wrote. Times are milliseconds since 1970. */
export interface KeptFile {
  readonly id: string;
  readonly owner: string;
  readonly name: string;
  readonly purpose: 'batch' | 'batch_output';
  readonly bytes: number;
  readonly createdAt: number;
  /** For display; `dueAt` decides. */
  readonly expiresAt: number;
  /** The same in the time of the store (KeptTime). */
  readonly dueAt: number;
}

/** When something expires. */
export type Expiry = Pick<KeptFile, 'expiresAt' | 'dueAt'>;

/** One page of a list. */
export interface Page {
  /** The id that the page starts after; undefined for the first page. */
  readonly after: string | undefined;
  readonly limit: number;
}

/** Filters files by owner and purpose; newest first by default. */
export interface FileQuery {
  readonly owner?: string;
  readonly purpose?: string;
  readonly oldestFirst?: boolean;
}

/** Files in blocks. A file that has not ended is invisible. */
export interface FileStore {
  /** Begins a file. */
  begin(file: Omit<KeptFile, 'bytes'>): void;
  /** Writes block number `n` of a file, outside the path of requests. The block must not exist yet. */
  put(id: string, n: number, block: Uint8Array): void;
  /** Ends a file: on disk, with everything that was put, when this returns. Undefined when the file is gone. */
  end(id: string, expiry?: Expiry): KeptFile | undefined;
  /** Only files that have ended. */
  get(id: string): KeptFile | undefined;
  /** Files of an owner, or of everybody, that have ended. One more than the limit means that there are more. */
  list(of: FileQuery, page: Page): KeptFile[];
  /**
   * The blocks of a file after number `n`, at most about a megabyte, even if the file has not ended. Throws
   * file_damaged.
   */
  blocks(id: string, n: number): readonly { readonly n: number; readonly block: Uint8Array }[];
  /** The numbers of all blocks of a file, even if it has not ended. */
  places(id: string): readonly number[];
  /** Deletes a file at once; its blocks are freed later. */
  delete(id: string): void;
  /** Frees some blocks of deleted files; false when there are none. */
  sweep(): boolean;
  /** The ids of expired files, in the time of the store. */
  expired(now: number): readonly string[];
  /** The ids of files that never ended. */
  unended(): readonly string[];
  /** The number and bytes of all files, including those that have not ended. */
  readonly totals: { readonly files: number; readonly bytes: number };
}

/** OpenAI's names. */
export const BATCH_STATES = [
  'validating',
  'failed',
  'in_progress',
  'finalizing',
  'completed',
  'expired',
  'cancelling',
  'cancelled',
] as const;
export type BatchState = (typeof BATCH_STATES)[number];

/** What is wrong with a line of a batch's file, or with the file. */
export interface Fault {
  /** Counted from 1; null for the whole file. */
  readonly line: number | null;
  readonly code: string;
  readonly message: string;
  readonly param: string | null;
}

/** A batch. Times are milliseconds since 1970. */
export interface Batch {
  readonly id: string;
  readonly owner: string;
  /** The name under which its lines wait. */
  readonly caller: string;
  readonly endpoint: BatchEndpoint;
  readonly inputFile: string;
  /** The file of answers; reported when the batch has ended and there are some. */
  readonly outputFile: string;
  /** The file of refusals; likewise. */
  readonly errorFile: string;
  /** As it was requested, such as "24h". */
  readonly window: string;
  readonly metadata: Readonly<Record<string, string>> | null;
  /** How long its files are kept after its end, in milliseconds. */
  readonly keepMs: number;
  readonly createdAt: number;
  /** For display; `dueAt` decides. */
  readonly expiresAt: number;
  /** The same in the time of the store (KeptTime). */
  readonly dueAt: number;
  readonly state: BatchState;
  /** When it entered each of its states. */
  readonly since: Readonly<Partial<Record<BatchState, number>>>;
  /** The number of lines in its file; 0 until they are counted. */
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
  readonly faults: readonly Fault[];
}

/** The fields of a batch that change. */
export type BatchChange = Partial<Pick<Batch, 'state' | 'since' | 'total' | 'completed' | 'failed' | 'faults'>>;

/** The store of batches. Their lines are in their files. */
export interface BatchStore {
  /** On disk when it returns, with its two files begun. */
  add(batch: Batch): void;
  /** On disk when it returns, with everything that was put before. */
  change(id: string, change: BatchChange): void;
  /** Counts a line as answered or refused, after what was put before. */
  count(id: string, what: 'completed' | 'failed'): void;
  get(id: string): Batch | undefined;
  list(owner: string | undefined, page: Page): Batch[];
  /** The batches that have not ended, oldest first. */
  unended(): readonly Batch[];
  /** Deletes the oldest ended batches, keeping `most`. */
  forget(most: number): void;
}
