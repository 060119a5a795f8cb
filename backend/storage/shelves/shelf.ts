// Stores records by key on disk: limited in pages, evicted least recently used first, each with a checksum and a time
// to live; a long record is written in parts. A cleared record is never found again from the moment `clear` returns;
// its space is freed in portions. There is no index in memory, and creating a shelf reads nothing. It knows neither
// answers nor conversations.
import { crc32 } from 'node:zlib';
import type { Removed } from '../../contract/views/control.ts';
import { sees } from '../../core/ownership.ts';
import { NOTED_EVERY_MS, type StoreFigures } from '../../core/disk.ts';
import type { Sql } from '../rows.ts';
import type { Database, Lane } from '../database.ts';
import type { KeptTime } from '../kept-time.ts';
import { OwedRemovals } from './owed-removals.ts';
import { partsBefore, ShelfRooms } from './shelf-rooms.ts';
import {
  shelfStatements,
  type Dated,
  type Found,
  type FoundRow,
  type GroupRow,
  type Kept,
  type Place,
} from './shelf-tables.ts';

/** A record that is not written yet. */
interface Waiting extends Dated {
  /** It was removed before it was written, or replaced. */
  dropped: boolean;
}

/** Which records to clear. */
export type IsMeant = (owner: string, label: string) => boolean;

/** Bytes that may wait to be written; records beyond that are not stored on disk. */
const MOST_WAITING = 64 * 1024 * 1024;
/** Uses that wait to be noted, and the number noted at once. */
const MOST_USES = 10_000;
const USES_AT_ONCE = 100;

const NOTHING: Removed = { removed: 0, freed_bytes: 0 };

export class Shelf {
  readonly #db: Database;
  readonly #time: KeptTime;
  readonly #maxBytes: () => number;
  readonly #lane: Lane | undefined;
  readonly #sql: ReturnType<typeof shelfStatements>;
  readonly #rooms: ShelfRooms;
  readonly #waiting = new Map<string, Waiting>();
  #waitingBytes = 0;
  readonly #uses = new Set<string>();
  readonly #owed: OwedRemovals;
  readonly #deaf: () => void;
  #damaged = 0;

