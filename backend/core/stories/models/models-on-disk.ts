// Deletes installed models and describes them.
import type { ModelDetails } from '../../../contract/window/model-commands.ts';
import type { ActionParts } from './actions.ts';
import type { Machine } from '../machines/machine.ts';
import { named } from '../../models/names.ts';
import { LOCAL } from '../../ownership.ts';
import { resolveModel } from '../chat/question.ts';
import type { RequestDesk } from '../views/request-desk.ts';

export interface ModelDiskParts extends ActionParts {
  readonly requestDesk: RequestDesk;
}

/** How many of the last requests are searched for the users of a model. */
const LATELY = 200;

/**
 * Deletes a model on every machine that has it. Unloads it first, as Ollama's own client does (cmd/cmd.go,
 * DeleteHandler); runs on it end. Throws model_not_found, and Ollama's errors.
 */
export async function removeModel({ machines }: ActionParts, model: string, signal: AbortSignal): Promise<void> {
  const having = machines.having(model);
  const asked = having.length > 0 ? having : [await machines.route({ model, to: 'write' }, signal)];
  await Promise.all(asked.map((machine) => removeFrom(machine, model, signal)));
}

async function removeFrom(machine: Machine, model: string, signal: AbortSignal): Promise<void> {
  const { watch, upstream, residency, modelfiles } = machine;
  const installed = await resolveModel(watch, { name: model, to: 'write' }, signal);
  const name = installed?.name ?? model;
  const loaded = named(name, watch.state.loaded);
  if (loaded !== undefined) {
    await upstream.unload(name, signal);
    residency.forget(modelfiles.weights(loaded.digest));
  }
  try {
    await upstream.remove(name, signal);
  } finally {
    watch.invalidate();
  }
}

/** Throws model_not_found, and the signal's reason. */
export async function modelDetails(parts: ModelDiskParts, model: string, signal: AbortSignal): Promise<ModelDetails> {
  const { requestDesk, machines } = parts;
  const machine = await machines.route({ model, to: 'write' }, signal);
  const { watch, modelfiles, estimator } = machine;
  const installed = await resolveModel(watch, { name: model, to: 'write' }, signal);
  const name = installed?.name ?? model;
  const modelfile = installed === undefined ? undefined : await modelfiles.of(installed, signal);
  const names = [name, name.replace(/:latest$/, '')];
  const { requests } = await requestDesk.list({ model: names, limit: LATELY }, LOCAL, signal);
  return {
    most_context: modelfile?.contextLength ?? null,
    vector_length: (installed?.capabilities?.includes('embedding') ? modelfile?.vectorLength : undefined) ?? null,
    license: modelfile?.license ?? null,
    used_by: mostFirst(requests.map(({ caller }) => caller)),
    reads_tokens_per_s: estimator.readTokensPerSecond(name),
  };
}

function mostFirst(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].toSorted(([, a], [, b]) => b - a).map(([name]) => name);
}
