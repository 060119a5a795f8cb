// The story of an embed: takes kept vectors from the cache text by text, requests the others together, and keeps the
// results. It has the same stages as a chat, but its answers come whole.
import type { Source } from '../../../contract/chat/chat.ts';
import { AppError } from '../../../contract/errors.ts';
import type { ResponseCache } from '../../cache/cache.ts';
import type { Hit } from '../../cache/hit.ts';
import { keyed } from '../../cache/keyed.ts';
import type { CachePlan, CacheWish } from '../../cache/policy.ts';
import { furthest } from '../../cache/tiers.ts';
import { encodeVector, type Vector } from '../../cache/vector-record.ts';
import type { Meter, ReadConfig, UpstreamRequest } from '../../ports.ts';
import { shuttingDown } from '../../refusals.ts';
import type { CacheDefault } from '../../requests/call.ts';
import { type CacheOutcome, Ticket, type TicketOptions } from '../../requests/ticket.ts';
import { Batcher } from './batcher.ts';
import type { EmbedFamily, Result } from './embed-group.ts';
import type { ClosingParts } from '../chat/closing.ts';
import type { Hindsight } from '../reasons/hindsight.ts';
import { type KeptVector, keptVectors } from './kept-vectors.ts';
import { withLifetime } from '../chat/request-lifetime.ts';
import type { Machine } from '../machines/machine.ts';
import type { Machines } from '../machines/machine-choice.ts';
import { whyNotAsked } from '../reasons/missed.ts';
import { letIn, type Understood, understand } from '../chat/question.ts';
import { modeOf, type Recorder, REPLAYING } from '../chat/recorder.ts';
import { withFailover, type Stay } from '../machines/failover.ts';
import { settle } from '../chat/settle.ts';
import { asksOf, embeddedAt, placed } from '../chat/traced.ts';

/** One request for vectors, in the form that every route translates to. */
export interface EmbedCall extends TicketOptions {
  readonly family: EmbedFamily;
  /** The request without its texts. */
  readonly request: UpstreamRequest;
  /** At least one. */
  readonly texts: readonly string[];
  readonly namespace: string;
  readonly wishes: readonly CacheWish[];
  readonly cacheByDefault: CacheDefault;
}

export interface EmbedAnswer {
  readonly source: Source;
  readonly cache: CacheOutcome;
  /** In the order of the texts. */
  readonly vectors: readonly (readonly number[])[];
  /** The same with the figures of each vector. */
  readonly each: readonly Vector[];
  readonly tokens: number;
  /** Nanoseconds of the runs that made the vectors, including runs of kept vectors. */
  readonly totalDuration: number;
  readonly loadDuration: number;
}

export interface EmbedderParts extends ClosingParts {
  readonly config: ReadConfig;
  readonly machines: Machines;
  readonly cache: ResponseCache;
  readonly meter?: Pick<Meter, 'ran'> | undefined;
  readonly hindsight: Pick<Hindsight, 'ofTexts'>;
  readonly recorder: Pick<Recorder, 'keepVectors' | 'vectors'>;
}

/** The texts of a request that have no kept vector. */
interface Missing {
  readonly ticket: Ticket;
  readonly machine: Machine;
  readonly stay: Stay;
  readonly asked: Understood;
  readonly texts: readonly string[];
}

/** The vectors of a request, and how they are to be kept. */
interface Outcome {
  /** The vectors of all texts. */
  readonly found: ReadonlyMap<string, Vector>;
  /** The vectors that were kept before. */
  readonly kept: ReadonlyMap<string, KeptVector>;
  /** By the index of the text in the request. */
  readonly keys: readonly (string | undefined)[];
  readonly plan: CachePlan;
  readonly model: string;
}

export class Embedder {
  readonly #parts: EmbedderParts;
  readonly #batchers: ReadonlyMap<Machine, Batcher>;
  /** Tickets whose source was counted. One that moves to another machine is not counted again. */
  readonly #counted = new WeakSet<Ticket>();
  #draining = false;

  constructor(parts: EmbedderParts) {
    this.#parts = parts;
    const { machines, meter } = parts;
    this.#batchers = new Map(machines.all.map((machine) => [machine, new Batcher({ ...machine, meter })]));
  }

