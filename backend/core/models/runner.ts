// Which runner of Ollama a request needs: two requests with one key run on the same loaded runner. Pure; residency.ts
// knows what is loaded.
import { OPTIONS } from '../../contract/chat/ollama-bodies.ts';
import { canonicalJson } from '../canonical-json.ts';
import type { InstalledModel, Modelfile, RunnerSpec, UpstreamRequest } from '../ports.ts';

/** The weights of the runner with this key. */
export function weightsOf(key: string): string {
  return key.slice(0, key.indexOf(' {'));
}

/**
 * The runner of a request for this model. `model` is undefined when it is not known to be installed; its name then
 * stands for it. Options that the request lacks come from the Modelfile, if that is known.
 */
export function runnerSpec(
  body: UpstreamRequest,
  model: Pick<InstalledModel, 'digest' | 'name'> | undefined,
  modelfile: Modelfile | undefined,
): RunnerSpec {
  const options: Record<string, unknown> = {};
  const inForce: Record<string, string> = {};
  for (const name of OPTIONS.runner) {
    const value = body.options?.[name] ?? undefined;
    if (value !== undefined) options[name] = value;
    const counts = value ?? modelfile?.parameters.get(name)?.at(-1);
    // As text: a Modelfile has no numbers.
    if (counts !== undefined) inForce[name] = String(counts);
  }
  const shift = typeof body['shift'] === 'boolean' ? { shift: body['shift'] } : {};
  const digest = model?.digest ?? body.model;
  const weights = modelfile?.weights ?? digest;
  return {
    model: model?.name ?? body.model,
    digest,
    weights,
    options,
    ...shift,
    key: `${weights} ${canonicalJson({ options: inForce, ...shift })}`,
  };
}

/** The names of the options in which two runners differ, and `shift`; empty when only their Modelfiles differ. */
export function differences(a: RunnerSpec, b: RunnerSpec): string[] {
  const names = OPTIONS.runner.filter((name) => a.options[name] !== b.options[name]);
  return a.shift === b.shift ? names : [...names, 'shift'];
}
