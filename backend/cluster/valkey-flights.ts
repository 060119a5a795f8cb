// Runs that the gateways of a fleet share through Valkey: decides who leads a run and who follows. flight-lead.ts has
// the leader's part, flight-follower.ts the follower's.
import { replay } from '../contract/chat/chat.ts';
import { decodeRecord } from '../core/cache/record.ts';
import type { Boarding, SharedAnswers, SharedFlights } from '../core/fleet.ts';
import type { FlightContext, Lead } from '../core/flight.ts';
import type { Clock } from '../core/ports.ts';
import { FlightFollower } from './flight-follower.ts';
import { FlightLead, LEAD_MS, type FlightNames } from './flight-lead.ts';
import { BOARD } from './flight-scripts.ts';
import type { Link, LinkUser } from './link.ts';

export interface ValkeyFlightsParts {
  readonly link: Link;
  readonly clock: Clock;
  /** Prefix of all names of flights. */
  readonly prefix: string;
  /** The name of this process. */
  readonly self: string;
  readonly answers: SharedAnswers & { nameOf(key: string): string };
  /** Called when more or less urgent callers elsewhere wait for a run here. */
  urgencyChanged(): void;
}

/** BOARD's result. */
type Place = readonly [place: 'lead' | 'follow' | 'kept', token: string];

export class ValkeyFlights implements SharedFlights, LinkUser {
  readonly #parts: ValkeyFlightsParts;
  readonly #followers = new Set<FlightFollower>();
  readonly #leads = new Set<FlightLead>();

  constructor(parts: ValkeyFlightsParts) {
    this.#parts = parts;
  }

  changed(name: string | undefined): void {
    for (const follower of this.#followers) if (name === undefined || name === follower.told) follower.changed();
  }

  down(): void {
    for (const lead of this.#leads) lead.cut();
  }

  /** Hands all runs led here over to other gateways. */
  async handOver(): Promise<void> {
    await Promise.all(Array.from(this.#leads, (lead) => lead.handOver()));
  }

  async board(key: string, answerKey: string | undefined): Promise<Boarding | undefined> {
    const place = await this.#ask(key, answerKey);
    if (place === undefined) return undefined;
    const [kind, token] = place;
    if (kind === 'lead') {
      const lead = this.#lead(key, token);
      return { leads: true, fly: (context, run) => this.#leadOn(lead, context, run), leave: () => lead.leave() };
    }
    return {
      leads: false,
      fly: (context, run) => this.#followOn({ key, answerKey }, place, context, run),
      leave: () => undefined,
    };
  }

  async #ask(key: string, answerKey: string | undefined): Promise<Place | undefined> {
    const { link, prefix, answers, self } = this.#parts;
    const names = [
      this.#namesOf(key).lead,
      `${prefix}count`,
      ...(answerKey === undefined ? [] : [answers.nameOf(answerKey)]),
    ];
    try {
      return (await link.ask((redis) => redis.eval(BOARD, names.length, ...names, LEAD_MS, self))) as Place;
    } catch {
      return undefined;
    }
  }

  #lead(key: string, token: string): FlightLead {
    return new FlightLead(this.#parts, this.#namesOf(key), token);
  }

  #leadOn(lead: FlightLead, context: FlightContext, run: Lead): Promise<void> {
    const flown = lead.fly(context, run);
    this.#leads.add(lead);
    return flown.finally(() => this.#leads.delete(lead));
  }

  async #followOn(
    flight: { readonly key: string; readonly answerKey: string | undefined },
    first: Place,
    context: FlightContext,
    run: Lead,
  ): Promise<void> {
    const { key, answerKey } = flight;
    let place: Place | undefined = first;
    for (;;) {
      // Without Valkey the run is this gateway's own.
      if (place === undefined) return await run(context);
      const [kind, token] = place;
      if (kind === 'lead') return await this.#leadOn(this.#lead(key, token), context, run);
      if (kind === 'kept' && answerKey !== undefined && (await this.#tellKept(answerKey, context))) return;
      if (kind === 'follow') {
        const how = await this.#follow(key, token, context);
        if (how === 'over') return;
        if (how === 'away') return await run(context);
      }
      context.signal.throwIfAborted();
      // An answer that was stored but could not be read is run again.
      place = await this.#ask(key, kind === 'kept' ? undefined : answerKey);
    }
  }

  async #follow(key: string, token: string, context: FlightContext): ReturnType<FlightFollower['fly']> {
    const follower = new FlightFollower(this.#parts, this.#namesOf(key), token);
    this.#followers.add(follower);
    try {
      return await follower.fly(context);
    } finally {
      this.#followers.delete(follower);
    }
  }

  async #tellKept(key: string, context: FlightContext): Promise<boolean> {
    const answer = (await this.#parts.answers.find([key])).get(key);
    if (answer === undefined) return false;
    for (const event of replay(decodeRecord(answer.bytes))) context.tell(event);
    return true;
  }

  #namesOf(key: string): FlightNames {
    const name = `${this.#parts.prefix}${key}`;
    return { lead: `${name}:lead`, followers: `${name}:followers`, told: (token) => `${name}:told:${token}` };
  }
}
