// The actions that the gateway can be told to do: clear, warm, unload, delete, reset. HTTP, tray and command line all
// use them.
import {
  ACTION_NAMES,
  ACTIONS,
  actionBodySchema,
  type Action,
  type ActionResult,
  type Removed,
} from '../../../contract/views/control.ts';
import { PRIORITY, type Urgency } from '../../../contract/chat/chat-request.ts';
import { AppError } from '../../../contract/errors.ts';
import { explain, wasOf } from '../../../contract/chat/explain.ts';
import { sentence } from '../../../contract/sentence.ts';
import type { ResponseCache } from '../../cache/cache.ts';
import type { Conversations } from '../../conversations/conversations.ts';
import { meantModel } from '../../models/profiles.ts';
import { retryInLine } from '../chat/retry-in-line.ts';
import type { Clock, ReadConfig, UpstreamRequest } from '../../ports.ts';
import { LOCAL, sees } from '../../ownership.ts';
import { letIn, resolveModel } from '../chat/question.ts';
import type { Machine } from '../machines/machine.ts';
import type { Machines } from '../machines/machine-choice.ts';
import { settle, type SettleParts } from '../chat/settle.ts';
import { keepAliveOf, leastContext, shapeRequest } from '../chat/shape.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import { unload, unloadAllIdle } from './unloading.ts';
import type { Lane } from '../../queue/waiter.ts';

export interface ActionParts {
  readonly config: ReadConfig;
  readonly clock: Clock;
  readonly cache: ResponseCache;
  readonly conversations: Conversations;
  readonly telemetry: Telemetry;
  readonly machines: Machines;
}

/** The parts of a machine that loading a model needs. */
export type LoadParts = SettleParts &
  Pick<Machine, 'config' | 'clock' | 'watch' | 'queue' | 'residency' | 'upstream' | 'modelfiles' | 'uses'>;

/** The data of an action; contract/views/control.ts ACTIONS has validated it. */
export interface ActionData {
  readonly model?: string | null | undefined;
  readonly older_than_s?: number | null | undefined;
  readonly key?: string | undefined;
}

/** An action with its data. */
export interface AskedAction {
  readonly action: Action;
  readonly data: ActionData;
}

/** Who requests an action: `watcher` decides what it may see, and `signal` aborts when it left. */
interface Actor {
  readonly watcher: string;
  readonly signal: AbortSignal;
}

/**
 * Parses an action from a caller. Throws invalid_request, which lists the actions or names a wrong or unknown field.
 */
export function readAction(body: unknown): AskedAction {
  const read = actionBodySchema.safeParse(body);
  if (!read.success) {
    const hint = 'What an action needs stands in data: {"action":"warm_model","data":{"model":"llama3.2"}}';
    throw new AppError('invalid_request', sentence`${explain(read.error, body)} ${hint}`);
  }
  const { action, data } = read.data;
  const known = ACTION_NAMES.find((name) => name === action);
  if (known === undefined) {
    throw new AppError('invalid_request', sentence`action must be one of ${ACTION_NAMES.join(', ')}. ${wasOf(action)}`);
  }
  const parsed = ACTIONS[known].safeParse(data);
  if (!parsed.success) throw new AppError('invalid_request', explain(parsed.error, data, 'data'));
  return { action: known, data: parsed.data ?? {} };
}

/** The urgency of a manual warm-up: somebody is waiting for it. */
const BY_HAND: Urgency = { class: 'interactive', priority: PRIORITY.high };

/**
 * Does the action and returns what changed. What is kept or counted for others than the watcher stays as it is. Throws
 * AppError (model_not_found, upstream errors, queue_full).
 */
