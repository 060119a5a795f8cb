// Steps 4 and 5 of the story: run the model on a lease, learn from the run, and keep a good answer.
import { CompletionBuilder, RUNNING, withLoad, type Completion } from '../../../contract/chat/chat.ts';
import { keyed } from '../../cache/keyed.ts';
import type { FlightContext } from '../../flight.ts';
import { isCloudName } from '../../models/names.ts';
import { cachedTokens, runFigures, type Sized } from '../../queue/estimate.ts';
import type { Lease } from '../../queue/waiter.ts';
import type { ChatCall, ToKeep } from '../../requests/call.ts';
import type { Trace } from '../../requests/trace.ts';
import type { GatewayParts } from '../gateway-parts.ts';
import type { Look } from '../reasons/hindsight.ts';
import { readOf } from '../ended-figures.ts';
import { keepAnswer, type Landed } from './keep-answer.ts';
import type { Machine } from '../machines/machine.ts';
import { madeReady } from './made-ready.ts';
import { onBehalf } from './on-behalf.ts';
import { understand } from './question.ts';
import { sendToRunner } from './send-to-runner.ts';
import { contextOf, isAuto, settle, truncationOf, type Settled, type Unsettled } from './settle.ts';
import { keepAliveOf, withKeepAlive } from './shape.ts';
import { ranToItsEnd } from './traced.ts';

/** A run of the model, planned or in progress: the call, its machine, its request and runner, and its outcome. */
export interface Run extends Settled {
  readonly call: ChatCall;
  readonly machine: Machine;
  readonly unsettled: Unsettled;
  readonly outcome: ToKeep;
}

/** A queued run with the size of its prompt, its flight, and what is measured of it. */
export interface Led {
  readonly run: Run;
  readonly asked: Sized;
  readonly flight: FlightContext;
  readonly look: Look;
  readonly trace: Trace;
}

/** The runner that was used, and how much of the prompt it could not read. */
type Ran = Pick<Settled, 'spec'> & Pick<Landed, 'truncated'>;

/** The same run on another machine, with what is known there. Throws what understand throws. */
export async function askedOf(machine: Machine, run: Run, signal: AbortSignal): Promise<Run> {
  const { call, outcome } = run;
  const unsettled = await understand(machine, call, signal);
  const { keepAs } = keyed(machine.watch, unsettled.keyAt);
  const settled = await settle(machine, unsettled, signal);
  return { ...run, machine, unsettled, ...settled, outcome: { ...outcome, keepAs } };
}

/**
 * Runs the model. The lease lasts exactly as long as the upstream stream. Rejects with what the machine's calls reject
 * with.
 */
export async function runOnLease(parts: GatewayParts, lease: Lease, asLed: Led): Promise<void> {
  const { asked, flight, look, trace } = asLed;
  const { signal } = lease;
  const run = await knownWhere(asLed.run, signal);
  const led = { ...asLed, run };
  const { call, machine } = run;
  const { residency } = machine;
  const { reloads } = parts;
  // Settle again with what is loaded now: a larger context may have been loaded while the run waited.
  const { request, spec } = await settle(machine, run.unsettled, signal);
  const before = residency.standing(spec.weights);
  const local = !isCloudName(spec.model);
  let keepAlive = keepAliveOf(request);
  const needed = { who: call, keepAlive, chosen: isAuto(run.unsettled.request) };
  trace.load = local ? await madeReady(machine, spec, needed, signal) : { ms: 0 };
  const loadMs = trace.load.ms;
  if (local && call.keepAlive !== 'pass') keepAlive = await residency.keepAlive(spec, keepAlive, signal);
  lease.began();
  signal.throwIfAborted();
  const context = local ? contextOf(machine, spec, asked.chars) : undefined;
  if (context !== undefined) trace.context = context;
  const truncated = truncationOf(context);
  const running = truncated === undefined ? RUNNING : { ...RUNNING, truncated };
  flight.waiting(running);
  if (truncated !== undefined) reloads.truncated(spec, truncated, call.caller);
  if (local) reloads.ran({ spec, before, loadMs, caller: call.caller });
  const builder = new CompletionBuilder();
  const asker = onBehalf(run, flight.urgency());
  const sent = { call, request: withKeepAlive(request, keepAlive), spec, isCut: truncated !== undefined, look, asker };
  await sendToRunner(machine, sent, signal, (event) => {
    // Drop late events: a run that gives way is asked again from the beginning.
    signal.throwIfAborted();
    if (event.type === 'waiting') return flight.waiting({ ...running, ...event.waiting });
    if (event.type === 'piece') builder.add(event.piece);
    if (event.type !== 'end') return flight.tell(event);
    const end = { ...event.end, metrics: withLoad(event.end.metrics, loadMs) };
    residency.used(spec, keepAlive);
    landed(parts, builder.finish(end), led, { spec, truncated });
    flight.tell({ type: 'end', end });
  });
}

/** Understands a run again if it waited for a machine to wake and its model was unknown until then. */
async function knownWhere(run: Run, signal: AbortSignal): Promise<Run> {
  const { machine, unsettled } = run;
  const wasAsleep = machine.waker !== undefined && unsettled.model === undefined;
  return wasAsleep && !isCloudName(run.spec.model) ? await askedOf(machine, run, signal) : run;
}

/** Learns from a run that ended, and keeps a good answer. */
function landed(
  { telemetry, cache, clock }: GatewayParts,
  completion: Completion,
  { run, asked, flight, look, trace }: Led,
  { spec, truncated }: Ran,
): void {
  const { model } = spec;
  ranToItsEnd(trace, completion, clock.elapsed());
  const { metrics } = completion.end;
  const chars = truncated === undefined ? asked.chars : undefined;
  run.machine.estimator.observe(model, metrics, { ...asked, chars }, cachedTokens(completion.end));
  keepAnswer(cache, completion, { ...run, model, truncated, fence: flight.fence });
  look.landed(completion.end);
  const figures = { ...runFigures(completion.end), reusableTokens: trace.reusable };
  telemetry.ran({ ...run.call, model }, figures, readOf(trace));
}
