// The register of living requests, by id and with their owners' shares. Ended ones are removed; jobs.ts keeps the
// results that somebody will fetch.
import { randomUUID } from 'node:crypto';
import { AppError } from '../../contract/errors.ts';
import { HandedOn, type Asker } from './handed-on.ts';
import type { Clock, NewId } from '../ports.ts';
import { requestExists, shuttingDown } from '../refusals.ts';
import type { Ticket } from './ticket.ts';

/** Listeners of the register. */
export interface Told {
  /** Called when a request has come; its id is final. */
  onArrived(ticket: Ticket): void;
  /** Called when a request has come or gone. */
  onChange(): void;
}

const DEAF: Told = { onArrived: () => undefined, onChange: () => undefined };

export class Requests {
  readonly #living = new Map<string, Ticket>();
  /** Requests that are handed on to Ollama and have no ticket. */
  readonly #handedOn = new Set<HandedOn>();
  /** By owner, the requests of both kinds that count towards its share. */
  readonly #counted = new Map<string, Set<Ticket | HandedOn>>();
  #closed = false;
  readonly #whenEmpty: (() => void)[] = [];
  readonly #told: Told;
  readonly #newId: NewId;

  constructor(told: Told = DEAF, newId: NewId = randomUUID) {
    this.#told = told;
    this.#newId = newId;
  }

  /**
   * Registers a request; a second time for the same one is harmless. If another living request has its id, it gets a
   * new one, since programs send one X-Request-ID for several requests; if no other id will do, throws request_exists.
   * Throws client_limit when its owner has as many as allowed. A cache hit neither waits nor runs, so it is not
   * counted.
   */
  add(ticket: Ticket): void {
    const living = this.#living.get(ticket.id);
    if (living === ticket) return;
    if (ticket.source !== 'hit') this.#checkShare(ticket);
    if (living !== undefined) {
      if (!ticket.anyId) throw requestExists(ticket.id);
      ticket.id = this.#newId();
    }
    this.#living.set(ticket.id, ticket);
    if (ticket.source !== 'hit') this.#count(ticket.owner, ticket);
    this.#told.onArrived(ticket);
    this.#told.onChange();
  }

  /**
   * Registers a request that is handed on to Ollama without a ticket; always `end` it. Throws client_limit,
   * shutting_down.
   */
  handOn(asker: Asker): HandedOn {
    if (this.#closed) throw shuttingDown();
    this.#checkShare(asker);
    const handedOn = new HandedOn(asker, () => {
      this.#handedOn.delete(handedOn);
      this.#uncount(asker.owner, handedOn);
      this.#lookWhetherEmpty();
    });
    this.#handedOn.add(handedOn);
    if (asker.maxActive !== undefined) this.#count(asker.owner, handedOn);
    return handedOn;
  }

  #checkShare({ owner, maxActive, caller }: Asker): void {
    if (maxActive === undefined) return;
    if ((this.#counted.get(owner)?.size ?? 0) < maxActive) return;
    throw new AppError(
      'client_limit',
      `"${caller}" may have ${maxActive} requests at once, and has them. Wait until one of them has ended.`,
      { retryAfterMs: 1000 },
    );
  }

  #count(owner: string, one: Ticket | HandedOn): void {
    const counted = this.#counted.get(owner) ?? new Set();
    this.#counted.set(owner, counted.add(one));
  }

  #uncount(owner: string, one: Ticket | HandedOn): void {
    const counted = this.#counted.get(owner);
    counted?.delete(one);
    if (counted?.size === 0) this.#counted.delete(owner);
  }

  remove(ticket: Ticket): void {
    if (this.#living.get(ticket.id) === ticket) {
      this.#living.delete(ticket.id);
      this.#uncount(ticket.owner, ticket);
      this.#told.onChange();
    }
    this.#lookWhetherEmpty();
  }

  get #isEmpty(): boolean {
    return this.#living.size === 0 && this.#handedOn.size === 0;
  }

  #lookWhetherEmpty(): void {
    if (!this.#isEmpty) return;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  /** From now on nothing is handed on. */
  close(): void {
    this.#closed = true;
  }

  /** Whether it was closed: this gateway stops. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Cancels all living requests, including those handed on. */
  cancelAll(reason: AppError): void {
    for (const ticket of this.list()) ticket.cancel('request', reason);
    for (const handedOn of this.#handedOn) handedOn.cancel(reason);
  }

  /** The machine slept until now: silence of the models counts from here. */
  woke(): void {
    for (const ticket of this.#living.values()) ticket.woke();
  }

  /** Resolves when no request lives and none is handed on. */
  async empty(): Promise<void> {
    if (this.#isEmpty) return;
    await new Promise<void>((resolve) => this.#whenEmpty.push(resolve));
  }

  /** The same, or after `ms`. */
  async emptyWithin(ms: number, clock: Clock): Promise<void> {
    const settled = new AbortController();
    await Promise.race([this.empty(), clock.sleep(ms, settled.signal).catch(() => undefined)]);
    settled.abort();
  }

  get(id: string): Ticket | undefined {
    return this.#living.get(id);
  }

  /** All living requests, in order of arrival. */
  list(): Ticket[] {
    return [...this.#living.values()];
  }
}
