// Runs a request that goes up unchanged and needs the model. Its answer is neither kept nor shared, but it waits in the
// one queue like every other, for the runner that it needs. The caller passes an exchange that sends it and returns the
// answer (http/dialect/hand-on.ts).
import { RUNNING } from '../../../contract/chat/chat.ts';
import { AppError } from '../../../contract/errors.ts';
import { planCache } from '../../cache/policy.ts';
import { isCloudName } from '../../models/names.ts';
import type { Clock, InstalledModel, ReadConfig, Relay, RunnerSpec, UpstreamRequest } from '../../ports.ts';
import { askedOf } from '../../queue/estimate.ts';
import type { Lease } from '../../queue/waiter.ts';
import { Ticket, type CacheOutcome, type TicketOptions } from '../../requests/ticket.ts';
import type { ClosingParts } from './closing.ts';
import { withLifetime } from './request-lifetime.ts';
import { whyNotAsked } from '../reasons/missed.ts';
import { retryInLine } from './retry-in-line.ts';
import { letIn } from './question.ts';
import { withFailover, type Stay } from '../machines/failover.ts';
import { keepAliveOf } from './shape.ts';
import type { Machine } from '../machines/machine.ts';
import type { Machines } from '../machines/machine-choice.ts';
import { madeReady } from './made-ready.ts';
import { loading } from '../standing.ts';
import { asksOf, placed } from './traced.ts';

/** A request that is handed on unchanged. */
export interface HandedOnCall extends TicketOptions {
  /** What is known of it in Ollama's own form: the model, and the options and keep_alive if it has them. */
  readonly request: UpstreamRequest;
  /** Whether the answer is streamed to the caller. */
  readonly streamed: boolean;
  /** The approximate length of its prompt, in characters. */
  readonly chars: number;
}

/**
 * Sends the request up through a relay and its answer down. Resolves with the status when the caller has the whole
 * answer. Calls `begun` before the first byte of the answer goes down; from then on it can't be retried. Ends when the
 * signal aborts.
 */
export type Exchange = (relay: Relay, ticket: Ticket, begun: () => void, signal: AbortSignal) => Promise<number>;

/** A run, planned or in progress: its ticket, its request, its runner and its exchange. */
interface Run {
  readonly ticket: Ticket;
  readonly machine: Machine;
  readonly request: UpstreamRequest;
  readonly spec: RunnerSpec;
  /** Undefined when it is unknown. */
  readonly model: InstalledModel | undefined;
  /** Resolves with the status. */
  exchange(signal: AbortSignal): Promise<number>;
}

/** A run in the queue of its machine, for as long as it stays there. */
interface Standing {
  readonly ticket: Ticket;
  readonly machine: Machine;
  readonly stay: Stay;
  /** Whether the first byte of the answer went down. */
  told(): boolean;
  /** Counts the request, once. */
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
   * Whether this name can run. When no model of that name is installed, Ollama says so at once. With several machines,
   * the one that has the model may sleep or be unavailable; then choosing a machine waits or refuses.
   */
  async canRun(name: string, signal: AbortSignal): Promise<boolean> {
    const { machines } = this.#parts;
    const { watch } = machines;
    if (isCloudName(name)) return true;
    if ((await watch.resolve(name, signal)) !== undefined || watch.currentList === undefined) return true;
    return machines.knows(name);
  }

  /**
   * Runs the exchange on a lease. Calls `came` with the ticket before anything is waited for. Throws what the exchange
   * throws, request_exists, client_limit, breaker_open, shutting_down, queue_full, queue_timeout, upstream errors of a
   * load, cancelled. Retries when Ollama goes away, or a person goes first, before any of the answer went down.
   */
  async run(call: HandedOnCall, came: (ticket: Ticket) => void, exchange: Exchange): Promise<void> {
    const { machines, telemetry, clock } = this.#parts;
    const ticket = new Ticket(call, clock);
    await withLifetime(this.#parts, ticket, async () => {
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
      await withFailover(machines, { first, wanted, signal, told, trace }, async (machine, stay) => {
        const send = (until: AbortSignal): Promise<number> =>
          exchange(machine.relay, ticket, () => (isTold = true), until);
        await this.#stand(call, { ticket, machine, stay, told, sourced, exchange: send });
      });
    });
  }

  /** Queues the call on a machine, then runs it on the lease. */
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
    await retryInLine(place, patience, (lease) => this.#onLease(lease, run));
  }

  async #onLease(lease: Lease, run: Run): Promise<void> {
    const { ticket, machine, request, spec, model, exchange } = run;
    const { residency } = machine;
    const local = !isCloudName(spec.model);
    if (local && loadsByItself(model)) await this.#ready(run, lease.signal);
    lease.began();
    ticket.moved(RUNNING);
    // Hearth does not read this prompt, so it no longer knows what the runner holds.
    machine.held.forget(spec.key);
    const status = await exchange(lease.signal);
    // The bytes are not parsed, so the last byte stands for the last token.
    if (ticket.lastPieceAt !== undefined) ticket.trace.lastTokenAt = ticket.lastPieceAt;
    if (status >= 400) ticket.finish(new AppError('upstream_failed', `Ollama answered with status ${status}.`));
    else if (local) residency.used(spec, keepAliveOf(request));
  }

  /** Loads the runner for as long as the settings say, since the request can't be given a keep_alive of ours. */
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

/** Whether an empty request can't load the model, so that the request itself loads it; true for image models. */
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
