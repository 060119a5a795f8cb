// The story of a request that goes up in its own words and runs a model there: nothing of it is kept or shared, but it
// stands in the one line like every other, on the runner that it needs. What is sent, and how its answer comes back, is an
// exchange that whoever calls hands in (http/dialect/hand-on.ts).
import { RUNNING } from '../../contract/chat/chat.ts';
import { AppError } from '../../contract/errors.ts';
import { planCache } from '../cache/policy.ts';
import type { Modelfiles } from '../models/modelfiles.ts';
import { isCloudName } from '../models/names.ts';
import type { Clock, InstalledModel, ReadConfig, RunnerSpec, Upstream, UpstreamRequest, Watch } from '../ports.ts';
import type { HeldPrompts } from '../prompts/held.ts';
import { askedOf } from '../queue/estimate.ts';
import type { Lease } from '../queue/waiter.ts';
import { Ticket, type CacheOutcome, type TicketOptions } from '../requests/ticket.ts';
import type { ClosingParts } from './closing.ts';
import { lived } from './lived.ts';
import { whyNotAsked } from './missed.ts';
import { outlasting } from './outlast.ts';
import { letIn } from './question.ts';
import { keepAliveOf } from './shape.ts';
import { madeReady, type ReadyParts } from './made-ready.ts';
import { loading } from './standing.ts';
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
 * Sends the request up and its answer down; resolves with the status when its caller has all of it. `begun` is called
 * before the first byte of the answer goes down: from then on it can't be asked again. Ends when the signal aborts.
 */
export type Exchange = (ticket: Ticket, begun: () => void, signal: AbortSignal) => Promise<number>;

/** A run to be, or under way: whose it is, what goes up for it and on which runner, and how. */
interface Run {
  readonly ticket: Ticket;
  readonly request: UpstreamRequest;
  readonly spec: RunnerSpec;
  /** Undefined where it is not known. */
  readonly model: InstalledModel | undefined;
  /** Resolves with the status. */
  exchange(signal: AbortSignal): Promise<number>;
}

export interface HandedOnParts extends ClosingParts, ReadyParts {
  readonly config: ReadConfig;
  readonly clock: Clock;
  readonly upstream: Pick<Upstream, 'load'>;
  readonly watch: Watch;
  readonly held: Pick<HeldPrompts, 'forget'>;
  readonly modelfiles: Modelfiles;
}

export class HandedOnRuns {
  readonly #parts: HandedOnParts;

  constructor(parts: HandedOnParts) {
    this.#parts = parts;
  }

  /** Whether a model runs for this name: one that is not installed can't, and Ollama says so at once. */
  async canRun(name: string, signal: AbortSignal): Promise<boolean> {
    const { watch } = this.#parts;
    if (isCloudName(name)) return true;
    return (await watch.resolve(name, signal)) !== undefined || watch.currentList === undefined;
  }

  /**
   * Has the exchange done on a lease. `came` is told of the ticket before anything is waited for. Throws what the exchange
   * throws, request_exists, client_limit, breaker_open, shutting_down, queue_full, queue_timeout, upstream errors of a
   * load, cancelled. Where Ollama goes away before anything of the answer went down, or a person goes first, it is asked
   * again.
   */
  async run(call: HandedOnCall, came: (ticket: Ticket) => void, exchange: Exchange): Promise<void> {
    const { watch, queue, modelfiles, telemetry, clock, config, estimator } = this.#parts;
    const ticket = new Ticket(call, clock);
    await lived(this.#parts, ticket, async () => {
      came(ticket);
      const { request } = call;
      const model = watch.peek(request.model) ?? (await watch.resolve(request.model, ticket.signal));
      await letIn(watch, ticket.signal);
      const spec = await modelfiles.runner(request, model, ticket.signal);
      const flight = `handed on ${ticket.id}`;
      ticket.flight = flight;
      ticket.trace.kind = 'handed_on';
      let told = false;
      const measured = (): number | undefined => estimator.runMs(spec.model, call.chars, askedOf(call, request));
      const place = queue.enter(
        {
          lane: 'chat',
          runner: spec.key,
          model: spec.model,
          caller: call.caller,
          asks: () => asksOf(ticket),
          urgency: () => ticket,
          serves: (key) => key === flight,
          expectedMs: () => measured() ?? config().queue.estimated_time_per_request_ms,
          isGuess: () => measured() === undefined,
          mayBeginAgain: () => !told,
          onWaiting: placed(ticket.trace, (waiting) => ticket.moved(waiting)),
        },
        ticket.signal,
      );
      ticket.source = 'bypass';
      ticket.cache = NOTHING_KEPT;
      ticket.trace.whyMissed = whyNotAsked(spec.model, 'handed_on');
      telemetry.sourced({ ...call, model: spec.model }, 'bypass');
      const run: Run = {
        ticket,
        request,
        spec,
        model,
        exchange: (signal) => exchange(ticket, () => (told = true), signal),
      };
      const patience = { signal: ticket.signal, told: () => told, trace: ticket.trace };
      await outlasting(place, patience, (lease) => this.#onLease(lease, run));
    });
  }

  async #onLease(lease: Lease, run: Run): Promise<void> {
    const { residency } = this.#parts;
    const { ticket, request, spec, model, exchange } = run;
    const local = !isCloudName(spec.model);
    if (local && loadsByItself(model)) await this.#ready(run, lease.signal);
    lease.began();
    ticket.moved(RUNNING);
    // Nobody here reads its prompt.
    this.#parts.held.forget(spec.key);
    const status = await exchange(lease.signal);
    // Its bytes are not read, so that their last is the last token.
    if (ticket.lastPieceAt !== undefined) ticket.trace.lastTokenAt = ticket.lastPieceAt;
    if (status >= 400) ticket.finish(new AppError('upstream_failed', `Ollama answered with status ${status}.`));
    else if (local) residency.used(spec, keepAliveOf(request));
  }

  /** Has the runner loaded, to stay as long as the settings say: the request can't be given a keep_alive of ours. */
  async #ready({ ticket, request, spec }: Run, signal: AbortSignal): Promise<void> {
    const { residency, upstream } = this.#parts;
    const keepAlive = keepAliveOf(request);
    if (!residency.isReady(spec)) ticket.moved(loading(this.#parts, spec.model));
    ticket.trace.load = await madeReady(this.#parts, spec, { who: ticket, keepAlive }, signal);
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