export async function act(
  parts: ActionParts,
  { action, data }: AskedAction,
  { watcher, signal }: Actor,
): Promise<ActionResult> {
  switch (action) {
    case 'clear': {
      const which = {
        ...(typeof data.model === 'string' ? { model: data.model } : {}),
        ...(typeof data.older_than_s === 'number' ? { olderThanS: data.older_than_s } : {}),
      };
      const answers = await everywhere(parts.cache.clear({ ...which, watcher }));
      // Conversations belong to no model or age, so only a clear of everything includes them.
      if (Object.keys(which).length > 0) return { success: true, action, ...answers };
      const talks = parts.conversations.clear(watcher);
      const removed = answers.removed + talks.removed;
      return { success: true, action, ...answers, removed, freed_bytes: answers.freed_bytes + talks.freed_bytes };
    }
    case 'clear_response_cache':
      return { success: true, action, ...(await everywhere(parts.cache.clear({ watcher }))) };
    case 'clear_conversation_cache':
      return { success: true, action, ...parts.conversations.clear(watcher) };
    case 'delete':
      return { success: true, action, ...(await everywhere(parts.cache.delete(data.key ?? '', watcher))) };
    case 'reset_stats':
      parts.telemetry.reset(watcher);
      // These counts are shared by everybody, so only a watcher that may see everything resets them.
      if (!sees(watcher, LOCAL)) return { success: true, action };
      parts.cache.resetCounts();
      parts.conversations.resetCounts();
      parts.machines.queue.resetCounts();
      return { success: true, action };
    case 'warm_model': {
      const model = modelOf(parts, data);
      return {
        success: true,
        action,
        model,
        ...(await warmSomewhere(parts, model, signal)),
      };
    }
    case 'unload_model': {
      const model = modelOf(parts, data);
      const { machines } = parts;
      const having = machines.having(model);
      const asked = having.length > 0 ? having : [await machines.route({ model, to: 'embed' }, signal)];
      await Promise.all(asked.map((machine) => unload(machine, model, signal)));
      return { success: true, action, model };
    }
    case 'unload_idle': {
      const { unloaded, in_use, refused, freed_bytes } = await unloadAllIdle(parts.machines, signal);
      const stayed = { in_use: [...in_use], ...(refused.length === 0 ? {} : { refused: [...refused] }) };
      return { success: true, action, unloaded: [...unloaded], ...stayed, freed_bytes };
    }
  }
}

/** The model that is meant; the name may be that of a profile. */
function modelOf({ config }: ActionParts, { model }: ActionData): string {
  const { models, ollama } = config();
  return meantModel(models, model ?? ollama.model);
}

/** Warms the model where a request for it would go. The result names the machine if there are several. */
async function warmSomewhere(
  { machines }: Pick<ActionParts, 'machines'>,
  model: string,
  signal: AbortSignal,
): Promise<Pick<ActionResult, 'load_ms' | 'upstream'>> {
  const machine = await machines.route({ model, to: 'embed' }, signal);
  const load_ms = await warm(machine, { model, urgency: BY_HAND }, signal);
  return machine.place === undefined ? { load_ms } : { load_ms, upstream: machine.place.name };
}

/**
 * Loads a model with the runner options that requests through Hearth get, so that the first request causes no reload.
 * Waits for a slot like any request, and renews keep_alive. Resolves with the milliseconds that the load took.
 */
export async function warm(
  parts: LoadParts,
  { model, urgency }: { readonly model: string; readonly urgency: Urgency },
  signal: AbortSignal,
): Promise<number> {
  return await load(parts, { request: { model }, lane: 'chat', caller: 'hearth', urgency }, signal);
}

/** A load to do: the model with its options, and for whom it waits in the queue. */
interface WantedLoad {
  readonly request: UpstreamRequest;
  readonly lane: Lane;
  readonly caller: string;
  readonly urgency: Urgency;
}

/**
 * Loads a model with the options and the keep_alive of a request. Without options, it uses those that requests usually
 * have.
 */
export async function load(
  parts: LoadParts,
  { request: wanted, lane, caller, urgency }: WantedLoad,
  signal: AbortSignal,
): Promise<number> {
  const { config, watch, queue, residency, upstream, clock } = parts;
  const { model } = wanted;
  const installed = await resolveModel(watch, { name: model, to: 'embed' }, signal);
  const { ollama } = config();
  const shaped = shapeRequest(wanted, ollama);
  const least = leastContext(wanted, ollama);
  const { request, spec: asked } = await settle(parts, { request: shaped, model: installed, least }, signal);
  const spec = wanted.options === undefined ? residency.usual(asked) : asked;
  await letIn(watch, signal);
  const place = queue.enter(
    {
      lane,
      runner: spec.key,
      model: spec.model,
      caller,
      urgency: () => urgency,
      expectedMs: () => 0,
      mayBeginAgain: () => true,
      onWaiting: () => undefined,
    },
    signal,
  );
  return await retryInLine(place, { signal }, async (lease) => {
    const startedAt = clock.elapsed();
    const wish = keepAliveOf(request);
    const loadMs = await residency.ensure(spec, wish, queue, lease.signal);
    const keepAlive = await residency.keepAlive(spec, wish, lease.signal);
    // The runner was ready, or has to stay longer than Ollama keeps it by default: renew it with an empty request.
    if (loadMs === 0 || keepAlive !== wish) {
      await upstream.load(spec, keepAlive, lease.signal);
      residency.renewed(spec, keepAlive);
    }
    return Math.round(clock.elapsed() - startedAt);
  });
}

const PENDING =
  'Valkey is away: the other gateways still have these answers, and lose them when this one reaches it again.';

/** The removal here, once the whole fleet has removed it too, or Valkey turns out to be away. */
async function everywhere({
  shared,
  ...removed
}: ReturnType<ResponseCache['clear']>): Promise<Removed & Pick<ActionResult, 'pending'>> {
  return (await shared) === false ? { ...removed, pending: PENDING } : removed;
}