  /** `name`: of its tables (shelfTables). `maxBytes` is read each time. `lane`: for its pending writes. */
  constructor(name: string, db: Database, time: KeptTime, maxBytes: () => number, lane?: Lane) {
    this.#db = db;
    this.#time = time;
    this.#maxBytes = maxBytes;
    this.#lane = lane;
    this.#sql = shelfStatements(name);
    this.#rooms = new ShelfRooms(this.#sql, db, maxBytes, time, (key) => this.#waiting.has(key));
    this.#owed = new OwedRemovals({
      takeOut: (sql, key) => this.#takeOut(sql, key),
      all: () => {
        const until = this.#time.now() + 1;
        return (sql) => void this.#markGone(sql, () => true, until);
      },
    });
    this.#deaf = db.onChange(({ isDurable }) => this.#moved(isDurable));
  }

  /** Records found damaged, and removed. */
  get damaged(): number {
    return this.#damaged;
  }

  /**
   * Undefined if the record does not exist, has expired, or is damaged. Also finds records that are not written yet.
   */
  find(key: string): Found | undefined {
    const now = this.#time.now();
    const waits = this.#waiting.get(key);
    if (waits !== undefined) {
      if (waits.expiresAt <= now) return undefined;
      const { owner, label, about, record, keptAt, expiresAt } = waits;
      return { owner, label, about, record: asBuffer(record), ageMs: now - keptAt, leftMs: expiresAt - now };
    }
    if (!this.#db.isDurable) return undefined;
    const row = this.#db.read((sql) => this.#whole(sql, key, now));
    if (row === undefined) return undefined;
    const { owner, label, about, record, kept_at: keptAt, expires_at: expiresAt } = row;
    if (record === null || row.checksum !== checksumOf({ key, owner, label, about, record, keptAt, expiresAt })) {
      this.#damaged++;
      this.#db.commit((sql) => this.#takeOut(sql, key));
      return undefined;
    }
    if (now - row.used_at >= NOTED_EVERY_MS) this.used(key);
    return { owner, label, about, record: asBuffer(record), ageMs: now - keptAt, leftMs: expiresAt - now };
  }

  /** The row of a key with its whole record. */
  #whole(sql: Sql, key: string, now: number): FoundRow | undefined {
    const row = sql.get(this.#sql.find, key, now) as FoundRow | undefined;
    if (row === undefined || row.record === null) return row;
    return { ...row, record: this.#rooms.whole(sql, key, row.bytes, row.record) };
  }

  /**
   * Writes within a second; replaces a record with the same key. The record is not copied. False: it cannot be stored.
   */
  keep(kept: Kept): boolean {
    const { key, record } = kept;
    this.#drop(this.#waiting.get(key));
    if (!this.#db.isDurable) {
      this.#owed.key(key);
      return false;
    }
    if (record.length > this.#maxBytes() || this.#waitingBytes + record.length > MOST_WAITING) {
      // The old record must not be found in place of the new one.
      this.#db.later((sql) => void this.#takeOut(sql, key), this.#lane);
      return false;
    }
    const keptAt = this.#time.now();
    const waiting = { ...kept, keptAt, expiresAt: keptAt + Math.ceil(kept.ttlMs), dropped: false };
    this.#waiting.set(key, waiting);
    this.#waitingBytes += record.length;
    for (let n = 0; n < partsBefore(record); n++) {
      this.#db.later((sql) => this.#writePart(sql, waiting, n), this.#lane);
    }
    this.#db.later((sql) => this.#write(sql, waiting), this.#lane);
    return true;
  }

  #writePart(sql: Sql, waiting: Waiting, n: number): void {
    if (waiting.dropped || !this.#db.isDurable) return;
    if (this.#rooms.measured(sql, () => this.#rooms.putPart(sql, waiting, n))) this.#rooms.makeRoom(sql);
  }

  #write(sql: Sql, waiting: Waiting): void {
    const { key, dropped } = waiting;
    const isLong = partsBefore(waiting.record) > 0;
    if (this.#db.isDurable) {
      // The disk may have been away when a part was written.
      if (isLong && (dropped || !this.#rooms.hasParts(sql, waiting))) {
        this.#rooms.measured(sql, () => this.#rooms.giveUp(sql, key));
      } else if (!dropped) {
        const put = (): number =>
          (isLong ? 0 : this.#rooms.takeOut(sql, key)) + this.#rooms.put(sql, waiting, checksumOf(waiting));
        if (this.#rooms.measured(sql, put)) this.#rooms.makeRoom(sql);
      }
    } else if (!dropped) this.#owed.key(key);
    // Not marked as dropped: if this transaction fails, it is written again.
    if (this.#waiting.get(key) === waiting) this.#forget(waiting);
  }

  #drop(waiting: Waiting | undefined): void {
    if (waiting === undefined) return;
    waiting.dropped = true;
    this.#forget(waiting);
  }

  #forget({ key, record }: Waiting): void {
    this.#waiting.delete(key);
    this.#waitingBytes -= record.length;
  }

  /** Notes that a record was used, together with others a little later. */
  used(key: string): void {
    if (this.#uses.size >= MOST_USES) return;
    if (this.#uses.size === 0) this.#db.later((sql) => this.#noteUses(sql));
    this.#uses.add(key);
  }

  #noteUses(sql: Sql): void {
    const now = this.#time.now();
    let noted = 0;
    for (const key of this.#uses) {
      if (noted++ === USES_AT_ONCE) return this.#db.later((again) => this.#noteUses(again));
      this.#uses.delete(key);
      sql.run(this.#sql.use, now, key);
    }
  }

  /** A key with this prefix. */
  keyFrom(beginning: string): string | undefined {
    for (const key of this.#waiting.keys()) if (key.startsWith(beginning)) return key;
    if (!this.#db.isDurable) return undefined;
    return (this.#db.read((sql) => sql.get(this.#sql.begins, beginning)) as Place | undefined)?.key;
  }

  /** Removes one record, if the watcher may see it. On disk when this returns. */
  delete(key: string, watcher: string): Removed {
    const waits = this.#waiting.get(key);
    if (waits !== undefined && !sees(watcher, waits.owner)) return NOTHING;
    this.#drop(waits);
    const removed = waits === undefined ? NOTHING : { removed: 1, freed_bytes: waits.record.length };
    if (!this.#db.isDurable) {
      this.#owed.key(key);
      return removed;
    }
    const place = this.#db.read((sql) => sql.get(this.#sql.place, key)) as Place | undefined;
    if (place === undefined || place.is_gone !== 0 || !sees(watcher, place.owner)) return removed;
    this.#db.commit((sql) => this.#takeOut(sql, key));
    return { removed: 1, freed_bytes: place.bytes };
  }

  /**
   * Removes matching records, or those of them that are older. They are neither found nor counted from now on; that is
   * on disk when this returns.
   */
  clear(isMeant: IsMeant, olderThanMs?: number): Removed {
    const before = olderThanMs === undefined ? Infinity : this.#time.now() - olderThanMs;
    const dropped = [...this.#waiting.values()].filter(
      ({ owner, label, keptAt }) => isMeant(owner, label) && keptAt < before,
    );
    for (const each of dropped) this.#drop(each);
    if (!this.#db.isDurable) {
      const until = Math.min(before, this.#time.now() + 1);
      this.#owed.clear((sql) => void this.#markGone(sql, isMeant, until));
      return sumOf(dropped);
    }
    const removed = this.#db.commit((sql) => {
      // The others replace a record that is counted there.
      const kept = this.#keptOf(sql, dropped);
      const fresh = sumOf(dropped.filter(({ key }) => !kept.has(key)));
      const gone = this.#markGone(sql, isMeant, before);
      return { removed: gone.removed + fresh.removed, freed_bytes: gone.freed_bytes + fresh.freed_bytes };
    });
    this.#rooms.tidy();
    return removed;
  }

  /** The keys that also have an older record on disk. A single query, as there may be thousands. */
  #keptOf(sql: Sql, records: readonly Waiting[]): ReadonlySet<string> {
    const keys = JSON.stringify(records.map(({ key }) => key));
    return new Set((sql.all(this.#sql.among, keys) as readonly Place[]).map(({ key }) => key));
  }

  #markGone(sql: Sql, isMeant: IsMeant, before: number): Removed {
    let removed = 0;
    let bytes = 0;
    const groups = sql.all(this.#sql.groups) as readonly GroupRow[];
    this.#rooms.measured(sql, () => {
      for (const group of groups) {
        if (!isMeant(group.owner, group.label)) continue;
        const gone =
          group.newest_at < before ? this.#rooms.markGone(sql, group) : this.#rooms.markOlder(sql, group, before);
        removed += gone.removed;
        bytes += gone.freed_bytes;
      }
      return -removed;
    });
    return { removed, freed_bytes: bytes };
  }

  #takeOut(sql: Sql, key: string): void {
    this.#rooms.measured(sql, () => this.#rooms.takeOut(sql, key));
  }

  /** The store has moved between disk and memory. */
  #moved(isDurable: boolean): void {
    this.#rooms.moved();
    if (!isDurable) return;
    if (!this.#owed.pay(this.#db)) return;
    this.#rooms.tidy();
  }

  /** After a change of the limit. */
  reconfigured(): void {
    this.#rooms.tidy();
  }

  close(): void {
    this.#deaf();
  }

  /** Undefined: nothing is stored on disk. Up to a second late, but never includes anything that was cleared. */
  get figures(): StoreFigures | undefined {
    if (!this.#db.isDurable) return undefined;
    const { entries, bytes } = this.#db.read((sql) => this.#rooms.sizeOf(sql));
    return { entries, bytes, max_bytes: this.#maxBytes() };
  }
}

function sumOf(records: readonly Waiting[]): Removed {
  return { removed: records.length, freed_bytes: records.reduce((sum, { record }) => sum + record.length, 0) };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Covers all that is read back; a record under another's key fails too. */
function checksumOf({ key, owner, label, about, record, keptAt, expiresAt }: Omit<Dated, 'ttlMs'>): number {
  return crc32(record, crc32(JSON.stringify([key, owner, label, about, keptAt, expiresAt])));
}
