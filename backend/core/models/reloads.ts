// Who makes Ollama load a model again and again: the runs of each model, and how the runners differ that they needed. It says
// what is so and what ends it; it changes no request. The same for prompts that do not fit into their context.
import type { Truncated } from '../../contract/chat/chat.ts';
import { endOfReloads, endOfTruncation } from '../explain/load-words.ts';
import type { Elapsed, RunnerSpec } from '../ports.ts';
import { differences } from './runner.ts';

/** A storm: two loads of more than this, for other options, within the last runs of a model. */
const LONG_LOAD_MS = 1000;
const LOADS = 2;
const LAST_RUNS = 5;
/** What has not happened again for so long is over. Milliseconds. */
const OVER_MS = 3_600_000;
/** Models remembered, and different sentences. */
const MOST = 50;

/** A run of a model that has ended its load. */
export interface ModelRun {
  readonly spec: RunnerSpec;
  /** The runner of the same weights that stood there before; undefined where none did. */
  readonly before: RunnerSpec | undefined;
  readonly loadMs: number;
  /** As people know it. */
  readonly caller: string;
}

interface Noted {
  readonly sentence: string;
  readonly at: number;
}

export class Reloads {
  readonly #elapsed: Elapsed;
  /** By weights, the last ones. */
  readonly #runs = new Map<string, readonly ModelRun[]>();
  /** What is so, by what it is about. */
  readonly #noted = new Map<string, Noted>();
  /** Told of what is new, with the callers' names in it. */
  readonly #tell: (text: string) => void;

  constructor(elapsed: Elapsed, tell: (text: string) => void) {
    this.#elapsed = elapsed;
    this.#tell = tell;
  }

  /** Notes a run, and says so when it is part of a storm. */
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
    const end = endOfReloads(model, [...names]);
    this.#note(`storm ${weights}`, `${what} ${end}`, `${what} ${whoAsks(runs, [...names])}${end}`);
  }

  /** Notes that a prompt does not fit. */
  truncated({ model, weights }: RunnerSpec, { tokens, size }: Truncated, caller: string): void {
    const what = `A prompt for ${model} has about ${tokens} tokens, and its context ${size}: Ollama leaves the oldest part out.`;
    const end = endOfTruncation(model);
    this.#note(`truncated ${weights} ${size}`, `${what} ${end}`, `${what} It came from ${caller}. ${end}`);
  }

  /** What is so, without the names of callers: not everybody may know them. */
  get notices(): string[] {
    this.#forget();
    return [...this.#noted.values()].map(({ sentence }) => sentence);
  }

  #note(about: string, sentence: string, named: string): void {
    this.#forget();
    const isNew = !this.#noted.has(about);
    bounded(this.#noted.set(about, { sentence, at: this.#elapsed() }));
    if (isNew) this.#tell(named);
  }

  #forget(): void {
    const old = this.#elapsed() - OVER_MS;
    for (const [about, { at }] of this.#noted) if (at < old) this.#noted.delete(about);
  }
}

/** Loads of a model that was not there, or long ago, are no storm. */
function isReload({ spec, before, loadMs }: ModelRun): boolean {
  return loadMs > LONG_LOAD_MS && before !== undefined && before.key !== spec.key;
}

/** "aider asks for num_ctx 9102 and 9350, Continue for none. " */
function whoAsks(runs: readonly ModelRun[], names: readonly string[]): string {
  const [name] = names;
  if (name === undefined) return '';
  const asked = new Map<string, Set<string>>();
  for (const { caller, spec } of runs) {
    const value = spec.options[name];
    asked.set(caller, (asked.get(caller) ?? new Set()).add(value === undefined ? 'none' : String(value)));
  }
  const each = [...asked].map(([caller, values]) => [caller, [...values].join(' and ')] as const);
  const [[first, firstValues] = ['', ''], ...others] = each;
  return `${[`${first} asks for ${name} ${firstValues}`, ...others.map(([caller, values]) => `${caller} for ${values}`)].join(', ')}. `;
}

function bounded(map: Map<string, unknown>): void {
  const oldest = map.keys().next();
  if (map.size > MOST && oldest.done !== true) map.delete(oldest.value);
}