  /** Takes no new work. Running requests are cancelled together with all others. */
  drain(): void {
    this.#draining = true;
  }

  /**
   * Vectors for the texts of a request. Calls `began` with its ticket before anything is waited for. Throws AppError
   * (model_not_found, queue_full, not_cached, breaker_open, shutting_down, request_exists, upstream errors, cancelled).
   */
  async embed(call: EmbedCall, began: (ticket: Ticket) => void): Promise<EmbedAnswer> {
    if (this.#draining) throw shuttingDown();
    const ticket = new Ticket(call, this.#parts.clock);
    return await withLifetime(this.#parts, ticket, () => {
      began(ticket);
      return this.#inMode(call, ticket);
    });
  }

  async #inMode(call: EmbedCall, ticket: Ticket): Promise<EmbedAnswer> {
    const { config, recorder, telemetry } = this.#parts;
    switch (modeOf(call, config())) {
      case 'live':
        return await this.#answer(call, ticket);
      case 'record': {
        const answer = await this.#answer(call, ticket);
        recorder.keepVectors(call, answer.each);
        return answer;
      }
      case 'replay': {
        const each = recorder.vectors(call);
        ticket.source = 'hit';
        ticket.firstPiece();
        telemetry.sourced({ ...call, model: call.request.model }, 'hit');
        const cache = { plan: REPLAYING, key: undefined, hit: undefined, landed: { stored: false } };
        return { source: 'hit', cache, loadDuration: 0, ...figuresOf(each, 0) };
      }
    }
  }

