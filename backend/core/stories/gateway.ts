// The story of a request: cache( flight( queue( upstream ))), nested in this one file.
//   0  while a recording is made, each answer is kept with its question; when it is replayed, nothing else is asked
//   1  an answer that is kept is replayed                                          hit
//   2  somebody is asking the same right now: share the run                        coalesced
//   3  else stand in line for a slot, 4 run the model, 5 keep what landed well     miss or bypass
// No stage knows its neighbours; what cannot be shared has a key of its own, not a road of its own.
import { fold, CompletionBuilder, RUNNING, withLoad, type Completion } from '../../contract/chat/chat.ts';
import type { Config } from '../../contract/config/config.ts';
import { AppError, asAppError } from '../../contract/errors.ts';
import type { Answer, ToKeep, ChatCall } from '../requests/call.ts';
import { askedOf, cachedTokens, runFigures, type Sized } from '../queue/estimate.ts';
import type { FlightContext } from '../flight.ts';
import { closed, turnedAway } from './closing.ts';
import { counted, followed, once, overheard } from './follow.ts';
import type { GatewayParts } from './gateway-parts.ts';
import { heard } from './heard.ts';
import type { Look } from './hindsight.ts';
import { modeOf } from './recorder.ts';
import { isCloudName } from '../models/names.ts';
import { outlasting } from './outlast.ts';
import { keepAnswer, type Landed } from './keep-answer.ts';
import { KeptAnswers, type ToldAgain } from './kept-answers.ts';
import { knownOf } from './known.ts';
import { letIn, resolveModel, understand } from './question.ts';
import { readBy } from './read-by.ts';
import { shuttingDown } from '../refusals.ts';
import { keyed } from '../cache/keyed.ts';
import { Ticket } from '../requests/ticket.ts';
import type { Trace } from '../requests/trace.ts';
import { asksOf, placed, ranToItsEnd, sharesRun } from './traced.ts';
import { contextOf, isAuto, truncationOf, settle, type Settled, type Unsettled } from './settle.ts';
import { madeReady } from './made-ready.ts';
import { keepAliveOf, withKeepAlive } from './shape.ts';
import { begins } from './standing.ts';
import { boarded, keptAnywhere, seated, sharedFlight } from './with-others.ts';
import type { Lease } from '../queue/waiter.ts';

/** A run of the model to be, or under way: what was asked, what goes up for it, on which runner, and what becomes of it. */
interface Run extends Settled {
  readonly call: ChatCall;
  readonly unsettled: Unsettled;
  readonly outcome: ToKeep;
}

/** A run that stands in line, the size of what it asks, who is told of it, and what is measured of it. */
interface Led {
  readonly run: Run;
  readonly asked: Sized;
  readonly flight: FlightContext;
  readonly look: Look;
  readonly trace: Trace;
}

/** What it ran on, and whether that could not read all that was asked. */
type Ran = Pick<Settled, 'spec'> & Pick<Landed, 'truncated'>;

/** How long last words may take to arrive, in milliseconds. */
const LAST_WORDS_MS = 1000;

