// Unloads models on request: one by name, or all that are idle. Hearth does not reload a model that a person unloaded
// until somebody uses it. A model that an app unloaded may be reloaded.
import { AppError } from '../../../contract/errors.ts';
import type { LoadParts } from './actions.ts';
import { named } from '../../models/names.ts';
import type { InstalledModel, LoadedModel } from '../../ports.ts';
import type { Machines } from '../machines/machine-choice.ts';
import { resolveModel } from '../chat/question.ts';

/** How often /api/ps is polled while a model leaves memory, and for how long. Milliseconds. */
const POLL_MS = 100;
const LIMIT_MS = 30_000;

/** The models that were unloaded and those that stayed, by name. */
export interface MadeFree {
  readonly unloaded: readonly string[];
  readonly in_use: readonly string[];
  /** The models that Ollama refused to unload. */
  readonly refused: readonly string[];
  /** Bytes of memory freed, on the GPU or not. */
  readonly freed_bytes: number;
}

/** Unloads a model on every machine that has it, without waiting until it is gone. */
export async function unloadEverywhere(machines: Machines, model: string, signal: AbortSignal): Promise<void> {
  const having = machines.having(model);
  const asked = having.length > 0 ? having : [await machines.route({ model, to: 'write' }, signal)];
  await Promise.all(asked.map((machine) => unloadAtOnce(machine, model, signal)));
}

/** Unloads a model as Ollama's own clients do, without waiting until it is gone. Throws Ollama's errors. */
async function unloadAtOnce(parts: LoadParts, model: string, signal: AbortSignal): Promise<void> {
  const { watch, upstream, residency, modelfiles } = parts;
  const installed = await watch.resolve(model, signal);
  await upstream.unload(model, signal);
  if (installed !== undefined) residency.forget(modelfiles.weights(installed.digest));
  watch.invalidate();
}

/** Unloads a model and resolves when Ollama no longer lists it as loaded. Throws upstream_failed when it stays. */
export async function unload(parts: LoadParts, model: string, signal: AbortSignal): Promise<void> {
  const { watch, upstream, modelfiles } = parts;
  const installed = await resolveModel(watch, { name: model, to: 'embed' }, signal);
  await upstream.unload(model, signal);
  const { weights } = await modelfiles.runner({ model }, installed, signal);
  putAway(parts, weights);
  if ((await stayed(parts, [weights], signal)).size === 0) return;
  throw new AppError(
    'upstream_failed',
    `Ollama still has ${model} in memory after 30 s; a request may be running on it.`,
  );
}

/** Unloads idle models on all machines that answer. Throws only when all of them fail. */
export async function unloadAllIdle(machines: Machines, signal: AbortSignal): Promise<MadeFree> {
  const asked = machines.up.length > 0 ? machines.up : [machines.first];
  const ended = await Promise.allSettled(asked.map((machine) => unloadIdle(machine, signal)));
  const [first, ...others] = ended.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  if (first === undefined) throw ended.find((each) => each.status === 'rejected')?.reason;
  return others.reduce(
    (all, each) => ({
      unloaded: [...all.unloaded, ...each.unloaded],
      in_use: [...all.in_use, ...each.in_use],
      refused: [...all.refused, ...each.refused],
      freed_bytes: all.freed_bytes + each.freed_bytes,
    }),
    first,
  );
}

/**
 * Unloads all models that no request runs on or waits for. Models used by programs that bypass Hearth stay too, since
 * Ollama lets those finish. A refusal for one model does not stop the others. Resolves when they are gone. Throws
 * Ollama's error when it refuses all.
 */
async function unloadIdle(parts: LoadParts, signal: AbortSignal): Promise<MadeFree> {
  const { watch, upstream, modelfiles } = parts;
  const loaded = await watch.refreshLoaded(signal);
  await modelfiles.learn(loaded, signal);
  const weightsOf = ({ digest }: Pick<LoadedModel, 'digest'>): string => modelfiles.weights(digest);
  const needed = neededWeights(parts);
  const idle = loaded.filter((model) => !needed.has(weightsOf(model)));
  const asked = await Promise.allSettled(idle.map(({ name }) => upstream.unload(name, signal)));
  const refusals = asked.filter((each) => each.status === 'rejected');
  if (refusals[0] !== undefined && refusals.length === idle.length) throw refusals[0].reason;
  const taken = idle.filter((_, at) => asked[at]?.status === 'fulfilled');
  for (const model of taken) putAway(parts, weightsOf(model));
  const busy = await stayed(parts, taken.map(weightsOf), signal);
  const gone = taken.filter((model) => !busy.has(weightsOf(model)));
  const refused = idle.filter((model) => !taken.includes(model));
  const names = (models: readonly LoadedModel[]): string[] => models.map(({ name }) => name);
  return {
    unloaded: names(gone),
    in_use: names(loaded.filter((model) => !gone.includes(model) && !refused.includes(model))),
    refused: names(refused),
    freed_bytes: gone.reduce((sum, { size }) => sum + size, 0),
  };
}

/** The weights of the models that requests run on or wait for. */
function neededWeights({ queue, watch, modelfiles }: LoadParts): Set<string> {
  const { installed, loaded } = watch.state;
  const weights = new Set<string>();
  for (const name of queue.models()) {
    const model = named<Pick<InstalledModel, 'name' | 'digest'>>(name, installed, loaded);
    if (model !== undefined) weights.add(modelfiles.weights(model.digest));
  }
  return weights;
}

function putAway({ residency, uses }: LoadParts, weights: string): void {
  residency.forget(weights);
  uses.putAway(weights);
}

/** Waits until Ollama no longer lists any of the weights. Resolves with those that are left at the time limit. */
async function stayed(
  { watch, residency, clock }: LoadParts,
  weights: readonly string[],
  signal: AbortSignal,
): Promise<Set<string>> {
  const deadline = clock.elapsed() + LIMIT_MS;
  for (;;) {
    await watch.refreshLoaded(signal);
    const left = weights.filter((each) => residency.isLoaded(each));
    if (left.length === 0 || clock.elapsed() > deadline) return new Set(left);
    await clock.sleep(POLL_MS, signal);
  }
}
