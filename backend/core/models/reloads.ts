// Detects who makes Ollama reload a model again and again: tracks the runs of each model, and how their runners differ.
// It reports this and how to end it, and changes no request. Does the same for prompts that do not fit into their
// context.
import type { Truncated } from '../../contract/chat/chat.ts';
import { endOfReloads, endOfTruncation } from '../explain/load-words.ts';
import type { PutNotice, RunnerSpec } from '../ports.ts';
import { differences } from './runner.ts';

/** A storm: this many loads longer than this, for other options, within the last runs of a model. */
const LONG_LOAD_MS = 1000;
const LOADS = 2;
const LAST_RUNS = 5;
/** What has not happened again for this long is over. Milliseconds. */
const OVER_MS = 3_600_000;
/** How many models are remembered. */
const MOST = 50;

/** A run of a model whose load has ended. */
export interface ModelRun {
  readonly spec: RunnerSpec;
  /** The runner of the same weights that was loaded before; undefined when there was none. */
  readonly before: RunnerSpec | undefined;
  readonly loadMs: number;
  /** Its display name. */
  readonly caller: string;
}

export class Reloads {
  /** By weights, the last runs. */
  readonly #runs = new Map<string, readonly ModelRun[]>();
  readonly #put: PutNotice;

  constructor(put: PutNotice) {
    this.#put = put;
  }

  /** Notes a run, and reports it when it is part of a storm. */
  ran(run: ModelRun): void {
    const { weights, model } = run.spec;
    const runs = [...(this.#runs.get(weights) ?? []), run].slice(-LAST_RUNS);
    this.#runs.delete(weights);
    bounded(this.#runs.set(weights, runs));
    const loads = runs.filter(isReload);
    if (loads.length < LOADS || !isReload(run)) return;
    const names = new Set(loads.flatMap(({ spec, before }) => (before === undefined ? [] : differences(before, spec))));
    const differ = [...names].join(', ') || 'PARAMETER';
    const what = `${model} was loaded ${loads.length} times in ${runs.length} requests, each time for another ${differ}.`;
    const who = whoAsks(runs, [...names]);
    this.#put(`storm ${weights}`, {
      text: what,
      ...(who === undefined ? {} : { who }),
      todo: endOfReloads(model, [...names]),
      lastsMs: OVER_MS,
    });
  }

  /** Reports a prompt that does not fit. */
  truncated({ model, weights }: RunnerSpec, { tokens, size }: Truncated, caller: string): void {
    this.#put(`truncated ${weights} ${size}`, {
      text: `A prompt for ${model} has about ${tokens} tokens, and its context ${size}: Ollama leaves the oldest part out.`,
      who: `It came from ${caller}.`,
      todo: endOfTruncation(model),
      lastsMs: OVER_MS,
    });
  }
}

/** A load of a model that was not there is not part of a storm. */
function isReload({ spec, before, loadMs }: ModelRun): boolean {
  return loadMs > LONG_LOAD_MS && before !== undefined && before.key !== spec.key;
}

/** "aider asks for num_ctx 9102 and 9350, Continue for none." */
function whoAsks(runs: readonly ModelRun[], names: readonly string[]): string | undefined {
  const [name] = names;
  if (name === undefined) return undefined;
  const asked = new Map<string, Set<string>>();
  for (const { caller, spec } of runs) {
    const value = spec.options[name];
    asked.set(caller, (asked.get(caller) ?? new Set()).add(value === undefined ? 'none' : String(value)));
  }
  const each = [...asked].map(([caller, values]) => [caller, [...values].join(' and ')] as const);
  const [[first, firstValues] = ['', ''], ...others] = each;
  return `${[`${first} asks for ${name} ${firstValues}`, ...others.map(([caller, values]) => `${caller} for ${values}`)].join(', ')}.`;
}

function bounded(map: Map<string, unknown>): void {
  const oldest = map.keys().next();
  if (map.size > MOST && oldest.done !== true) map.delete(oldest.value);
}
