// Which of SQLite's result codes an error stands for (sqlite.org/rescode.html).

/**
 * The words of the codes by which a file or a disk is judged, as sqlite3_errstr has them. @photostructure/sqlite 1.2 gives no
 * code with what fails in the middle of `all` and `iterate`: this can go when it does.
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

/** The primary code; undefined where the error is none of SQLite's, or says nothing of the file. */
export function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  // The upper bytes only tell more.
  if ('errcode' in error && typeof error.errcode === 'number') return error.errcode & 0xff;
  return BY_WORDS.get(error.message);
}
