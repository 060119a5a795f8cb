// A run that this gateway leads for the fleet: what it tells is told to the others in small batches, and the lead is renewed
// meanwhile. When another gateway leads nothing more is told or kept; those who ask this gateway still get their answer. Where that
// is not known, as when Valkey is away, or where the others can't be told, nothing more is told, and the answer is kept as any other.
import type { Waiting } from '../contract/chat/chat.ts';
import { mostUrgent, type Urgency } from '../contract/chat/chat-request.ts';
import type { Clock } from '../core/ports.ts';
import type { FlightContext, Lead } from '../core/flight.ts';
import type { AnswerLead } from './shared-answers.ts';
import { ANOTHER, FORGOTTEN, LEAD, LEAVE } from './flight-scripts.ts';
import type { Link } from './link.ts';
import { failureEntry, waitingEntry, type ToldEntry } from './told-entry.ts';
import { isReply } from './valkey-failure.ts';

/** A lead that is not renewed is free after this; it is the time in which another gateway takes over. Milliseconds. */
export const LEAD_MS = 3000;
const RENEW_MS = 1000;
/** For how long what was told can be read after it has ended, or its gateway has. Milliseconds. */
const TOLD_MS = 15_000;
/** Pieces that come faster are told together. Milliseconds. */
const GAP_MS = 25;
/** What Valkey could not take is told again after this. Milliseconds. */
const AGAIN_MS = 200;
/** Bytes told at once, and in all: a longer answer is this gateway's own, and who followed it gets an error. */
const MOST_AT_ONCE = 256 * 1024;
const MOST_TOLD = 8 * 1024 * 1024;

/** Keys of one flight in Valkey. */
export interface FlightNames {
  readonly lead: string;
  readonly followers: string;
  /** What the gateway with this token tells. */
  told(token: string): string;
}

export interface LeadParts {
  readonly link: Link;
  readonly clock: Clock;
  /** Somebody more urgent, or less, waits for it elsewhere. */
  urgencyChanged(): void;
}

export class FlightLead implements AnswerLead {
  readonly #parts: LeadParts;
  readonly #names: FlightNames;
  readonly token: string;
  /** Entries that Valkey does not have for sure, as texts, and how many it has. */
  readonly #entries: string[] = [];
  #had = 0;
  #bytes = 0;
  /** Another one leads. */
  #isLost = false;
  /** The others are told nothing more. */
  #isQuiet = false;
  /** Valkey went away meanwhile, and may have lost what it had. */
  #wasCut = false;
  #isOver = false;
  #telling: Promise<void> | undefined;
  #ended: Promise<void> | undefined;
  #stopRenewing: () => void = () => undefined;
  readonly #since: number;
  #lastHeard: number;
  #others: readonly Urgency[] = [];
  #giveUp: (() => void) | undefined;

  constructor(parts: LeadParts, names: FlightNames, token: string) {
    this.#parts = parts;
    this.#names = names;
    this.token = token;
    this.#since = parts.clock.elapsed();
    this.#lastHeard = this.#since;
    this.#renewLater();
  }

  get name(): string {
    return this.#names.lead;
  }

  get holds(): boolean {
    return !this.#isLost;
  }

  get ageMs(): number {
    return this.#parts.clock.elapsed() - this.#since;
  }

  lost(): void {
    this.#isLost = true;
    this.#quiet();
  }

  /** Valkey is away. */
  cut(): void {
    this.#wasCut = true;
  }

