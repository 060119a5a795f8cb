// The figures of the past as rows: one for each step of each span, and in it one for all, for each model, for each caller.
import type { SpanName } from '../contract/spans.ts';
import { Digest } from '../core/telemetry/digest.ts';
import { Figures, SUMS, type Sum } from '../core/telemetry/figures.ts';
import type { HistoryStore } from '../core/telemetry/kept-history.ts';
import { GROUPS, OTHERS, type Group, type Share } from '../core/telemetry/tally.ts';
import { stepsOf } from '../core/telemetry/columns.ts';
import { LOCAL } from '../core/ownership.ts';
import type { Database } from './database.ts';
import type { Sql } from './rows.ts';

/** Models, and callers, of one step that have a row of their own. */
const MOST_SHARES = 32;

/** "group" is a word of SQL. `step` is a number that grows with time; see core/telemetry/steps.ts. */
export const HISTORY_TABLES = `
CREATE TABLE history (
  span TEXT NOT NULL,
  part TEXT NOT NULL,
  step INTEGER NOT NULL,
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  ${SUMS.map((name) => `${name} REAL NOT NULL,`).join('\n  ')}
  most_waiting INTEGER NOT NULL,
  waits BLOB NOT NULL,
  ttfts BLOB NOT NULL,
  PRIMARY KEY (span, part, step, owner, name)
) STRICT, WITHOUT ROWID;
`;

const COLUMNS = [...SUMS, 'most_waiting', 'waits', 'ttfts'] as const;
const ONE = 'span = ? AND part = ? AND step = ? AND owner = ? AND name = ?';
const READ_ONE = `SELECT ${COLUMNS.join(', ')} FROM history WHERE ${ONE}`;
const PUT = `INSERT OR REPLACE INTO history (span, part, step, owner, name, ${COLUMNS.join(', ')})
  VALUES (${Array.from({ length: COLUMNS.length + 5 }, () => '?').join(', ')})`;

/** Which row. */
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
    read(span, from) {
      database.flush('history');
      const rows = database.read((sql) => rowsFrom(sql, span, 'all', from));
      return new Map(rows.map(({ step, figures }) => [step, figures]));
    },
    sums(span, from, group) {
      database.flush('history');
      const sums = new Map<string, Share>();
      for (const { owner, name, figures } of database.read((sql) => rowsFrom(sql, span, group, from))) {
        const key = JSON.stringify([owner, name]);
        const sum = sums.get(key) ?? { group, name, owner, figures: new Figures() };
        sum.figures.add(figures);
        sums.set(key, sum);
      }
      return [...sums.values()].toSorted((a, b) => b.figures.requests - a.figures.requests);
    },
  };
}

/** The row of a share: its own, or that of the others where its step has as many as it may have. */
function placeFor(sql: Sql, key: Key): Key {
  const [span, part, step] = key;
  if (sql.get(`SELECT 1 FROM history WHERE ${ONE}`, ...key) !== undefined) return key;
  const row = sql.get('SELECT count(*) AS n FROM history WHERE span = ? AND part = ? AND step = ?', span, part, step);
  return Number((row as { readonly n: unknown } | undefined)?.n ?? 0) < MOST_SHARES
    ? key
    : [span, part, step, LOCAL, OTHERS];
}

function addTo(sql: Sql, key: Key, { figures }: Share): void {
  const sum = new Figures().add(figures).add(figuresOf(sql.get(READ_ONE, ...key)) ?? new Figures());
  sql.run(
    PUT,
    ...key,
    ...SUMS.map((name) => sum.sums[name]),
    sum.most_waiting,
    sum.waits.toBytes(),
    sum.ttfts.toBytes(),
  );
}

/** By how many there are and not by their age, so that a clock that is set forward and back takes nothing away. */
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

interface Row {
  readonly step: number;
  readonly owner: string;
  readonly name: string;
  readonly figures: Figures;
}

/** Rows that can't be read are left out. */
function rowsFrom(sql: Sql, span: SpanName, part: Group, from: number): Row[] {
  const rows = sql.all(
    'SELECT * FROM history WHERE span = ? AND part = ? AND step >= ? ORDER BY step',
    span,
    part,
    from,
  );
  return rows.flatMap((row) => {
    const { step, owner, name } = row as { readonly [column: string]: unknown };
    const figures = figuresOf(row);
    const isWhole = typeof step === 'number' && typeof owner === 'string' && typeof name === 'string';
    return figures === undefined || !isWhole ? [] : [{ step, owner, name, figures }];
  });
}

/** Undefined for what is no such row; the tables are STRICT, so that only what a byte says can be wrong. */
function figuresOf(row: unknown): Figures | undefined {
  if (row === undefined) return undefined;
  const { most_waiting, waits, ttfts, ...sums } = row as Readonly<Record<Sum | 'most_waiting', number>> &
    Readonly<Record<'waits' | 'ttfts', Uint8Array>>;
  const digests = { waits: Digest.fromBytes(waits), ttfts: Digest.fromBytes(ttfts) };
  if (digests.waits === undefined || digests.ttfts === undefined) return undefined;
  const figures = new Figures();
  for (const name of SUMS) figures.sums[name] = sums[name];
  return Object.assign(figures, { most_waiting, waits: digests.waits, ttfts: digests.ttfts });
}
