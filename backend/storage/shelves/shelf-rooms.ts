// The space of a shelf: which pages its rows take, and what must be evicted to stay within the limit. Everything runs
// inside a transaction of the caller, except `tidy`, which runs in portions outside of requests.
import type { Removed } from '../../contract/views/control.ts';
import type { Sql } from '../rows.ts';
import type { Database } from '../database.ts';
import type { KeptTime } from '../kept-time.ts';
import {
  PART_BYTES,
  type Dated,
  type GroupRow,
  type Place,
  type shelfStatements,
  type Totals,
} from './shelf-tables.ts';

/** SQLite's default, since nothing sets another. */
const PAGE_BYTES = 4096;
/** Maximum records and bytes deleted in one portion. */
const PORTION_RECORDS = 32;
const PORTION_BYTES = 1024 * 1024;
/** Time limit of a portion. Milliseconds. */
const PORTION_MS = 2;

export class ShelfRooms {
  readonly #sql: ReturnType<typeof shelfStatements>;
  readonly #db: Database;
  readonly #maxBytes: () => number;
  readonly #time: KeptTime;
  /** The group for the next record of an owner and a label, as last known. */
  readonly #open = new Map<string, number>();
  readonly #isComing: (key: string) => boolean;
  #tidying = false;

  /** `isComing`: whether the parts of a long record are being written. */
  constructor(
    sql: ReturnType<typeof shelfStatements>,
    db: Database,
    maxBytes: () => number,
    time: KeptTime,
    isComing: (key: string) => boolean,
  ) {
    this.#sql = sql;
    this.#db = db;
    this.#maxBytes = maxBytes;
    this.#time = time;
    this.#isComing = isComing;
  }

  /** The store has moved: other rows are there now. */
  moved(): void {
    this.#open.clear();
  }

  sizeOf(sql: Sql): { readonly entries: number; readonly bytes: number } {
    const { entries, pages } = this.#totals(sql);
    return { entries, bytes: pages * PAGE_BYTES };
  }

