// Past figures as rows: for each step of each span a row for all, and one per model and per caller.
import type { SpanName } from '../contract/views/spans.ts';
import { isKept, type Digest } from '../core/telemetry/digest.ts';
import { Figures, SUMS, type Sum } from '../core/telemetry/step-figures.ts';
import type { HistoryStore } from '../core/telemetry/kept-history.ts';
import { lossesOf } from '../core/telemetry/losses.ts';
import { GROUPS, OTHERS, type Group, type Share } from '../core/telemetry/tally.ts';
import { stepsOf } from '../core/telemetry/steps.ts';
import { LOCAL } from '../core/ownership.ts';
import type { Database } from './database.ts';
import type { Sql } from './rows.ts';

/** Models, and callers, with a row of their own in one step. */
const MOST_SHARES = 32;

/**
 * The tables of version 1. "group" is a reserved word in SQL. `step` is a number that grows with time; see
 * core/telemetry/steps.ts.
 */
export const HISTORY_TABLES = `
CREATE TABLE history (
  span TEXT NOT NULL,
  part TEXT NOT NULL,
  step INTEGER NOT NULL,
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  hits REAL NOT NULL,
  misses REAL NOT NULL,
  coalesced REAL NOT NULL,
  bypassed REAL NOT NULL,
  prompt_tokens REAL NOT NULL,
  tokens REAL NOT NULL,
  eval_ms REAL NOT NULL,
  saved_ms REAL NOT NULL,
  saved_tokens REAL NOT NULL,
  most_waiting INTEGER NOT NULL,
  waits BLOB NOT NULL,
  ttfts BLOB NOT NULL,
  PRIMARY KEY (span, part, step, owner, name)
) STRICT, WITHOUT ROWID;
`;

/** Adds failures and the reuse of prompts. */
export const HISTORY_OF_THE_DAY = `
ALTER TABLE history ADD COLUMN failed REAL NOT NULL DEFAULT 0;
ALTER TABLE history ADD COLUMN cancelled REAL NOT NULL DEFAULT 0;
ALTER TABLE history ADD COLUMN reusable_tokens REAL NOT NULL DEFAULT 0;
ALTER TABLE history ADD COLUMN reused_tokens REAL NOT NULL DEFAULT 0;
ALTER TABLE history ADD COLUMN losses TEXT NOT NULL DEFAULT '';
`;

/** Adds prompt tokens that were read, and those that could have been spared. */
export const HISTORY_OF_PROMPTS = `
ALTER TABLE history ADD COLUMN processed_tokens REAL NOT NULL DEFAULT 0;
ALTER TABLE history ADD COLUMN spared_tokens REAL NOT NULL DEFAULT 0;
ALTER TABLE history ADD COLUMN sparable_tokens REAL NOT NULL DEFAULT 0;
`;

const COLUMNS = [...SUMS, 'most_waiting', 'waits', 'ttfts', 'losses'] as const;
const ONE = 'span = ? AND part = ? AND step = ? AND owner = ? AND name = ?';
const READ_ONE = `SELECT ${COLUMNS.join(', ')} FROM history WHERE ${ONE}`;
const READ_ALL = `SELECT step, ${COLUMNS.join(', ')} FROM history WHERE span = ? AND part = 'all' AND step >= ?`;
const OF_OWNER = ' AND owner = ?';
/** Aggregates many rows in SQL, since passing a row on costs more than reading it. */
const SUMMED = `SELECT owner, name, ${SUMS.map((name) => `sum(${name}) AS ${name}`).join(', ')},
  max(most_waiting) AS most_waiting, group_concat(hex(waits)) AS waits, group_concat(hex(ttfts)) AS ttfts,
  group_concat(nullif(losses, ''), char(10)) AS losses
  FROM history WHERE span = ? AND part = ? AND step BETWEEN ? AND ?${OF_OWNER} GROUP BY owner, name`;
const PUT = `INSERT OR REPLACE INTO history (span, part, step, owner, name, ${COLUMNS.join(', ')})
  VALUES (${Array.from({ length: COLUMNS.length + 5 }, () => '?').join(', ')})`;

/** The primary key of a row. */
type Key = readonly [span: SpanName, part: Group, step: number, owner: string, name: string];