  #quiet(): void {
    this.#isQuiet = true;
    this.#entries.length = 0;
    this.#over();
  }

  /** Gives the lead back unused. */
  leave(): void {
    this.#over();
    void this.#giveBack('1');
  }

  /** Runs it, and tells what comes of it. Throws at once what `lead` throws. */
  fly(context: FlightContext, lead: Lead): Promise<void> {
    let run: Promise<void>;
    try {
      run = lead({
        ...context,
        fence: this,
        urgency: () => mostUrgent([context.urgency(), ...this.#others]),
        waiting: (waiting: Waiting) => {
          context.waiting(waiting);
          this.#tell(waitingEntry(waiting, this.#parts.clock.elapsed()));
        },
        tell: (event) => {
          context.tell(event);
          this.#tell(event);
        },
      });
    } catch (error) {
      this.leave();
      throw error;
    }
    context.whenLeft((giveUp) => void this.#left(giveUp));
    return this.#windUp(run);
  }

  async #windUp(run: Promise<void>): Promise<void> {
    try {
      await run;
    } catch (error) {
      this.#tell(failureEntry(error));
      throw error;
    } finally {
      this.#over();
      this.#ended = this.#finish();
    }
  }

  /** Tells the rest, as long as Valkey is not away for longer than a lead lasts, and gives the lead back. */
  async #finish(): Promise<void> {
    while (this.#entries.length > 0 && !this.#isQuiet) {
      await (this.#telling ?? this.#tellAll());
      if (this.#entries.length > 0) await this.#pause(AGAIN_MS);
    }
    await this.#giveBack('1');
  }

  /** Another is to run it from now on, since this gateway stops. Resolves when the others know. */
  async handOver(): Promise<void> {
    this.#tell({ type: 'gone' });
    this.#over();
    this.#ended ??= this.#finish();
    await this.#ended;
    this.#giveUp?.();
  }

  /** Nobody here waits any more. Elsewhere somebody may. */
  async #left(giveUp: () => void): Promise<void> {
    this.#giveUp = giveUp;
    if (await this.#giveBack('0')) giveUp();
  }

  /** Whether the lead is not ours now; then nothing of it counts any more. */
  async #giveBack(inAnyCase: '0' | '1'): Promise<boolean> {
    if (!(await this.#leaveLead(inAnyCase))) return false;
    this.lost();
    return true;
  }

  /** Whether nobody elsewhere has anything of it now. */
  async #leaveLead(inAnyCase: '0' | '1'): Promise<boolean> {
    if (this.#isQuiet) return true;
    const { lead, followers } = this.#names;
    try {
      const gone = await this.#parts.link.ask((redis) => redis.eval(LEAVE, 2, lead, followers, this.token, inAnyCase));
      return gone === 1;
    } catch {
      // Where Valkey is away nobody elsewhere has anything of it.
      return true;
    }
  }

  #tell(entry: ToldEntry): void {
    if (this.#isQuiet) return;
    const text = JSON.stringify(entry);
    this.#bytes += text.length;
    this.#entries.push(this.#bytes > MOST_TOLD ? JSON.stringify({ type: 'gone' } satisfies ToldEntry) : text);
    this.#telling ??= this.#tellAll().finally(() => (this.#telling = undefined));
  }

  async #tellAll(): Promise<void> {
    while (this.#entries.length > 0 && !this.#isQuiet) {
      if (!(await this.#send())) return;
      if (this.#bytes > MOST_TOLD) {
        await this.#leaveLead('1');
        this.#quiet();
        return;
      }
      if (!this.#isOver) await this.#pause(GAP_MS);
    }
  }

  /** Sends what is there, or nothing but a sign of life. False: Valkey is away, and it is sent again when the lead is renewed. */
  async #send(): Promise<boolean> {
    const { link, clock } = this.#parts;
    const { lead, followers, told } = this.#names;
    const batch = this.#batch();
    const args = [this.token, LEAD_MS, TOLD_MS, this.#had, ...batch];
    try {
      const words = await link.ask((redis) => redis.eval(LEAD, 3, lead, told(this.token), followers, ...args));
      if (!Array.isArray(words)) {
        // A Valkey that was away may have forgotten who leads; then KEEP says whose answer counts.
        if (words === FORGOTTEN || (words !== ANOTHER && this.#wasCut)) this.#quiet();
        else this.lost();
        return false;
      }
      this.#lastHeard = clock.elapsed();
      this.#had += batch.length;
      this.#entries.splice(0, batch.length);
      this.#hear(words.map(String));
      return true;
    } catch (error) {
      // By then another may lead; and one that has no room cannot be told the rest either.
      if (isReply(error) || clock.elapsed() - this.#lastHeard > LEAD_MS) this.#quiet();
      return false;
    }
  }

  #batch(): readonly string[] {
    let bytes = 0;
    const last = this.#entries.findIndex((text) => (bytes += text.length) > MOST_AT_ONCE);
    return last < 0 ? [...this.#entries] : this.#entries.slice(0, Math.max(1, last));
  }

  /** What those who follow have said of themselves. */
  #hear(words: readonly string[]): void {
    const before = JSON.stringify(this.#others);
    this.#others = words.map((word) => JSON.parse(word) as Urgency);
    if (JSON.stringify(this.#others) !== before) this.#parts.urgencyChanged();
    if (this.#others.length === 0 && this.#giveUp !== undefined) void this.#left(this.#giveUp);
  }

  #renewLater(): void {
    this.#stopRenewing = this.#parts.clock.after(RENEW_MS, () => {
      void (this.#telling ?? this.#send()).finally(() => {
        if (this.#isOver) return;
        if (this.#entries.length > 0) this.#telling ??= this.#tellAll().finally(() => (this.#telling = undefined));
        this.#renewLater();
      });
    });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((next) => void this.#parts.clock.after(ms, next));
  }

  #over(): void {
    this.#isOver = true;
    this.#stopRenewing();
  }
}
