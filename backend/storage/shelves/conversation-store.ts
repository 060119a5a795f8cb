// Conversations on disk, each as one record of text; core/conversations/ formats and parses it.
import type { Removed } from '../../contract/views/control.ts';
import { LOCAL, ownerOfSpace, sees } from '../../core/ownership.ts';
import type { ReadConfig } from '../../core/ports.ts';
import type { ConversationStore, StoredTalk, StoreFigures } from '../../core/disk.ts';
import type { Database, Lane } from '../database.ts';
import type { KeptTime } from '../kept-time.ts';
import { Shelf } from './shelf.ts';
import { partTables, shelfTables } from './shelf-tables.ts';

const MB = 1024 * 1024;

/** A turn from a job is written together with the job's end. */
export const TALKS: Lane = 'talks';

export const CONVERSATION_TABLES = shelfTables('conversations');
export const CONVERSATION_PARTS = partTables('conversations');

export class DiskConversations implements ConversationStore {
  readonly #shelf: Shelf;

  constructor(db: Database, time: KeptTime, config: ReadConfig) {
    const maxBytes = (): number => Math.floor(config().conversation_cache.max_size_mb * MB);
    this.#shelf = new Shelf('conversations', db, time, maxBytes, TALKS);
  }

  find(key: string): StoredTalk | undefined {
    const found = this.#shelf.find(rowKey(key));
    return found === undefined ? undefined : { text: found.record.toString('utf8'), ageMs: found.ageMs };
  }

  keep(key: string, text: string, ttlMs: number): boolean {
    const owner = ownerOfSpace(key.slice(0, key.indexOf('\n')));
    return this.#shelf.keep({
      key: rowKey(key),
      owner,
      label: '',
      about: '',
      record: Buffer.from(text, 'utf8'),
      ttlMs,
    });
  }

  delete(key: string): Removed {
    return this.#shelf.delete(rowKey(key), LOCAL);
  }

  clear(watcher: string): Removed {
    return this.#shelf.clear((owner) => sees(watcher, owner));
  }

  reconfigured(): void {
    this.#shelf.reconfigured();
  }

  close(): void {
    this.#shelf.close();
  }

  get figures(): StoreFigures | undefined {
    return this.#shelf.figures;
  }
}

/** SQLite's library cuts a text at its first NUL, and a namespace may contain one. */
function rowKey(key: string): string {
  return JSON.stringify(key);
}