export function historyStore(database: Pick<Database, 'later' | 'flush' | 'read'>): HistoryStore {
  return {
    add(span, step, shares) {
      database.later((sql) => {
        for (const share of shares)
          addTo(sql, placeFor(sql, [span, share.group, step, share.owner, share.name]), share);
        forgetOld(sql, span);
      }, 'history');
    },
    read(span, first) {
      database.flush('history');
      const found = new Map<number, Figures>();
      const rows = database.read((sql) => sql.all(READ_ALL, span, first)) as Row[];
      for (const row of rows) {
        const figures = new Figures();
        if (addRow(figures, row)) found.set(row.step, figures);
      }
      return found;
    },
    sums(span, { first, last }, { group, owner }) {
      database.flush('history');
      const those = owner === undefined ? SUMMED.replace(OF_OWNER, '') : SUMMED;
      const values = owner === undefined ? [] : [owner];
      const rows = database.read((sql) => sql.all(those, span, group, first, last, ...values)) as Summed[];
      return rows
        .map((row) => ({ group, name: row.name, owner: row.owner, figures: figuresOf(row) }))
        .toSorted((a, b) => b.figures.requests - a.figures.requests);
    },
  };
}

/** The row for a share: its own, or that of "others" if its step already has the maximum. */
function placeFor(sql: Sql, key: Key): Key {
  const [span, part, step] = key;
  if (sql.get(`SELECT 1 FROM history WHERE ${ONE}`, ...key) !== undefined) return key;
  const row = sql.get('SELECT count(*) AS n FROM history WHERE span = ? AND part = ? AND step = ?', span, part, step);
  return Number((row as { readonly n: unknown } | undefined)?.n ?? 0) < MOST_SHARES
    ? key
    : [span, part, step, LOCAL, OTHERS];
}

function addTo(sql: Sql, key: Key, { figures }: Share): void {
  const sum = new Figures().add(figures);
  const known = sql.get(READ_ONE, ...key) as Kept | undefined;
  if (known !== undefined) addRow(sum, known);
  sql.run(
    PUT,
    ...key,
    ...SUMS.map((name) => sum.sums[name]),
    sum.most_waiting,
    sum.waits.toBytes(),
    sum.ttfts.toBytes(),
    sum.losses.toText(),
  );
}

/** Deletes by number of steps, not by age, so that setting the clock forward and back deletes nothing. */
function forgetOld(sql: Sql, span: SpanName): void {
  const oldest = sql.get(
    "SELECT step FROM history WHERE span = ? AND part = 'all' ORDER BY step DESC LIMIT 1 OFFSET ?",
    span,
    stepsOf(span),
  ) as { readonly step: number } | undefined;
  if (oldest === undefined) return;
  for (const part of GROUPS) {
    sql.run('DELETE FROM history WHERE span = ? AND part = ? AND step <= ?', span, part, oldest.step);
  }
}

/** The tables are STRICT, so only the content of bytes and texts can be wrong. */
interface Kept extends Readonly<Record<Sum | 'most_waiting', number>> {
  readonly waits: Uint8Array;
  readonly ttfts: Uint8Array;
  readonly losses: string;
}

interface Row extends Kept {
  readonly step: number;
}

/** Adds a row. Returns whether it could be read; if not, nothing is added. */
function addRow(figures: Figures, row: Kept): boolean {
  const losses = lossesOf(row.losses);
  if (losses === undefined || !isKept(row.waits) || !isKept(row.ttfts)) return false;
  for (const name of SUMS) figures.sums[name] += row[name];
  figures.most_waiting = Math.max(figures.most_waiting, row.most_waiting);
  figures.waits.addKept(row.waits);
  figures.ttfts.addKept(row.ttfts);
  figures.losses.addKept(losses);
  return true;
}

/** Several rows as one: bytes as hex separated by commas, losses line by line. */
interface Summed extends Readonly<Record<Sum | 'most_waiting', number>> {
  readonly owner: string;
  readonly name: string;
  readonly waits: string;
  readonly ttfts: string;
  /** null if nothing was lost. */
  readonly losses: string | null;
}

/** Parts that cannot be read are skipped. */
function figuresOf(row: Summed): Figures {
  const figures = new Figures();
  for (const name of SUMS) figures.sums[name] = row[name];
  figures.most_waiting = row.most_waiting;
  addAll(figures.waits, row.waits);
  addAll(figures.ttfts, row.ttfts);
  for (const text of row.losses?.split('\n') ?? []) figures.losses.addKept(lossesOf(text) ?? []);
  return figures;
}

function addAll(digest: Digest, hex: string): void {
  for (const digits of hex.split(',')) {
    const bytes = Buffer.from(digits, 'hex');
    if (isKept(bytes)) digest.addKept(bytes);
  }
}
