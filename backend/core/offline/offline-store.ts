// What files and batches need of a store, as types only: backend/storage/ has it.
import type { BatchEndpoint } from '../../contract/chat/openai-batch.ts';

/** A file that a caller handed in, or that a batch wrote. Times are milliseconds since 1970. */
export interface KeptFile {
  readonly id: string;
  readonly owner: string;
  readonly name: string;
  readonly purpose: 'batch' | 'batch_output';
  readonly bytes: number;
  readonly createdAt: number;
  /** As callers are told; what counts is `dueAt`. */
  readonly expiresAt: number;
  /** The same by the time of what is kept. */
  readonly dueAt: number;
}

/** When something is over. */
export type Expiry = Pick<KeptFile, 'expiresAt' | 'dueAt'>;

/** One page of a list. */
export interface Page {
  /** The id after which it begins; undefined for the first. */
  readonly after: string | undefined;
  readonly limit: number;
}

/** Which files: of one owner or of all, for one purpose or any; newest first unless it says otherwise. */
export interface FileQuery {
  readonly owner?: string;
  readonly purpose?: string;
  readonly oldestFirst?: boolean;
}

/** Files in blocks. A file that has not ended is seen by nobody. */
export interface FileStore {
  /** Begins a file. */
  begin(file: Omit<KeptFile, 'bytes'>): void;
  /** Puts a block at place `n` of a file, off the road of requests. Nothing may be there yet. */
  put(id: string, n: number, block: Uint8Array): void;
  /** Ends a file: on the disk, with all that was put, when this returns. The file; undefined where it is gone. */
  end(id: string, expiry?: Expiry): KeptFile | undefined;
  /** Whole files alone. */
  get(id: string): KeptFile | undefined;
  /** Whole files of an owner, or of everybody. One more than asked for means that there are more. */
  list(of: FileQuery, page: Page): KeptFile[];
  /** A block of a file, also of one that has not ended, and the next of it: those after place `n`, at most about a megabyte. Throws file_damaged. */
  blocks(id: string, n: number): readonly { readonly n: number; readonly block: Uint8Array }[];
  /** The places of all blocks that a file has, also of one that has not ended. */
  places(id: string): readonly number[];
  /** Forgets a file at once; its blocks are freed by and by. */
  delete(id: string): void;
  /** Frees some blocks of files that were deleted; false when there are none. */
  sweep(): boolean;
  /** Those whose time is over, by the time of what is kept. */
  expired(now: number): readonly string[];
  /** Those that never ended. */
  unended(): readonly string[];
  /** What all files take, those that have not ended among them. */
  readonly totals: { readonly files: number; readonly bytes: number };
}

/** As OpenAI names them. */
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
  /** Counted from 1; null where it is about the whole file. */
  readonly line: number | null;
  readonly code: string;
  readonly message: string;
  readonly param: string | null;
}

/** A batch. Times are milliseconds since 1970. */
export interface Batch {
  readonly id: string;
  readonly owner: string;
  /** Under whose name its lines wait. */
  readonly caller: string;
  readonly endpoint: BatchEndpoint;
  readonly inputFile: string;
  /** Where answers go; told when the batch has ended and there are some. */
  readonly outputFile: string;
  /** Where refusals go; likewise. */
  readonly errorFile: string;
  /** As it was asked for, such as "24h". */
  readonly window: string;
  readonly metadata: Readonly<Record<string, string>> | null;
  /** How long its files are kept once it has ended. */
  readonly keepMs: number;
  readonly createdAt: number;
  /** As callers are told; what counts is `dueAt`. */
  readonly expiresAt: number;
  /** The same by the time of what is kept. */
  readonly dueAt: number;
  readonly state: BatchState;
  /** When it came into each of the states that it was in. */
  readonly since: Readonly<Partial<Record<BatchState, number>>>;
  /** Lines in its file; 0 until they are counted. */
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
  readonly faults: readonly Fault[];
}

/** What changes in a batch. */
export type BatchChange = Partial<Pick<Batch, 'state' | 'since' | 'total' | 'completed' | 'failed' | 'faults'>>;

/** Batches. Their lines are in their files. */
export interface BatchStore {
  /** On the disk when it returns, with its two files begun. */
  add(batch: Batch): void;
  /** On the disk when it returns, with all that was put before. */
  change(id: string, change: BatchChange): void;
  /** Counts a line as answered or refused, after what was put before. */
  count(id: string, what: 'completed' | 'failed'): void;
  get(id: string): Batch | undefined;
  list(owner: string | undefined, page: Page): Batch[];
  /** Those that have not ended, oldest first. */
  unended(): readonly Batch[];
  /** Forgets the oldest that have ended, all but `most`. */
  forget(most: number): void;
}
