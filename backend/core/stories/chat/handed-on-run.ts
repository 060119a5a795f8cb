// The story of a request that goes up in its own words and runs a model there: nothing of it is kept or shared, but it
// stands in the one line like every other, on the runner that it needs. What is sent, and how its answer comes back, is an
// exchange that whoever calls hands in (http/dialect/hand-on.ts).
import { RUNNING } from '../../../contract/chat/chat.ts';
import { AppError } from '../../../contract/errors.ts';
import { planCache } from '../../cache/policy.ts';
import { isCloudName } from '../../models/names.ts';
import type { Clock, InstalledModel, ReadConfig, Relay, RunnerSpec, UpstreamRequest } from '../../ports.ts';
import { askedOf } from '../../queue/estimate.ts';
import type { Lease } from '../../queue/waiter.ts';
import { Ticket, type CacheOutcome, type TicketOptions } from '../../requests/ticket.ts';
import type { ClosingParts } from './closing.ts';
import { lived } from './lived.ts';
import { whyNotAsked } from '../reasons/missed.ts';
import { outlasting } from './outlast.ts';
import { letIn } from './question.ts';
import { roaming, type Stay } from '../machines/roaming.ts';
import { keepAliveOf } from './shape.ts';
import type { Machine } from '../machines/machine.ts';
import type { Machines } from '../machines/machine-choice.ts';
import { madeReady } from './made-ready.ts';
import { loading } from '../standing.ts';
import { asksOf, placed } from './traced.ts';

/** A request that is handed on as it came. */
export interface HandedOnCall extends TicketOptions {
  /** What of it is known in Ollama's own form: its model, and where it says so the options and the keep_alive. */
  readonly request: UpstreamRequest;
  /** Whether somebody reads the answer as it comes. */
  readonly streamed: boolean;
  /** How long its prompt is about, in characters. */
  readonly chars: number;
}

/**
 * Sends the request up by a relay and its answer down; resolves with the status when its caller has all of it. `begun` is called
 * before the first byte of the answer goes down: from then on it can't be asked again. Ends when the signal aborts.
 */
export type Exchange = (relay: Relay, ticket: Ticket, begun: () => void, signal: AbortSignal) => Promise<number>;

/** A run to be, or under way: whose it is, what goes up for it and on which runner, and how. */
interface Run {
  readonly ticket: Ticket;
  readonly machine: Machine;
  readonly request: UpstreamRequest;
  readonly spec: RunnerSpec;
  /** Undefined where it is not known. */
  readonly model: InstalledModel | undefined;
  /** Resolves with the status. */
  exchange(signal: AbortSignal): Promise<number>;
}

/** One that takes its place in the line of its machine, for as long as it stays there. */
interface Standing {
  readonly ticket: Ticket;
  readonly machine: Machine;
  readonly stay: Stay;
  /** Whether the first byte of the answer went down. */
  told(): boolean;
  /** Counts it, once. */
  sourced(model: string): void;
  /** Resolves with the status. */
  exchange(signal: AbortSignal): Promise<number>;
}

export interface HandedOnParts extends ClosingParts {
  readonly config: ReadConfig;
  readonly clock: Clock;
  readonly machines: Machines;
}

export class HandedOnRuns {
  readonly #parts: HandedOnParts;

  constructor(parts: HandedOnParts) {
    this.#parts = parts;
  }

  /**
   * Whether a model runs for this name: one that is not installed can't, and Ollama says so at once. Of several machines, who
   * has it may sleep, or may not be asked; then the choice of a machine waits or refuses.
   */
  async canRun(name: string, signal: AbortSignal): Promise<boolean> {
    const { machines } = this.#parts;
    const { watch } = machines;
    if (isCloudName(name)) return true;
    if ((await watch.resolve(name, signal)) !== undefined || watch.currentList === undefined) return true;
    return machines.knows(name);
  }

