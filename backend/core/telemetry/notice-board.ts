// Notices for the user. Each one describes a state, begins and ends with it, and is reported once, at its beginning. A
// state that returns soon after its end continues the same notice, so an Ollama that comes and goes ten times a minute
// is reported once, and so is one that outlasts a restart of the gateway. The latest notices can be read.
import type { NoticeFact } from '../../contract/views/control.ts';
import type { Clock, Log, PutNotice, Told } from '../ports.ts';

/** A state that returns within this time continues the same notice. Milliseconds. */
const CALM_MS = 5 * 60_000;
/** How many notices are remembered, and for how long after their end, in milliseconds. */
const MOST = 50;
const REMEMBERED_MS = 24 * 3_600_000;

interface Entry {
  readonly id: string;
  told: Told;
  /** On the wall clock, for display. Milliseconds since 1970. */
  readonly since: number;
  /** On the monotonic clock; Infinity while the state holds. */
  until: number;
  /** How often the state began. */
  times: number;
}

export interface BoardParts {
  readonly clock: Pick<Clock, 'now' | 'elapsed'>;
  readonly log: Pick<Log, 'warn'>;
  /** Called once for each notice. */
  tell(notice: NoticeFact): void;
  /** Called when a notice began, changed or ended. */
  changed(): void;
}

export class NoticeBoard {
  readonly #parts: BoardParts;
  /** By id, the latest notice. */
  readonly #latest = new Map<string, Entry>();
  /** The oldest first. */
  #entries: Entry[] = [];

  constructor(parts: BoardParts) {
    this.#parts = parts;
  }

  /** Sets a state, or ends it with undefined. Repeating it changes nothing. */
  readonly put: PutNotice = (id, told) => {
    const now = this.#parts.clock.elapsed();
    const entry = this.#latest.get(id);
    if (told === undefined) {
      if (entry === undefined || entry.until <= now) return;
      entry.until = now;
      return this.#parts.changed();
    }
    const until = told.lastsMs === undefined ? Infinity : now + told.lastsMs;
    if (entry === undefined || entry.until < now - CALM_MS) return this.#begin(id, told, until);
    const isNews = entry.until <= now || entry.told.text !== told.text;
    if (entry.until <= now) entry.times++;
    entry.told = told;
    entry.until = until;
    if (isNews) this.#parts.changed();
  };

  /** The gateway that reported all of this has stopped: ends all states until the next gateway reports them. */
  rest(): void {
    const now = this.#parts.clock.elapsed();
    for (const entry of this.#entries) entry.until = Math.min(entry.until, now);
  }

  #begin(id: string, told: Told, until: number): void {
    const entry: Entry = { id, told, since: this.#parts.clock.now(), until, times: 1 };
    this.#latest.set(id, entry);
    this.#entries.push(entry);
    this.#forget();
    if (told.isLogged === undefined) this.#parts.log.warn({ notice: id }, sentencesOf(told));
    this.#parts.tell(this.#fact(entry));
    this.#parts.changed();
  }

  /** Drops ended notices, the oldest first. */
  #forget(): void {
    const now = this.#parts.clock.elapsed();
    const isOld = ({ until }: Entry): boolean => until < now - REMEMBERED_MS;
    let tooMany = this.#entries.length - MOST;
    this.#entries = this.#entries.filter((entry) => {
      const goes = isOld(entry) || (tooMany > 0 && entry.until <= now);
      if (!goes) return true;
      tooMany--;
      if (this.#latest.get(entry.id) === entry) this.#latest.delete(entry.id);
      return false;
    });
  }

  /** The current notices that are reported nowhere else, as sentences without names. */
  get sentences(): string[] {
    const now = this.#parts.clock.elapsed();
    return this.#entries
      .filter(({ until, told }) => until > now && told.listOnly === undefined)
      .map(({ told }) => sentencesOf({ ...told, who: undefined }));
  }

  /** The latest notices, the newest first. They have names, so only those who may see everything get them. */
  get list(): NoticeFact[] {
    this.#forget();
    return this.#entries.map((entry) => this.#fact(entry)).toReversed();
  }

  #fact({ id, told, since, until, times }: Entry): NoticeFact {
    const { level = 'warning', text, who, todo } = told;
    const elapsed = this.#parts.clock.elapsed();
    const ended = until > elapsed ? null : new Date(this.#parts.clock.now() - (elapsed - until)).toISOString();
    return {
      id,
      level,
      text,
      ...(who === undefined ? {} : { who }),
      ...(todo === undefined ? {} : { todo }),
      since: new Date(since).toISOString(),
      until: ended,
      times,
    };
  }
}

/** The whole notice as one text. */
export function sentencesOf({ text, who, todo }: { [K in 'text' | 'who' | 'todo']?: string | undefined }): string {
  return [text, who, todo].filter((each) => each !== undefined).join(' ');
}
