// A run that another gateway leads: what it tells is read from its beginning and told here, as if it ran here. When that gateway is
// gone, the run is begun here, or with whoever was faster, as long as nothing was told; after that it fails.
import { AppError } from '../contract/errors.ts';
import { onAbort } from '../core/abort.ts';
import type { FlightContext } from '../core/flight.ts';
import type { Clock } from '../core/ports.ts';
import { FOLLOW } from './flight-scripts.ts';
import { LEAD_MS, type FlightNames } from './flight-lead.ts';
import { tracked, type Link } from './link.ts';
import { entryIn, failureOf, type ToldEntry } from './told-entry.ts';

/** Reads again after so long also when nothing is said to have changed: then it sees whether the lead is still held. */
const LOOK_MS = 500;
/** Entries read at once. */
const PAGE = 500;

export interface FollowerParts {
  readonly link: Link;
  readonly clock: Clock;
  /** By which the one who leads tells its followers apart. */
  readonly self: string;
}

/** `over`: it was told to its end. `gone`: the one who led is gone, and nothing was told. `away`: Valkey is, and nothing was told. */
export type Followed = 'over' | 'gone' | 'away';

/** What was read at once. */
interface Page {
  /** Of who leads now; null for nobody. */
  readonly token: unknown;
  readonly entries: readonly ToldEntry[];
  /** There may be more. */
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

  /** What is read. */
  get told(): string {
    return this.#names.told(this.#token);
  }

  /** There may be more. */
  changed(): void {
    this.#changed = true;
    this.#wake();
  }

  /** Rejects with what the run has failed with, with leader_lost, or with the signal's reason when the last one here has left. */
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
    /** Of a run that nobody leads any more, before anything of it was told here: it counts with its end, or not at all. */
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

/** What the one who leads should know of those who wait here. */
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