  /**
   * Has the exchange done on a lease. `came` is told of the ticket before anything is waited for. Throws what the exchange
   * throws, request_exists, client_limit, breaker_open, shutting_down, queue_full, queue_timeout, upstream errors of a
   * load, cancelled. Where Ollama goes away before anything of the answer went down, or a person goes first, it is asked
   * again.
   */
  async run(call: HandedOnCall, came: (ticket: Ticket) => void, exchange: Exchange): Promise<void> {
    const { machines, telemetry, clock } = this.#parts;
    const ticket = new Ticket(call, clock);
    await lived(this.#parts, ticket, async () => {
      came(ticket);
      const { signal, trace } = ticket;
      const wanted = { model: call.request.model };
      const first = machines.only ?? (await machines.route(wanted, signal));
      let isTold = false;
      const told = (): boolean => isTold;
      let isCounted = false;
      const sourced = (model: string): void => {
        if (!isCounted) telemetry.sourced({ ...call, model }, 'bypass');
        isCounted = true;
      };
      await roaming(machines, { first, wanted, signal, told, trace }, async (machine, stay) => {
        const send = (until: AbortSignal): Promise<number> =>
          exchange(machine.relay, ticket, () => (isTold = true), until);
        await this.#stand(call, { ticket, machine, stay, told, sourced, exchange: send });
      });
    });
  }

  /** In the line of a machine, and then on its lease. */
  async #stand(call: HandedOnCall, standing: Standing): Promise<void> {
    const { machines, config } = this.#parts;
    const { ticket, machine, stay, told, sourced, exchange } = standing;
    const { watch, queue, modelfiles, estimator, waker } = machine;
    const { signal, stoodMs, mayLeave } = stay;
    const { request } = call;
    const model = watch.peek(request.model) ?? (await watch.resolve(request.model, signal));
    machines.wake(machine);
    if (waker?.isWaking !== true) await letIn(watch, signal);
    const spec = await modelfiles.runner(request, model, signal);
    const flight = `handed on ${ticket.id}`;
    ticket.flight = flight;
    ticket.trace.kind = 'handed_on';
    const measured = (): number | undefined => estimator.runMs(spec.model, call.chars, askedOf(call, request));
    const place = queue.enter(
      {
        lane: 'chat',
        runner: spec.key,
        model: spec.model,
        caller: call.caller,
        stoodMs,
        asks: () => asksOf(ticket),
        urgency: () => ticket,
        serves: (key) => key === flight,
        expectedMs: () => measured() ?? config().queue.estimated_time_per_request_ms,
        isGuess: () => measured() === undefined,
        mayBeginAgain: () => !told(),
        onWaiting: placed(ticket.trace, (waiting) => ticket.moved(waiting)),
      },
      signal,
    );
    ticket.source = 'bypass';
    ticket.cache = NOTHING_KEPT;
    ticket.trace.whyMissed = whyNotAsked(spec.model, 'handed_on');
    sourced(spec.model);
    const run: Run = { ticket, machine, request, spec, model, exchange };
    const patience = { signal, told, mayLeave, trace: ticket.trace };
    await outlasting(place, patience, (lease) => this.#onLease(lease, run));
  }

  async #onLease(lease: Lease, run: Run): Promise<void> {
    const { ticket, machine, request, spec, model, exchange } = run;
    const { residency } = machine;
    const local = !isCloudName(spec.model);
    if (local && loadsByItself(model)) await this.#ready(run, lease.signal);
    lease.began();
    ticket.moved(RUNNING);
    // Nobody here reads its prompt.
    machine.held.forget(spec.key);
    const status = await exchange(lease.signal);
    // Its bytes are not read, so that their last is the last token.
    if (ticket.lastPieceAt !== undefined) ticket.trace.lastTokenAt = ticket.lastPieceAt;
    if (status >= 400) ticket.finish(new AppError('upstream_failed', `Ollama answered with status ${status}.`));
    else if (local) residency.used(spec, keepAliveOf(request));
  }

  /** Has the runner loaded, to stay as long as the settings say: the request can't be given a keep_alive of ours. */
  async #ready({ ticket, machine, request, spec }: Run, signal: AbortSignal): Promise<void> {
    const { residency, upstream } = machine;
    if (machine.isHearth()) return;
    const keepAlive = keepAliveOf(request);
    if (!residency.isReady(spec)) ticket.moved(loading(machine, spec.model));
    ticket.trace.load = await madeReady(machine, spec, { who: ticket, keepAlive }, signal);
    const ours = await residency.keepAlive(spec, keepAlive, signal);
    if (ours === undefined || ours === keepAlive) return;
    await upstream.load(spec, ours, signal);
    residency.renewed(spec, ours);
  }
}

/** What no empty request can load, as a model that paints, is loaded by the request itself. */
function loadsByItself(model: InstalledModel | undefined): boolean {
  const { capabilities } = model ?? {};
  return capabilities === undefined || capabilities.some((one) => one === 'completion' || one === 'embedding');
}

const NOTHING_KEPT: CacheOutcome = {
  plan: planCache({
    wishes: [{ read: false, store: false }],
    enabled: true,
    deduplicate: false,
    byDefault: false,
    digestKnown: true,
    ttlSeconds: 0,
  }),
  key: undefined,
  hit: undefined,
  landed: { stored: false },
};
