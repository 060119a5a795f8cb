// The tables of a shelf. Records are in a table of their own, so noting a use or marking one as gone does not rewrite
// it. Records are grouped by owner and label: a clear marks groups, and their records are deleted later. A long record
// is written in parts, each in its own transaction, and exists once the last one is written.

/** Maximum records in a group, and so the most that a clear by age must check one by one. */
export const GROUP_SIZE = 250;
/** Bytes of a record written at once. */
export const PART_BYTES = 64 * 1024;

/** A record to be stored. */
export interface Kept {
  readonly key: string;
  readonly owner: string;
  /** For clearing many records at once. */
  readonly label: string;
  /** Notes stored with the record. */
  readonly about: string;
  readonly record: Uint8Array;
  /** Milliseconds. */
  readonly ttlMs: number;
}

export interface Found {
  readonly owner: string;
  readonly label: string;
  readonly about: string;
  readonly record: Buffer;
  /** Milliseconds since it was stored, and until it expires. */
  readonly ageMs: number;
  readonly leftMs: number;
}

/** A record with its times by KeptTime. */
export interface Dated extends Kept {
  readonly keptAt: number;
  readonly expiresAt: number;
}

/** SQL that creates the tables of a shelf. `name` is a constant of Hearth, never outside input. */
export function shelfTables(name: string): string {
  return `
    CREATE TABLE ${name}_groups (
      id INTEGER PRIMARY KEY,
      owner TEXT NOT NULL,
      label TEXT NOT NULL,
      entries INTEGER NOT NULL,
      bytes INTEGER NOT NULL,
      newest_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      is_gone INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE ${name} (
      id INTEGER PRIMARY KEY,
      key TEXT NOT NULL UNIQUE,
      group_id INTEGER NOT NULL,
      kept_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      used_at INTEGER NOT NULL,
      bytes INTEGER NOT NULL,
      about TEXT NOT NULL,
      checksum INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX ${name}_by_group ON ${name} (group_id);
    CREATE INDEX ${name}_by_use ON ${name} (used_at);
    CREATE TABLE ${name}_records (id INTEGER PRIMARY KEY, record BLOB NOT NULL) STRICT;
    CREATE TABLE ${name}_totals (
      entries INTEGER NOT NULL,
      pages INTEGER NOT NULL,
      noted_at INTEGER NOT NULL
    ) STRICT;
    INSERT INTO ${name}_totals VALUES (0, 0, 0);
  `;
}

/** Tables for all but the last parts of long records, by key, and for the keys of incomplete records. */
export function partTables(name: string): string {
  return `
    CREATE TABLE ${name}_parts (key TEXT NOT NULL, n INTEGER NOT NULL, part BLOB NOT NULL, PRIMARY KEY (key, n)) STRICT;
    CREATE TABLE ${name}_coming (key TEXT PRIMARY KEY) STRICT;
  `;
}

/** Shelves no longer have a time of their own. */
export const NOTED_NO_MORE = ['answers', 'conversations']
  .map((name) => `ALTER TABLE ${name}_totals DROP COLUMN noted_at;`)
  .join('\n');

/** A record with its figures. STRICT tables guarantee the columns' types; the checksum guards their content. */
export interface FoundRow {
  readonly id: number;
  readonly owner: string;
  readonly label: string;
  readonly kept_at: number;
  readonly expires_at: number;
  readonly used_at: number;
  readonly about: string;
  readonly bytes: number;
  readonly checksum: number;
  /** The last part of a long record. Null if the record is missing. */
  readonly record: Uint8Array | null;
}

/** What is needed to delete a record. */
export interface Place {
  readonly id: number;
  readonly key: string;
  readonly owner: string;
  readonly group_id: number;
  readonly bytes: number;
  readonly is_gone: number;
}

export interface GroupRow {
  readonly id: number;
  readonly owner: string;
  readonly label: string;
  readonly entries: number;
  readonly bytes: number;
  readonly newest_at: number;
}

export interface Totals {
  readonly entries: number;
  readonly pages: number;
}

