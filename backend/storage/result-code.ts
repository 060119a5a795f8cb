// Finds SQLite's result code of an error (sqlite.org/rescode.html).

/**
 * Messages of the codes that concern a file or a disk, as in sqlite3_errstr. @photostructure/sqlite 1.2 sets no code on
 * errors in the middle of `all` and `iterate`: remove this when it does.
 */
const BY_WORDS: ReadonlyMap<string, number> = new Map([
  ['access permission denied', 3],
  ['database is locked', 5],
  ['out of memory', 7],
  ['attempt to write a readonly database', 8],
  ['disk I/O error', 10],
  ['database disk image is malformed', 11],
  ['database or disk is full', 13],
  ['unable to open database file', 14],
  ['locking protocol', 15],
  ['large file support is disabled', 22],
  ['file is not a database', 26],
]);

/** The primary code; undefined if the error is not SQLite's, or does not concern the file. */
export function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  // The upper bytes only add detail.
  if ('errcode' in error && typeof error.errcode === 'number') return error.errcode & 0xff;
  return BY_WORDS.get(error.message);
}
