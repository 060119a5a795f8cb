// Leads a run for the fleet: shares its events with the other gateways in small batches and renews the lead meanwhile.
// If another gateway takes the lead, nothing more is shared or stored; local callers still get their answer. If the
// leader is unknown, as while Valkey is away, or the others cannot be reached, nothing more is shared, and the answer
// is stored like any other.
import type { Waiting } from '../contract/chat/chat.ts';
import { mostUrgent, type Urgency } from '../contract/chat/chat-request.ts';
import type { Clock } from '../core/ports.ts';
import type { FlightContext, Lead } from '../core/flight.ts';
import type { AnswerLead } from './shared-answers.ts';
import { ANOTHER, FORGOTTEN, LEAD, LEAVE } from './flight-scripts.ts';
import type { Link } from './link.ts';
import { failureEntry, waitingEntry, type ToldEntry } from './told-entry.ts';
import { isReply } from './valkey-failure.ts';

/** Milliseconds until a lead that is not renewed expires and another gateway may take over. */
export const LEAD_MS = 3000;
const RENEW_MS = 1000;
/** How long shared entries can be read after the run has ended, or its gateway has. Milliseconds. */
const TOLD_MS = 15_000;
/** Faster pieces are sent together. Milliseconds. */
const GAP_MS = 25;
/** Pause before a retry of what Valkey could not take. Milliseconds. */
const AGAIN_MS = 200;
/** Maximum bytes per send, and in total: a longer answer stays on this gateway, and its followers get an error. */
const MOST_AT_ONCE = 256 * 1024;
const MOST_TOLD = 8 * 1024 * 1024;

/** The keys of one flight in Valkey. */
export interface FlightNames {
  readonly lead: string;
  readonly followers: string;
  /** The stream of the gateway with this token. */
  told(token: string): string;
}

export interface LeadParts {
  readonly link: Link;
  readonly clock: Clock;
  /** Called when more or less urgent callers wait elsewhere. */
  urgencyChanged(): void;
}

export class FlightLead implements AnswerLead {
  readonly #parts: LeadParts;
  readonly #names: FlightNames;
  readonly token: string;
  /** Entries, as text, that Valkey has not confirmed, and the number that it has. */
  readonly #entries: string[] = [];
  #had = 0;
  #bytes = 0;
  /** Another gateway leads. */
  #isLost = false;
  /** Nothing more is shared. */
  #isQuiet = false;
  /** Valkey went away meanwhile, and may have lost its entries. */
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

  /** Call when Valkey is away. */
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

  /** Runs the answer and shares its events. Throws at once what `lead` throws. */
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

  /** Sends the rest, unless Valkey stays away longer than a lead lasts, and gives the lead back. */
  async #finish(): Promise<void> {
    while (this.#entries.length > 0 && !this.#isQuiet) {
      await (this.#telling ?? this.#tellAll());
      if (this.#entries.length > 0) await this.#pause(AGAIN_MS);
    }
    await this.#giveBack('1');
  }

  /** Lets another gateway run it, since this one stops. Resolves when the others know. */
  async handOver(): Promise<void> {
    this.#tell({ type: 'gone' });
    this.#over();
    this.#ended ??= this.#finish();
    await this.#ended;
    this.#giveUp?.();
  }

  /** Nobody waits here any more; somebody may wait elsewhere. */
  async #left(giveUp: () => void): Promise<void> {
    this.#giveUp = giveUp;
    if (await this.#giveBack('0')) giveUp();
  }

  /** Gives the lead back; true if this gateway no longer has it, and then nothing of the run counts any more. */
  async #giveBack(inAnyCase: '0' | '1'): Promise<boolean> {
    if (!(await this.#leaveLead(inAnyCase))) return false;
    this.lost();
    return true;
  }

  /** Whether nobody elsewhere depends on the run. */
  async #leaveLead(inAnyCase: '0' | '1'): Promise<boolean> {
    if (this.#isQuiet) return true;
    const { lead, followers } = this.#names;
    try {
      const gone = await this.#parts.link.ask((redis) => redis.eval(LEAVE, 2, lead, followers, this.token, inAnyCase));
      return gone === 1;
    } catch {
      // While Valkey is away nobody elsewhere gets anything of it.
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

  /** Sends pending entries, or just a sign of life. False: Valkey is away, and the next renewal sends them again. */
  async #send(): Promise<boolean> {
    const { link, clock } = this.#parts;
    const { lead, followers, told } = this.#names;
    const batch = this.#batch();
    const args = [this.token, LEAD_MS, TOLD_MS, this.#had, ...batch];
    try {
      const words = await link.ask((redis) => redis.eval(LEAD, 3, lead, told(this.token), followers, ...args));
      if (!Array.isArray(words)) {
        // A Valkey that was away may have forgotten the leader; KEEP then decides whose answer counts.
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
      // By then another may lead; and a Valkey without room cannot take the rest either.
      if (isReply(error) || clock.elapsed() - this.#lastHeard > LEAD_MS) this.#quiet();
      return false;
    }
  }

  #batch(): readonly string[] {
    let bytes = 0;
    const last = this.#entries.findIndex((text) => (bytes += text.length) > MOST_AT_ONCE);
    return last < 0 ? [...this.#entries] : this.#entries.slice(0, Math.max(1, last));
  }

  /** Reads what the followers report about themselves. */
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
