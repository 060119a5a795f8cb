// The register of requests that live, each by its id and with its owner's share. Finished ones are forgotten here; jobs.ts
// keeps the results that somebody will fetch.
import { randomUUID } from 'node:crypto';
import { AppError } from '../../contract/errors.ts';
import { HandedOn, type Asker } from './handed-on.ts';
import type { Clock, NewId } from '../ports.ts';
import { requestExists, shuttingDown } from '../refusals.ts';
import type { Ticket } from './ticket.ts';

/** Who is told of those that live. */
export interface Told {
  /** One has come; it has its id for good. */
  onArrived(ticket: Ticket): void;
  /** One has come or gone. */
  onChange(): void;
}

const DEAF: Told = { onArrived: () => undefined, onChange: () => undefined };

export class Requests {
  readonly #living = new Map<string, Ticket>();
  /** Those that are handed on to Ollama and so have no ticket. */
  readonly #handedOn = new Set<HandedOn>();
  /** By owner, those of both that count for its share. */
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
   * Registers a request, or the same one again. Where another living one has the same id it is given a new one, as programs
   * send one X-Request-ID for several requests; where no other will do, throws request_exists. Throws client_limit when its
   * owner has as many as it may have. A request that is being answered from the cache neither waits nor runs: it is let
   * through and not counted.
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
   * Registers one that is handed on to Ollama without a ticket; `end` it in any case. Throws client_limit, shutting_down.
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

  /** From now on nothing is handed on any more. */
  close(): void {
    this.#closed = true;
  }

  /** Whether it was closed: this gateway stops. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Ends all that live early, those handed on too. */
  cancelAll(reason: AppError): void {
    for (const ticket of this.list()) ticket.cancel('request', reason);
    for (const handedOn of this.#handedOn) handedOn.cancel(reason);
  }

  /** The machine has slept until now: the silence of their models counts from here. */
  woke(): void {
    for (const ticket of this.#living.values()) ticket.woke();
  }

  /** Resolves when no request lives and none is handed on. */
  async empty(): Promise<void> {
    if (this.#isEmpty) return;
    await new Promise<void>((resolve) => this.#whenEmpty.push(resolve));
  }

  /** Likewise, or after `ms`. */
  async emptyWithin(ms: number, clock: Clock): Promise<void> {
    const settled = new AbortController();
    await Promise.race([this.empty(), clock.sleep(ms, settled.signal).catch(() => undefined)]);
    settled.abort();
  }

  get(id: string): Ticket | undefined {
    return this.#living.get(id);
  }

  /** All that live, in the order of arrival. */
  list(): Ticket[] {
    return [...this.#living.values()];
  }
}
