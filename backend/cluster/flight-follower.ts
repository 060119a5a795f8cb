// Follows a run that another gateway leads: reads its entries from the start and reports them here, as if it ran here.
// If that gateway disappears before anything was reported, the run starts again, here or at a faster gateway; after
// that it fails.
import { AppError } from '../contract/errors.ts';
import { onAbort } from '../core/abort.ts';
import type { FlightContext } from '../core/flight.ts';
import type { Clock } from '../core/ports.ts';
import { FOLLOW } from './flight-scripts.ts';
import { LEAD_MS, type FlightNames } from './flight-lead.ts';
import { tracked, type Link } from './link.ts';
import { entryIn, failureOf, type ToldEntry } from './told-entry.ts';

/** Milliseconds until the next read even without a change, to see whether the lead is still held. */
const LOOK_MS = 500;
/** Entries per read. */
const PAGE = 500;

export interface FollowerParts {
  readonly link: Link;
  readonly clock: Clock;
  /** The name by which the leader tells its followers apart. */
  readonly self: string;
}

/** `over`: followed to the end. `gone`: the leader disappeared before anything was reported. `away`: Valkey did. */
export type Followed = 'over' | 'gone' | 'away';

/** The result of one read. */
interface Page {
  /** Token of the current leader; null if there is none. */
  readonly token: unknown;
  readonly entries: readonly ToldEntry[];
  /** There may be more entries. */
  readonly isFull: boolean;
}

export class FlightFollower {
  readonly #parts: FollowerParts;
  readonly #names: FlightNames;
  readonly #token: string;
  #read = 0;
  #changed = false;
  #wake: () => void = () => undefined;

  constructor(parts: FollowerParts, names: FlightNames, token: string) {
    this.#parts = parts;
    this.#names = names;
    this.#token = token;
  }

  /** The key that is read. */
  get told(): string {
    return this.#names.told(this.#token);
  }

  /** Call when there may be new entries. */
  changed(): void {
    this.#changed = true;
    this.#wake();
  }

  /**
   * Rejects with the run's failure, with leader_lost, or with the signal's reason when the last local caller has left.
   */
  async fly(context: FlightContext): Promise<Followed> {
    const off = onAbort(context.signal, () => this.changed());
    try {
      return await this.#follow(context);
    } finally {
      off();
      const { followers } = this.#names;
      this.#parts.link.ask((redis) => redis.hdel(followers, this.#parts.self)).catch(() => undefined);
    }
  }

  async #follow(context: FlightContext): Promise<Followed> {
    const { clock } = this.#parts;
    let heardAt = clock.elapsed();
    /** Entries of a run that lost its leader before anything was reported here: they count only if its end arrives. */
    let held: readonly ToldEntry[] = [];
    for (;;) {
      context.signal.throwIfAborted();
      this.#changed = false;
      const page = await this.#page(context).catch(() => undefined);
      if (page === undefined) {
        if (!context.begun()) return 'away';
        if (clock.elapsed() - heardAt > LEAD_MS) throw lostLeader();
      } else {
        heardAt = clock.elapsed();
        const entries = [...held, ...page.entries];
        const isLed = page.token === this.#token;
        if (!isLed && !context.begun() && !entries.some(isLast)) {
          if (!page.isFull) return 'gone';
          held = entries;
          continue;
        }
        held = [];
        const end = this.#take(entries, context);
        if (end === 'over') return 'over';
        const isGone = end === 'gone' || (!isLed && entries.length === 0);
        if (isGone && context.begun()) throw lostLeader();
        if (isGone) return 'gone';
      }
      if (page?.isFull !== true) await this.#pause();
    }
  }

  async #page(context: FlightContext): Promise<Page> {
    const { link, clock, self } = this.#parts;
    const { lead, followers } = this.#names;
    const args = [this.#read, PAGE, self, JSON.stringify(wordOf(context)), LEAD_MS];
    const [token, entries] = (await link.ask((redis) =>
      tracked(redis, (asked) => asked.eval(FOLLOW, 3, lead, this.told, followers, ...args)),
    )) as [unknown, [id: string, fields: string[]][]];
    this.#read += entries.length;
    const read = entries.flatMap(([, [, text = '{}']]) => entryIn(text, clock.elapsed()) ?? []);
    return { token, entries: read, isFull: entries.length === PAGE };
  }

  #take(entries: readonly ToldEntry[], context: FlightContext): 'over' | 'gone' | undefined {
    for (const entry of entries) {
      switch (entry.type) {
        case 'waiting':
          context.waiting(entry.waiting);
          break;
        case 'piece':
          context.tell(entry);
          break;
        case 'end':
          context.tell(entry);
          return 'over';
        case 'failed':
          throw failureOf(entry);
        case 'gone':
          return 'gone';
      }
    }
    return undefined;
  }

  #pause(): Promise<void> {
    if (this.#changed) return Promise.resolve();
    return new Promise((done) => {
      const stop = this.#parts.clock.after(LOOK_MS, done);
      this.#wake = () => {
        stop();
        done();
      };
    });
  }
}

function isLast({ type }: ToldEntry): boolean {
  return type === 'end' || type === 'failed' || type === 'gone';
}

/** What the leader should know of the callers here. */
function wordOf({ urgency }: FlightContext): object {
  const { class: of, priority } = urgency();
  return { class: of, priority };
}

function lostLeader(): AppError {
  return new AppError(
    'leader_lost',
    'The gateway that ran this answer is gone before it was complete. Ask again: another one runs it.',
  );
}
