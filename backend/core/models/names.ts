// How Ollama parses model names, and which similar names to suggest when one is not installed.
import { AppError } from '../../contract/errors.ts';
import { canonicalName } from '../../contract/model-name.ts';
import { typingMistakes } from '../../contract/nearest.ts';
import { quotation, sentence } from '../../contract/sentence.ts';
import type { InstalledModel } from '../ports.ts';

/** Host, namespace, name and tag, each as Ollama accepts them (ollama types/model/name.go). */
const NAME = /^(?:(?:(?:[a-z]+:\/\/)?\w[\w.:-]{0,349}\/)?\w[\w-]{0,79}\/)?\w[\w.-]{0,79}(?::\w[\w.-]{0,79})?$/i;

/** Whether Ollama accepts it as a model name. */
export function isModelName(name: string): boolean {
  return NAME.test(withoutLocal(name));
}

/** The name without the suffix that keeps it on this machine (ollama internal/modelref). */
export function withoutLocal(name: string): string {
  return name.trim().replace(/:local$/i, '');
}

/** Whether a name asks for ollama.com's machines; such requests never reach the local scheduler. */
export function isCloudName(name: string): boolean {
  return /(?::|-)cloud$/i.test(name);
}

/** The model of a name among the installed ones, or else among the loaded ones, since the list may be unknown. */
export function named<M extends { readonly name: string }>(
  name: string,
  ...lists: (readonly M[] | undefined)[]
): M | undefined {
  const wanted = canonicalName(name);
  return lists.flatMap((list) => list ?? []).find((model) => canonicalName(model.name) === wanted);
}

/** Up to three installed names that the caller may have meant, most similar first. */
export function nearNames(wanted: string, installed: readonly InstalledModel[]): string[] {
  const target = plainName(wanted);
  const limit = Math.max(2, target.length / 2);
  return installed
    .map(({ name }) => ({ name, distance: distance(target, plainName(name), limit) }))
    .filter(({ distance }) => distance <= limit)
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** The name without Ollama's default tag, which would make every name longer than what was asked for. */
function plainName(name: string): string {
  return canonicalName(name).replace(/:latest$/, '');
}

/** How different two names are. The beginning of a name, and another size of the same model, are close. */
function distance(wanted: string, own: string, limit: number): number {
  if (wanted.length >= 3 && own.startsWith(wanted)) return 1;
  const [wantedFamily = ''] = wanted.split(':');
  const [family = ''] = own.split(':');
  return Math.min(typingMistakes(wanted, own, limit + 1), typingMistakes(wantedFamily, family, limit + 1) + 1);
}

/** The sentence for a model that is not installed, with similar names and the command that installs it. */
export function notInstalled(wanted: string, installed: readonly InstalledModel[]): string {
  const near = nearNames(wanted, installed);
  const hint = near.length > 0 ? ` Near: ${near.join(', ')}.` : '';
  return `Model "${wanted}" is not installed.${hint} To install it: ollama pull ${wanted}`;
}

/**
 * The sentence when no machine has the model, with the machines asked and similar names, or with the ones that have it
 * and may not be asked.
 */
function onNoMachine(wanted: string, { machines, barred, installed }: AskedMachines): string {
  if (barred.length > 0) {
    const others = machines.length === 0 ? '' : `, and on none of those that may: ${machines.join(', ')}`;
    return `Model "${wanted}" is on ${barred.join(', ')}, which may not be asked for it (upstreams.models)${others}.`;
  }
  const near = nearNames(wanted, installed);
  const hint = near.length > 0 ? ` Near: ${near.join(', ')}.` : '';
  if (machines.length === 0) return `No machine may be asked for "${wanted}": no upstreams.models names it.${hint}`;
  return `Model "${wanted}" is on none of your machines: ${machines.join(', ')}.${hint} To install it there: ollama pull ${wanted}`;
}

/** The names of the machines that were searched, and the models that any of them may be asked for. */
export interface AskedMachines {
  readonly machines: readonly string[];
  /** The machines that have the model, but may not be asked for it. */
  readonly barred: readonly string[];
  readonly installed: readonly InstalledModel[];
}

/** Ollama's own wording, which differs by route (ollama server/routes.go). */
const SAID = {
  write: (name: string) => `model '${name}' not found`,
  embed: (name: string) => `model ${JSON.stringify(name)} not found, try pulling it first`,
  // With its tag, since 0.33.
  show: (name: string) => `model '${/:[^/]*$/.test(name) ? name : `${name}:latest`}' not found`,
} as const;

/** The error for a name that is not installed, or not a valid name. `to`: what the model was wanted for. */
export function noSuchModel(name: string, installed: readonly InstalledModel[], to: keyof typeof SAID): AppError {
  return refusal(name, notInstalled(name, installed), to);
}

/** The same with several machines, none of which has the model. */
export function noMachineHas(name: string, asked: AskedMachines, to: keyof typeof SAID): AppError {
  return refusal(name, onNoMachine(name, asked), to);
}

function refusal(name: string, words: string, to: keyof typeof SAID): AppError {
  if (isModelName(name)) {
    return new AppError('model_not_found', words, { native: { status: 404, body: { error: SAID[to](name) } } });
  }
  return new AppError(
    'invalid_request',
    sentence`${quotation(name)} cannot be a model's name. Names look like llama3.2 or owner/name:tag.`,
    {
      native: { status: 400, body: { error: 'invalid model name' } },
    },
  );
}
