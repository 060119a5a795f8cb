// Classifies errors of the store: the file is damaged, the disk cannot be used now, or the work itself was wrong.
import { Held } from './data-folder.ts';
import { resultCode } from './result-code.ts';
import { NewerSchema } from './schema.ts';

/**
 * `damaged`: not a database any more, or incomplete. `newer`: written by a newer Hearth. `held`: another Hearth uses
 * it. `gone`: somebody deleted it. `unusable`: the disk is full, read-only or faulty, which may pass.
 */
export interface Trouble {
  readonly kind: 'damaged' | 'newer' | 'held' | 'gone' | 'unusable';
  /** A few words that follow "because". */
  readonly why: string;
}

/** By SQLite's primary result codes (sqlite.org/rescode.html). */
const DAMAGED = new Map([
  [11, 'it is damaged'],
  [26, 'it is no database'],
]);
const UNUSABLE = new Map([
  [3, 'it may not be used'],
  [5, 'another program holds it'],
  [7, 'memory is short'],
  [8, 'it cannot be written'],
  [10, 'the disk fails'],
  [13, 'the disk is full'],
  [14, 'it cannot be opened'],
  [15, 'its locks do not work here'],
  [22, 'it is too large for this disk'],
]);
const SYSTEM = new Map([
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk is full'],
  ['EROFS', 'the disk is read-only'],
  ['EACCES', 'it may not be written'],
  ['EPERM', 'it may not be written'],
  ['ENOTDIR', 'a part of this path is not a folder'],
]);

/** Undefined if the error does not concern the disk: then the caller made a mistake. */
export function troubleOf(error: unknown): Trouble | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof Held) return { kind: 'held', why: 'another Hearth uses it' };
  if (error instanceof NewerSchema) return { kind: 'newer', why: 'a newer Hearth wrote it' };
  const code = resultCode(error);
  if (code !== undefined) {
    const damaged = DAMAGED.get(code);
    if (damaged !== undefined) return { kind: 'damaged', why: damaged };
    const why = UNUSABLE.get(code);
    return why === undefined ? undefined : { kind: 'unusable', why };
  }
  if ('syscall' in error && 'code' in error && typeof error.code === 'string') {
    return { kind: 'unusable', why: SYSTEM.get(error.code) ?? `the system says ${error.code}` };
  }
  return undefined;
}
