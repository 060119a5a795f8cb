// The story of a request: cache( flight( queue( upstream ))), nested in this one file.
//   0  in record mode, keep each answer with its question; in replay mode, answer from the recording only
//   1  replay a kept answer                                                            hit
//   2  join a run that is asking the same right now                                    coalesced
//   3  else wait in line for a slot, 4 run the model, 5 keep a good answer             miss or bypass
// No stage knows its neighbours. A request that can't be shared takes the same path, with a private key.
import { fold } from '../../contract/chat/chat.ts';
import type { Config } from '../../contract/config/config.ts';
import { AppError, asAppError } from '../../contract/errors.ts';
import type { Answer, ToKeep, ChatCall } from '../requests/call.ts';
import { askedOf as sizeOf } from '../queue/estimate.ts';
import type { FlightContext } from '../flight.ts';
import { closed, turnedAway } from './chat/closing.ts';
import { counted, followed, once, overheard } from './chat/follow.ts';
import type { GatewayParts } from './gateway-parts.ts';
import { withTranscript } from './chat/with-transcript.ts';
import { modeOf } from './chat/recorder.ts';
import { retryInLine } from './chat/retry-in-line.ts';
import { KeptAnswers, type ToldAgain } from './chat/kept-answers.ts';
import { knownOf } from './chat/remembered-question.ts';
import { keptFrom, letIn, resolveModel, understand, type Understood } from './chat/question.ts';
import { shuttingDown } from '../refusals.ts';
import { keyed } from '../cache/keyed.ts';
import { Prompt } from '../prompts/read-once.ts';
import { Ticket } from '../requests/ticket.ts';
import type { Look } from './reasons/hindsight.ts';
import type { Machine } from './machines/machine.ts';
import { admit, letInTo } from './chat/letting-in.ts';
import { askedOf, runOnLease, type Run } from './chat/on-lease.ts';
import { withFailover, type Stay } from './machines/failover.ts';
import { boarded, keptAnywhere, seated, sharedFlight } from './chat/fleet-sharing.ts';
import { asksOf, placed, sharesRun } from './chat/traced.ts';
import { settle } from './chat/settle.ts';
import { begins } from './standing.ts';

/** A request, the machine it goes to, and the configuration it was read with. */
interface AskedOf {
  readonly call: ChatCall;
  readonly machine: Machine;
  readonly asked: Understood;
  readonly readBy: Config;
}

/** A run in the queue of its machine, for as long as it stays there. */
interface Standing {
  readonly run: Run;
  readonly flight: FlightContext;
  readonly look: Look;
  readonly stay: Stay;
}