  #totals(sql: Sql): Totals {
    return (sql.get(this.#sql.totals) as Totals | undefined) ?? { entries: 0, pages: 0 };
  }

  /**
   * Runs work on the shelf's rows, and adds the change in used pages. `work` returns the change in entries. Returns
   * whether the shelf is over its limit now.
   */
  measured(sql: Sql, work: () => number): boolean {
    const before = usedPages(sql);
    const entries = work();
    const pages = usedPages(sql) - before;
    const totals = sql.get(this.#sql.addTotals, entries, pages) as Totals | undefined;
    return totals !== undefined && this.#over(totals) > 0;
  }

  /** Adds a part of a long record, which is not found before `put`; the first part replaces an earlier record. */
  putPart(sql: Sql, { key, record }: Dated, n: number): number {
    const more = n > 0 ? 0 : this.takeOut(sql, key);
    if (n === 0) sql.run(this.#sql.removeParts, key);
    sql.run(this.#sql.comes, key);
    sql.run(this.#sql.addPart, key, n, record.subarray(n * PART_BYTES, (n + 1) * PART_BYTES));
    return more;
  }

  /** Whether all parts of a long record but the last are stored. */
  hasParts(sql: Sql, { key, record }: Dated): boolean {
    return (sql.get(this.#sql.countParts, key) as { parts: number }).parts === partsBefore(record);
  }

  /** A whole record, from its last part. */
  whole(sql: Sql, key: string, bytes: number, last: Uint8Array): Uint8Array {
    if (bytes <= PART_BYTES) return last;
    const parts = sql.all(this.#sql.parts, key) as readonly { readonly part: Uint8Array }[];
    return parts.length === 0 ? last : Buffer.concat([...parts.map(({ part }) => part), last]);
  }

  /** Deletes the parts of a record that will not be completed. */
  giveUp(sql: Sql, key: string): number {
    if (sql.run(this.#sql.comesNoMore, key).changes > 0) sql.run(this.#sql.removeParts, key);
    return 0;
  }

  /** Adds a record, or the last part of a long one. Returns the change in entries. */
  put(sql: Sql, kept: Dated, checksum: number): number {
    const { key, about, record, keptAt, expiresAt } = kept;
    const bytes = record.length + about.length + key.length;
    const group = this.#groupFor(sql, kept, bytes);
    const { id } = sql.get(this.#sql.add, key, group, keptAt, expiresAt, bytes, about, checksum) as { id: number };
    const before = partsBefore(record);
    sql.run(this.#sql.addRecord, id, record.subarray(before * PART_BYTES));
    if (before > 0) sql.run(this.#sql.comesNoMore, key);
    return 1;
  }

  #groupFor(sql: Sql, { owner, label, keptAt, expiresAt }: Dated, bytes: number): number {
    const name = JSON.stringify([owner, label]);
    const known = this.#open.get(name);
    const into = (group: number): boolean =>
      sql.run(this.#sql.intoGroup, bytes, keptAt, expiresAt, group, owner, label).changes > 0;
    if (known !== undefined && into(known)) return known;
    const { id } = sql.get(this.#sql.openGroup, owner, label, 0) as { id: number };
    into(id);
    this.#open.set(name, id);
    return id;
  }

  /** Deletes the record of a key. Returns the change in entries. */
  takeOut(sql: Sql, key: string): number {
    const place = sql.get(this.#sql.place, key) as Place | undefined;
    return place === undefined ? 0 : this.#remove(sql, place);
  }

  /** Deletes as many records as one portion allows, at least one. Returns the change in entries. */
  #removeSome(sql: Sql, places: readonly Place[]): number {
    const until = this.#time.elapsed() + PORTION_MS;
    let more = 0;
    for (const place of places) {
      more += this.#remove(sql, place);
      if (this.#time.elapsed() > until) break;
    }
    return more;
  }

  #remove(sql: Sql, { id, key, group_id, bytes, is_gone }: Place): number {
    sql.run(this.#sql.remove, id);
    sql.run(this.#sql.removeRecord, id);
    if (bytes > PART_BYTES) sql.run(this.#sql.removeParts, key);
    // A marked record was subtracted from the sums when it was marked.
    if (is_gone !== 0) return 0;
    sql.run(this.#sql.outOfGroup, 1, bytes, group_id);
    sql.run(this.#sql.removeIfEmpty, group_id);
    return -1;
  }

  /** Marks a group's records as gone: they are not found from now on. The caller subtracts them from the sum. */
  markGone(sql: Sql, { id, entries, bytes }: GroupRow): Removed {
    sql.run(this.#sql.markGone, id);
    return { removed: entries, freed_bytes: bytes };
  }

  /** Marks those of its records as gone that were stored before a moment. */
  markOlder(sql: Sql, { id, owner, label }: GroupRow, before: number): Removed {
    const { entries, bytes } = sql.get(this.#sql.olderSum, id, before) as { entries: number; bytes: number };
    if (entries === 0) return { removed: 0, freed_bytes: 0 };
    const gone = sql.get(this.#sql.openGroup, owner, label, 1) as { id: number };
    sql.run(this.#sql.moveOlder, gone.id, id, before);
    sql.run(this.#sql.outOfGroup, entries, bytes, id);
    return { removed: entries, freed_bytes: bytes };
  }

  /** Evicts one portion if the shelf is over its limit; `tidy` does the rest. */
  makeRoom(sql: Sql): void {
    this.#takeOutSome(sql);
    this.tidy();
  }

  /** Bytes by which the shelf exceeds its limit; negative if it does not. */
  #over({ pages }: Pick<Totals, 'pages'>): number {
    return pages * PAGE_BYTES - this.#maxBytes();
  }

  /** Deletes gone and expired records, and evicts down to the limit, in portions. */
  tidy(): void {
    if (this.#tidying) return;
    this.#tidying = true;
    this.#db.later((sql) => {
      this.#tidying = false;
      if (this.#db.isDurable && this.#takeOutSome(sql)) this.tidy();
    });
  }

  /** One portion of the least recently used records: as many as the shelf is over its limit. */
  #leastUsed(sql: Sql): readonly Place[] {
    const over = this.#over(this.#totals(sql));
    if (over <= 0) return [];
    return untilBytes(sql.all(this.#sql.leastUsed, PORTION_RECORDS) as readonly Place[], Math.min(over, PORTION_BYTES));
  }

  /**
   * Deletes one portion of the parts that an earlier process, or a failed disk, left without their last part. False:
   * there are none.
   */
  #takeOutParts(sql: Sql): boolean {
    const coming = sql.all(this.#sql.coming) as readonly { readonly key: string }[];
    const left = coming.find(({ key }) => !this.#isComing(key));
    if (left === undefined) return false;
    const until = this.#time.elapsed() + PORTION_MS;
    while (sql.run(this.#sql.removePart, left.key).changes > 0) if (this.#time.elapsed() > until) return true;
    sql.run(this.#sql.comesNoMore, left.key);
    return true;
  }

  /** Deletes one portion of records. False: nothing has to go. */
  #takeOutSome(sql: Sql): boolean {
    let found = false;
    this.measured(sql, () => {
      if (this.#takeOutParts(sql)) {
        found = true;
        return 0;
      }
      const dead = sql.get(this.#sql.deadGroup, this.#time.now()) as DeadGroup | undefined;
      if (dead === undefined) {
        const out = this.#leastUsed(sql);
        found = out.length > 0;
        return this.#removeSome(sql, out);
      }
      found = true;
      if (dead.is_gone === 0) sql.run(this.#sql.markGone, dead.id);
      const places = sql.all(this.#sql.ofGroup, dead.id, PORTION_RECORDS) as readonly Place[];
      this.#removeSome(sql, untilBytes(places, PORTION_BYTES));
      if (places.length === 0) sql.run(this.#sql.removeGroup, dead.id);
      return dead.is_gone === 0 ? -dead.entries : 0;
    });
    return found;
  }
}

/** Number of parts of a record that are written before its last. */
export function partsBefore(record: Uint8Array): number {
  return Math.max(0, Math.ceil(record.length / PART_BYTES) - 1);
}

/** A group of answers that nobody may have any more. */
interface DeadGroup {
  readonly id: number;
  readonly entries: number;
  /** 1: its removal was counted already. */
  readonly is_gone: number;
}

/** The first records that together have that many bytes, or all. */
function untilBytes(places: readonly Place[], most: number): readonly Place[] {
  let bytes = 0;
  const last = places.findIndex((place) => (bytes += place.bytes) >= most);
  return last < 0 ? places : places.slice(0, last + 1);
}

/** Pages of the file that are in use. */
function usedPages(sql: Sql): number {
  return pragma(sql, 'page_count') - pragma(sql, 'freelist_count');
}

function pragma(sql: Sql, name: 'page_count' | 'freelist_count'): number {
  return Number(Object.values((sql.get(`PRAGMA ${name}`) as object | undefined) ?? { none: 0 })[0]);
}
