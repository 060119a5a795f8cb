// Cached answers and vectors on disk: the notes of each, as text beside its record. The core decides which request may
// have an answer; shelf.ts stores the records.
import type { Removed } from '../../contract/views/control.ts';
import { canonicalName } from '../../contract/model-name.ts';
import { sees } from '../../core/ownership.ts';
import type { ReadConfig } from '../../core/ports.ts';
import type { AnswerNotes, AnswerStore, StoreFigures, StoredAnswer, ToRemove } from '../../core/disk.ts';
import type { Database } from '../database.ts';
import type { KeptTime } from '../kept-time.ts';
import { Shelf } from './shelf.ts';
import { partTables, shelfTables } from './shelf-tables.ts';

const MB = 1024 * 1024;

export const ANSWER_TABLES = shelfTables('answers');
export const ANSWER_PARTS = partTables('answers');

/** The notes beside a record; the shelf itself knows owner and model. */
type About = Omit<AnswerNotes, 'owner' | 'model'>;

export class DiskAnswers implements AnswerStore {
  readonly #shelf: Shelf;

  constructor(db: Database, time: KeptTime, config: ReadConfig) {
    this.#shelf = new Shelf('answers', db, time, () => Math.floor(config().cache.disk_max_size_mb * MB));
  }

  find(key: string): StoredAnswer | undefined {
    const found = this.#shelf.find(key);
    if (found === undefined) return undefined;
    const { owner, label, about, record, ageMs, leftMs } = found;
    // Not validated: the record's checksum has shown that Hearth wrote it.
    return { owner, model: label, ...(JSON.parse(about) as About), bytes: record, ageMs, leftMs };
  }

  keep(key: string, bytes: Uint8Array, { owner, model, ...about }: AnswerNotes, ttlMs: number): boolean {
    return this.#shelf.keep({ key, owner, label: model, about: JSON.stringify(about), record: bytes, ttlMs });
  }

  used(key: string): void {
    this.#shelf.used(key);
  }

  delete(beginning: string, watcher: string): Removed {
    return this.#shelf.delete(this.#shelf.keyFrom(beginning) ?? beginning, watcher);
  }

  clear({ watcher, model, olderThanS }: ToRemove): Removed {
    const wanted = model === undefined ? undefined : canonicalName(model);
    return this.#shelf.clear(
      (owner, label) => sees(watcher, owner) && (wanted === undefined || canonicalName(label) === wanted),
      olderThanS === undefined ? undefined : olderThanS * 1000,
    );
  }

  reconfigured(): void {
    this.#shelf.reconfigured();
  }

  close(): void {
    this.#shelf.close();
  }

  /** Answers found damaged since the start, and removed. */
  get damaged(): number {
    return this.#shelf.damaged;
  }

  get figures(): StoreFigures | undefined {
    return this.#shelf.figures;
  }
}