  async #answer(call: EmbedCall, ticket: Ticket): Promise<EmbedAnswer> {
    const { machines } = this.#parts;
    const { signal } = ticket;
    const wanted = { model: call.request.model, to: 'embed' } as const;
    const first = machines.only ?? (await machines.route(wanted, signal));
    return await withFailover(machines, { first, wanted, signal, trace: ticket.trace }, (machine, stay) =>
      this.#answerOf(machine, call, ticket, stay),
    );
  }

  async #answerOf(machine: Machine, call: EmbedCall, ticket: Ticket, stay: Stay): Promise<EmbedAnswer> {
    const { telemetry, hindsight } = this.#parts;
    const { passedOn, watch } = machine;
    const asked = await understand(machine, call, stay.signal);
    const { model, request, plan, keyAt } = asked;
    const { key: keys, keepAs } = keyed(watch, (of) => call.texts.map((text) => keyAt(of, text)));
    const kept = await keptVectors(this.#parts, { texts: call.texts, keys, plan }, ticket.signal);
    const missing = call.texts.filter((text) => !kept.has(text));
    if (missing.length > 0 && plan.onlyIfCached) {
      throw new AppError('not_cached', 'There is no kept answer for every text, and only-if-cached was asked.');
    }

    const found = new Map([...kept].map(([text, { vector }]) => [text, vector]));
    const name = model?.name ?? request.model;
    if (missing.length === 0) ticket.source = 'hit';
    else {
      const theirs = call.texts.flatMap((text, i) => (kept.has(text) ? [] : [keys[i]]));
      ticket.trace.whyMissed = hindsight.ofTexts({ ticket, call, ...asked, texts: call.texts.length, missing: theirs });
    }
    const asking = this.#run(call, { ticket, machine, stay, asked, texts: missing });
    const { vectors: made, loadDuration } = await asking.finally(() => {
      // Count failures too: an accepted request has a source.
      if (ticket.source !== undefined && !this.#counted.has(ticket)) {
        this.#counted.add(ticket);
        const tiers = Array.from(kept.values(), ({ hit }) => hit.tier);
        telemetry.sourced({ ...call, model: name }, ticket.source, missing.length === 0 ? furthest(tiers) : undefined);
      }
    });
    for (const [text, vector] of made) found.set(text, vector);
    const { source = 'hit' } = ticket;
    if (source === 'hit' || source === 'coalesced') passedOn.take(request, model);
    ticket.firstPiece();
    const outcome = { found, kept, keys: keepAs() ?? [], plan, model: name };
    const stored = this.#count(call, outcome) && source !== 'coalesced';
    return {
      source,
      cache: {
        plan,
        key: keys.length === 1 ? keys[0] : undefined,
        hit: source === 'hit' ? oldest(kept) : undefined,
        landed: { stored },
      },
      loadDuration,
      ...figuresOf(
        call.texts.map((text) => found.get(text) ?? NO_VECTOR),
        loadDuration,
      ),
    };
  }

  /** Requests the texts that are not kept, if any. The ticket has its source as soon as it is accepted. */
  async #run(
    { family, caller, keepAlive }: EmbedCall,
    { ticket, machine, stay, asked, texts }: Missing,
  ): Promise<Result> {
    if (texts.length === 0) return { vectors: new Map(), loadDuration: 0, load: { ms: 0 } };
    const { plan, request, model, least } = asked;
    // Its texts may be split over several calls and mixed with those of others, so its flight is its own.
    const { signal, stoodMs, mayLeave } = stay;
    await this.#letIn(machine, signal);
    const flight = `embed ${ticket.id}`;
    ticket.flight = flight;
    ticket.trace.kind = 'embed';
    // Each text is read by itself, so the longest decides.
    const chars = texts.reduce((most, text) => Math.max(most, text.length), 0);
    const settled = await settle(machine, { request, model, least, chars }, signal);
    const embedded = await this.#batcherOf(machine).embed(
      {
        family,
        ...settled,
        texts,
        caller,
        keepAlive,
        share: plan.share,
        flight,
        asks: asksOf(ticket),
        stoodMs,
        mayLeave,
        urgency: () => ticket,
        onWaiting: placed(ticket.trace, (waiting) => ticket.moved(waiting)),
        onAccepted: () => {
          ticket.source = plan.read ? 'miss' : 'bypass';
        },
      },
      signal,
    );
    if (plan.read && embedded.shared) {
      ticket.source = 'coalesced';
      ticket.trace.whyMissed = whyNotAsked(settled.spec.model, 'shared');
    }
    embeddedAt(ticket.trace, embedded, this.#parts.clock.elapsed());
    return embedded;
  }

  /** Lets the request in. When the machine is waking up, it waits in that machine's queue. */
  async #letIn(machine: Machine, signal: AbortSignal): Promise<void> {
    this.#parts.machines.wake(machine);
    if (machine.waker?.isWaking !== true) await letIn(machine.watch, signal);
  }

  #batcherOf(machine: Machine): Batcher {
    const batcher = this.#batchers.get(machine);
    if (batcher === undefined) throw new Error('a machine without a batcher');
    return batcher;
  }

  /**
   * Keeps new vectors, and counts what kept ones saved. Returns whether there were new vectors and all of them were
   * kept.
   */
  #count(call: EmbedCall, { found, kept, keys, plan, model }: Outcome): boolean {
    const { cache, telemetry } = this.#parts;
    const whose = { ...call, model };
    for (const { vector } of kept.values()) telemetry.saved(whose, vector.duration / 1e6, 0);
    const fresh = call.texts.flatMap((text, i) => (kept.has(text) ? [] : [{ key: keys[i], vector: found.get(text) }]));
    if (!plan.store || fresh.length === 0) return false;
    let all = true;
    for (const { key, vector } of fresh) {
      const usable = key !== undefined && vector !== undefined && vector.numbers.length > 0;
      const about = { owner: call.owner, model, ttl: plan.ttl, runMs: (vector?.duration ?? 0) / 1e6, tokens: 0 };
      all = usable && cache.keep(key, encodeVector(vector), about) && all;
    }
    return all;
  }
}

function figuresOf(
  each: readonly Vector[],
  loadDuration: number,
): Pick<EmbedAnswer, 'vectors' | 'each' | 'tokens' | 'totalDuration'> {
  return {
    vectors: each.map(({ numbers }) => numbers),
    each,
    tokens: sum(each.map(({ tokens }) => tokens)),
    totalDuration: loadDuration + sum(each.map(({ duration }) => duration)),
  };
}

const NO_VECTOR: Vector = { numbers: [], tokens: 0, duration: 0 };

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, each) => all + each, 0);
}

/** The figures of the oldest kept vector. */
function oldest(kept: ReadonlyMap<string, KeptVector>): Hit | undefined {
  return [...kept.values()].map(({ hit }) => hit).toSorted((a, b) => b.age - a.age)[0];
}