/** How long the last events may take to arrive, in milliseconds. */
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
   * Takes in a request. Throws at once what is refused at once (model_not_found, queue_full, not_cached, breaker_open,
   * shutting_down, request_exists). Later failures are thrown by the answer's events. Callers pass a `ticket` when the
   * request had to wait before it came here.
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
    // The configuration that the call was read with. It may change before the model is known.
    const readBy = config();
    switch (modeOf(call, readBy)) {
      case 'live': {
        const answer = await this.#ask(call, ticket, readBy);
        // A question that comes again has the same meaning only if every request is answered live.
        return readBy.cache.mode === 'live' ? answer : { ...answer, known: undefined };
      }
      case 'record':
        return overheard(await this.#ask(call, ticket, readBy), (completion) => recorder.keep(call, completion));
      case 'replay':
        return this.#kept.answer(ticket, call, { ...recorder.answer(call), known: undefined, isRecorded: true });
    }
  }

  // ---- 1 hit, or go on

  async #ask(call: ChatCall, ticket: Ticket, readBy: Config): Promise<Answer> {
    const { machines, requests, telemetry } = this.#parts;
    // Choose a machine by the prompt that is sent, since that is what machines hold.
    const sent = machines.only === undefined ? keptFrom(readBy.prompts, call).request : call.request;
    const wanted = { model: call.request.model, prompt: new Prompt(sent) };
    const tried = new Set<Machine>();
    let machine = machines.only ?? (await machines.route(wanted, ticket.signal));
    for (;;) {
      const asked = await understand(machine, call, ticket.signal);
      const { kept, outcome } = await this.#look(ticket, { call, machine, asked, readBy });
      if (kept !== undefined) return kept;
      requests.add(ticket);
      try {
        const next = await letInTo(this.#parts, machine, ticket, { wanted, tried });
        if (next === machine) {
          const settled = await settle(machine, asked, ticket.signal);
          const answer = await this.#join(ticket, { call, machine, unsettled: asked, ...settled, outcome });
          if (ticket.source === 'coalesced') machine.passedOn.take(asked.request, asked.model);
          return answer;
        }
        machine = next;
      } catch (error) {
        // A caller that left was not refused.
        if (asAppError(error).code !== 'cancelled') telemetry.refused();
        throw error;
      }
    }
  }

  /** The kept answer on a machine, or what to keep there later. Throws not_cached. */
  async #look(
    ticket: Ticket,
    { call, machine, asked, readBy }: AskedOf,
  ): Promise<{ readonly kept: Answer | undefined; readonly outcome: ToKeep }> {
    const { watch, passedOn } = machine;
    const { key, keepAs } = keyed(watch, asked.keyAt);
    const { mark, isHandedOn } = call;
    const { plan, hit } = await keptAnywhere(this.#parts, { plan: asked.plan, key, mark, isHandedOn });
    const outcome: ToKeep = { plan, key, hit, landed: { stored: false }, keepAs, pinned: asked.pinned };
    if (hit !== undefined) {
      passedOn.take(asked.request, asked.model);
      const known = knownOf(call, asked, { key, config: readBy, state: watch.state });
      return { kept: this.#kept.answer(ticket, call, { outcome, hit, known }), outcome };
    }
    if (plan.onlyIfCached) {
      throw new AppError('not_cached', 'There is no kept answer for this request, and only-if-cached was asked.');
    }
    return { kept: undefined, outcome };
  }

  /**
   * The kept answer to a question that was understood before. When undefined, ask with `chat`, which finds out what
   * changed.
   */
  again(...asked: Parameters<KeptAnswers['again']>): ToldAgain | undefined {
    return this.#draining ? undefined : this.#kept.again(...asked);
  }

  // ---- 2 coalesced, or lead

  async #join(ticket: Ticket, run: Run): Promise<Answer> {
    const { flights, fleet, telemetry, newId, config, machines, texts } = this.#parts;
    const { call, spec, outcome } = run;
    const { mark, isHandedOn } = call;
    const open = sharedFlight({ ...outcome, mark, isHandedOn }, fleet !== undefined);
    const boarding = await boarded(this.#parts, open, { ...outcome, isHandedOn });
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
    // A follower that is more urgent than the earlier passengers makes the whole flight more urgent.
    const lifts = !seat.led && seat.lifts;
    if (lifts) machines.queue.recheck();
    const close = once(() => {
      seat.leave();
      if (lifts) machines.queue.recheck();
      closed(this.#parts, ticket);
      if (ticket.firstPieceAt !== undefined) telemetry.history.firstPiece(whose, ticket.timing);
    });
    const events = followed(ticket, isShared ? counted(seat.events, telemetry, whose) : seat.events, close);
    return withTranscript(
      { ticket, events, whole: () => fold(events), tail: (signal) => seat.tail(signal), close },
      texts,
    );
  }

  // ---- 3 wait in line, 4 run the model, 5 keep a good answer (on-lease.ts). A full queue refuses before a flight
  // exists.

  #lead(ticket: Ticket, run: Run, flight: FlightContext): Promise<void> {
    const { machines, hindsight } = this.#parts;
    const { call, machine: first } = run;
    const look = hindsight.at(ticket, run);
    const wanted = { model: call.request.model, prompt: look.prompt };
    const journey = { first, wanted, signal: flight.signal, told: flight.begun, trace: ticket.trace };
    const ran = withFailover(machines, journey, (machine, stay) =>
      machine === first
        ? this.#stand(ticket, { run, flight, look, stay })
        : askedOf(machine, run, stay.signal).then((there) => this.#stand(ticket, { run: there, flight, look, stay })),
    );
    return look.over(ran);
  }

  /** Queues the run on its machine. */
  #stand(ticket: Ticket, { run, flight, look, stay }: Standing): Promise<void> {
    const { config } = this.#parts;
    const { call, request, spec, machine } = run;
    const { queue, estimator } = machine;
    const { signal, stoodMs, mayLeave } = stay;
    const asked = sizeOf(call, request);
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
        stoodMs,
        serves: (key) => key === flight.key,
        expectedMs: () => measured() ?? config().queue.estimated_time_per_request_ms,
        isGuess: () => measured() === undefined,
        mayBeginAgain: () => !flight.begun(),
        onWaiting: placed(ticket.trace, flight.waiting),
      },
      signal,
    );
    // Tell the state at once, so that a passenger who joins now knows it before anything is read.
    if (place.granted) flight.waiting(begins(machine, spec));
    const patience = { signal, always: ticket.promised, told: flight.begun, mayLeave, trace: ticket.trace };
    return retryInLine(place, patience, (lease, { granted }) => {
      if (!granted) flight.waiting(begins(machine, spec));
      return runOnLease(this.#parts, lease, { run, asked, flight, look, trace: ticket.trace });
    });
  }

  // ---- coming in

  /**
   * Admits, once, a request that will need a run. From then on it waits while Ollama is away. Throws what letIn throws.
   */
  async admit(ticket: Ticket): Promise<void> {
    await admit(this.#parts, ticket);
  }

  /**
   * Whether a request could be taken in now if the queue had room, for work that is accepted now and asked later.
   * Throws model_not_found, breaker_open, upstream_unreachable, shutting_down, or the signal's reason.
   */
  async check(call: Pick<ChatCall, 'model' | 'mode'>, signal: AbortSignal): Promise<void> {
    const { config, machines } = this.#parts;
    const { watch } = machines;
    if (this.#draining) throw shuttingDown();
    if (modeOf(call, config()) === 'replay') return;
    await resolveModel(watch, { name: call.model, to: 'write' }, signal);
    await letIn(watch, signal);
  }

  // ---- stopping

  /**
   * Takes no new work. Running answers get `timeoutMs`, then a final error and a moment to deliver it. A caller that
   * has not read the error by then is cut off when its connection is closed.
   */
  async drain(timeoutMs: number): Promise<void> {
    const { machines, requests, clock } = this.#parts;
    this.#draining = true;
    machines.queue.drain();
    requests.close();
    await requests.emptyWithin(timeoutMs, clock);
    requests.cancelAll(shuttingDown('Hearth stopped before the answer was complete.'));
    await requests.emptyWithin(LAST_WORDS_MS, clock);
  }
}
