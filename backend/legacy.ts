// What a gateway leaves to the next one in the same process: its memory cache, its notices and the store. So a restart
// for a setting loses nothing, even if nothing is written to the disk.
import { ResponseCache } from './core/cache/cache.ts';
import type { NoticeFact } from './contract/views/control.ts';
import { Conversations } from './core/conversations/conversations.ts';
import type { Clock, Log, ReadConfig } from './core/ports.ts';
import { NoticeBoard } from './core/telemetry/notice-board.ts';
import { openDatabase, type Database } from './storage/database.ts';

/** The gateway that uses it now. */
interface Heir {
  readonly config: ReadConfig;
  /** Milliseconds until a waiting caller may begin. */
  nextPlace(): number;
  /** Called once for each notice; noticesChanged at each change of the list. */
  tell(notice: NoticeFact): void;
  noticesChanged(): void;
}

interface Kept {
  readonly cache: ResponseCache;
  readonly conversations: Conversations;
}

export class Legacy {
  readonly database: Database;
  readonly board: NoticeBoard;
  readonly #clock: Clock;
  #heir: Heir | undefined;
  #kept: Kept | undefined;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.database = openDatabase({ folder: undefined, clock, log });
    this.board = new NoticeBoard({
      clock,
      log,
      tell: (notice) => this.#heir?.tell(notice),
      changed: () => this.#heir?.noticesChanged(),
    });
  }

  /** Hands everything to a gateway, with its configuration; the previous gateway has stopped. */
  takenBy(heir: Heir): Kept {
    this.#heir = heir;
    this.#kept ??= this.#begin(heir);
    this.#kept.cache.reconfigured();
    this.#kept.conversations.reconfigured();
    return this.#kept;
  }

  #begin(first: Heir): Kept {
    const now = (): Heir => this.#heir ?? first;
    const config: ReadConfig = () => now().config();
    return {
      cache: new ResponseCache(config, this.#clock),
      conversations: new Conversations(config, this.#clock, () => now().nextPlace()),
    };
  }
}