export class Gateway {
  readonly #parts: GatewayParts;
  readonly #kept: KeptAnswers;
  #draining = false;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
    this.#kept = new KeptAnswers(parts, (ticket) => closed(parts, ticket));
  }

  /**
   * Takes a request in: throws at once what can be refused at once (model_not_found, queue_full, not_cached,
   * breaker_open, shutting_down, request_exists); what fails later is thrown by the answer's events. A `ticket` is given
   * by who had to wait with the request before it could be asked.
   */
  async chat(call: ChatCall, ticket: Ticket = new Ticket(call, this.#parts.clock)): Promise<Answer> {
    if (this.#draining) throw shuttingDown();
    this.#parts.texts.asked(call);
    try {
      return await this.#inMode(call, ticket);
    } catch (error) {
      turnedAway(this.#parts, ticket, error);
      throw error;
    }
  }

  // ---- 0 record or replay

  async #inMode(call: ChatCall, ticket: Ticket): Promise<Answer> {
    const { config, recorder } = this.#parts;
    // The configuration by which the call was read; it may change before the model is known.
    const readBy = config();
    switch (modeOf(call, readBy)) {
      case 'live': {
        const answer = await this.#ask(call, ticket, readBy);
        // Only where every request is answered live, it is known how a question that comes again is.
        return readBy.cache.mode === 'live' ? answer : { ...answer, known: undefined };
      }
      case 'record':
        return overheard(await this.#ask(call, ticket, readBy), (completion) => recorder.keep(call, completion));
      case 'replay':
        return this.#kept.answer(ticket, call, { ...recorder.answer(call), known: undefined });
    }
  }

  // ---- 1 hit, or go on

  async #ask(call: ChatCall, ticket: Ticket, readBy: Config): Promise<Answer> {
    const { watch, requests, telemetry, passedOn } = this.#parts;
    const asked = await understand(this.#parts, call, ticket.signal);
    const { model, request } = asked;
    const { key, keepAs } = keyed(watch, asked.keyAt);
    const { plan, hit } = await keptAnywhere(this.#parts, { plan: asked.plan, key, mark: call.mark });
    const outcome: ToKeep = { plan, key, hit, landed: { stored: false }, keepAs };
    if (hit !== undefined) {
      passedOn.take(request, model);
      const known = knownOf(call, asked, { key, config: readBy, state: watch.state });
      return this.#kept.answer(ticket, call, { outcome, hit, known });
    }
    if (plan.onlyIfCached) {
      throw new AppError('not_cached', 'There is no kept answer for this request, and only-if-cached was asked.');
    }
    requests.add(ticket);
    try {
      await this.admit(ticket);
      const settled = await settle(this.#parts, asked, ticket.signal);
      const answer = await this.#join(ticket, { call, unsettled: asked, ...settled, outcome });
      if (ticket.source === 'coalesced') passedOn.take(request, model);
      return answer;
    } catch (error) {
      // A caller that left was not refused.
      if (asAppError(error).code !== 'cancelled') telemetry.refused();
      throw error;
    }
  }

  /** The kept answer to a question that was understood before. Undefined: ask by `chat`, which finds out what has changed. */
  again(...asked: Parameters<KeptAnswers['again']>): ToldAgain | undefined {
    return this.#draining ? undefined : this.#kept.again(...asked);
  }

  // ---- 2 coalesced, or lead

  async #join(ticket: Ticket, run: Run): Promise<Answer> {
    const { flights, telemetry, newId, config, queue, texts } = this.#parts;
    const { call, spec, outcome } = run;
    const open = sharedFlight({ ...outcome, mark: call.mark });
    const boarding = await boarded(this.#parts, open, outcome);
    ticket.flight = open ?? `private ${newId()}`;
    const passenger = {
      signal: ticket.signal,
      urgency: () => ticket,
      finishAbandoned: () => outcome.plan.store && ticket.cancelledBy === 'caller' && config().cache.finish_abandoned,
      note: ticket.trace,
    };
    const wish = { key: ticket.flight, passenger, boarding };
    const { seat, isShared } = seated(flights, wish, (context) => this.#lead(ticket, run, context));
    if (isShared) sharesRun(ticket, seat.led ? {} : seat.note, seat.waiting);
    const source = isShared ? 'coalesced' : outcome.plan.read ? 'miss' : 'bypass';
    ticket.source = source;
    ticket.cache = outcome;
    const whose = { model: spec.model, caller: ticket.caller, owner: ticket.owner };
    telemetry.sourced(whose, source);
    if (seat.waiting !== undefined) ticket.moved(seat.waiting);
    // A follower may be more urgent than those who were here first, and lifts the whole flight.
    const lifts = !seat.led && seat.lifts;
    if (lifts) queue.recheck();
    const close = once(() => {
      seat.leave();
      if (lifts) queue.recheck();
      closed(this.#parts, ticket);
      if (ticket.firstPieceAt !== undefined) telemetry.history.firstPiece(whose, ticket.timing);
    });
    const events = followed(ticket, isShared ? counted(seat.events, telemetry, whose) : seat.events, close);
    return heard({ ticket, events, whole: () => fold(events), tail: (signal) => seat.tail(signal), close }, texts);
  }

  // ---- 3 stand in line: refused at once when the line is full, before there is a flight

  #lead(ticket: Ticket, run: Run, flight: FlightContext): Promise<void> {
    const { queue, estimator, config, hindsight } = this.#parts;
    const { call, request, spec } = run;
    const look = hindsight.at(ticket, run);
    const asked = askedOf(call, request);
    const measured = (): number | undefined => estimator.runMs(spec.model, asked.chars, asked);
    const place = queue.enter(
      {
        lane: 'chat',
        runner: spec.key,
        model: spec.model,
        caller: call.caller,
        prompt: look.prompt,
        asks: () => asksOf(ticket),
        urgency: flight.urgency,
        waitedMs: call.before?.waitedMs,
        serves: (key) => key === flight.key,
        expectedMs: () => measured() ?? config().queue.estimated_time_per_request_ms,
        isGuess: () => measured() === undefined,
        mayBeginAgain: () => !flight.begun(),
        onWaiting: placed(ticket.trace, flight.waiting),
      },
      flight.signal,
    );
    // At once, so that who takes a seat now knows where it stands before anything is read.
    if (place.granted) flight.waiting(begins(this.#parts, spec));
    const patience = { signal: flight.signal, always: ticket.promised, told: flight.begun, trace: ticket.trace };
    const ran = outlasting(place, patience, (lease, { granted }) => {
      if (!granted) flight.waiting(begins(this.#parts, spec));
      return this.#onLease(lease, { run, asked, flight, look, trace: ticket.trace });
    });
    return look.over(ran);
  }

  // ---- 4 run the model; the lease lives exactly as long as the upstream stream

  async #onLease(lease: Lease, led: Led): Promise<void> {
    const { run, asked, flight, look, trace } = led;
    const { residency, reloads } = this.#parts;
    const { call } = run;
    const { signal } = lease;
    // By what is loaded now; another may have been loaded with a larger context while it waited.
    const { request, spec } = await settle(this.#parts, run.unsettled, signal);
    const before = residency.standing(spec.weights);
    const local = !isCloudName(spec.model);
    let keepAlive = keepAliveOf(request);
    const needed = { who: call, keepAlive, chosen: isAuto(run.unsettled.request) };
    trace.load = local ? await madeReady(this.#parts, spec, needed, signal) : { ms: 0 };
    const loadMs = trace.load.ms;
    if (local && call.keepAlive !== 'pass') keepAlive = await residency.keepAlive(spec, keepAlive, signal);
    lease.began();
    signal.throwIfAborted();
    const context = local ? contextOf(this.#parts, spec, asked.chars) : undefined;
    if (context !== undefined) trace.context = context;
    const truncated = truncationOf(context);
    flight.waiting(truncated === undefined ? RUNNING : { ...RUNNING, truncated });
    if (truncated !== undefined) reloads.truncated(spec, truncated, call.caller);
    if (local) reloads.ran({ spec, before, loadMs, caller: call.caller });
    const builder = new CompletionBuilder();
    await readBy(this.#parts, { call, request: withKeepAlive(request, keepAlive), spec, look }, signal, (event) => {
      // Drop what still comes: a run that gives way is asked again from the beginning.
      signal.throwIfAborted();
      if (event.type === 'piece') builder.add(event.piece);
      if (event.type !== 'end') return flight.tell(event);
      const end = { ...event.end, metrics: withLoad(event.end.metrics, loadMs) };
      residency.used(spec, keepAlive);
      this.#landed(builder.finish(end), led, { spec, truncated });
      flight.tell({ type: 'end', end });
    });
  }

  // ---- 5 learn from it, and keep what landed well

  #landed(completion: Completion, { run, asked, flight, look, trace }: Led, { spec: { model }, truncated }: Ran): void {
    const { estimator, telemetry, cache, clock } = this.#parts;
    ranToItsEnd(trace, completion, clock.elapsed());
    const sized = truncated === undefined ? asked : { ...asked, chars: undefined };
    estimator.observe(model, completion.end.metrics, sized, cachedTokens(completion.end));
    keepAnswer(cache, completion, { ...run, model, truncated, fence: flight.fence });
    look.landed(completion.end);
    telemetry.ran({ ...run.call, model }, { ...runFigures(completion.end), reusableTokens: trace.reusable });
  }

  // ---- coming in

  /** Lets a request in that will need a run, once; from then on it waits while Ollama is away. Throws what letIn throws. */
  async admit(ticket: Ticket): Promise<void> {
    if (ticket.admitted || modeOf(ticket, this.#parts.config()) === 'replay') return;
    await letIn(this.#parts.watch, ticket.signal);
    ticket.admitted = true;
  }

  /**
   * Whether a request could be taken in now if there were a place in line: for work that is accepted to be asked later.
   * Throws model_not_found, breaker_open, upstream_unreachable, shutting_down, or the signal's reason.
   */
  async check(call: Pick<ChatCall, 'model' | 'mode'>, signal: AbortSignal): Promise<void> {
    const { watch, config } = this.#parts;
    if (this.#draining) throw shuttingDown();
    if (modeOf(call, config()) === 'replay') return;
    await resolveModel(watch, { name: call.model, to: 'write' }, signal);
    await letIn(watch, signal);
  }

  // ---- stopping

  /**
   * Takes no new work. Running answers get `timeoutMs`, then a final error and a moment to deliver it; who does not read
   * it by then is cut off by whoever closes the connections.
   */
  async drain(timeoutMs: number): Promise<void> {
    const { queue, requests, clock } = this.#parts;
    this.#draining = true;
    queue.drain();
    requests.close();
    await requests.emptyWithin(timeoutMs, clock);
    requests.cancelAll(shuttingDown('Hearth stopped before the answer was complete.'));
    await requests.emptyWithin(LAST_WORDS_MS, clock);
  }
}