/** The SQL statements of a shelf. */
export function shelfStatements(name: string) {
  const place = `a.id, a.key, a.group_id, a.bytes, g.owner, g.is_gone FROM ${name} a JOIN ${name}_groups g ON g.id = a.group_id`;
  return {
    find: `
      SELECT a.id, g.owner, g.label, a.kept_at, a.expires_at, a.used_at, a.about, a.bytes, a.checksum, r.record
      FROM ${name} a JOIN ${name}_groups g ON g.id = a.group_id LEFT JOIN ${name}_records r ON r.id = a.id
      WHERE a.key = ? AND a.expires_at > ? AND g.is_gone = 0`,
    place: `SELECT ${place} WHERE a.key = ?`,
    among: `SELECT ${place} WHERE a.key IN (SELECT value FROM json_each(?)) AND g.is_gone = 0`,
    /** The first key with this prefix; U+10FFFF sorts after anything that may follow. */
    begins: `SELECT ${place} WHERE a.key >= ?1 AND a.key < ?1 || char(1114111) AND g.is_gone = 0 LIMIT 1`,
    leastUsed: `SELECT ${place} ORDER BY a.used_at LIMIT ?`,
    ofGroup: `SELECT ${place} WHERE a.group_id = ? LIMIT ?`,
    add: `
      INSERT INTO ${name} (key, group_id, kept_at, expires_at, used_at, bytes, about, checksum)
      VALUES (?1, ?2, ?3, ?4, ?3, ?5, ?6, ?7) RETURNING id`,
    addRecord: `INSERT INTO ${name}_records (id, record) VALUES (?, ?)`,
    remove: `DELETE FROM ${name} WHERE id = ?`,
    removeRecord: `DELETE FROM ${name}_records WHERE id = ?`,
    addPart: `INSERT OR REPLACE INTO ${name}_parts (key, n, part) VALUES (?, ?, ?)`,
    parts: `SELECT part FROM ${name}_parts WHERE key = ? ORDER BY n`,
    countParts: `SELECT count(*) AS parts FROM ${name}_parts WHERE key = ?`,
    removeParts: `DELETE FROM ${name}_parts WHERE key = ?`,
    removePart: `DELETE FROM ${name}_parts WHERE rowid = (SELECT rowid FROM ${name}_parts WHERE key = ? LIMIT 1)`,
    comes: `INSERT OR IGNORE INTO ${name}_coming (key) VALUES (?)`,
    comesNoMore: `DELETE FROM ${name}_coming WHERE key = ?`,
    coming: `SELECT key FROM ${name}_coming`,
    use: `UPDATE ${name} SET used_at = ? WHERE key = ?`,
    groups: `SELECT id, owner, label, entries, bytes, newest_at FROM ${name}_groups WHERE is_gone = 0`,
    openGroup: `INSERT INTO ${name}_groups (owner, label, entries, bytes, newest_at, expires_at, is_gone) VALUES (?, ?, 0, 0, 0, 0, ?) RETURNING id`,
    /** Changes nothing if the group is full, gone, or another one by now. */
    intoGroup: `
      UPDATE ${name}_groups SET entries = entries + 1, bytes = bytes + ?1, newest_at = max(newest_at, ?2), expires_at = max(expires_at, ?3)
      WHERE id = ?4 AND owner = ?5 AND label = ?6 AND is_gone = 0 AND entries < ${GROUP_SIZE}`,
    outOfGroup: `UPDATE ${name}_groups SET entries = entries - ?, bytes = bytes - ? WHERE id = ?`,
    removeIfEmpty: `DELETE FROM ${name}_groups WHERE id = ? AND entries <= 0 AND is_gone = 0`,
    markGone: `UPDATE ${name}_groups SET is_gone = 1 WHERE id = ?`,
    removeGroup: `DELETE FROM ${name}_groups WHERE id = ?`,
    /** Marked as gone, or completely expired. */
    deadGroup: `SELECT id, entries, is_gone FROM ${name}_groups WHERE is_gone = 1 OR expires_at <= ? LIMIT 1`,
    olderSum: `SELECT count(*) AS entries, coalesce(sum(bytes), 0) AS bytes FROM ${name} WHERE group_id = ? AND kept_at < ?`,
    moveOlder: `UPDATE ${name} SET group_id = ? WHERE group_id = ? AND kept_at < ?`,
    totals: `SELECT entries, pages FROM ${name}_totals`,
    addTotals: `UPDATE ${name}_totals SET entries = entries + ?, pages = pages + ? RETURNING entries, pages`,
  };
}
