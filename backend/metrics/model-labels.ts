// The names under which models are counted. A label with a thousand values would be a thousand series for good, and a caller
// may ask for any name: so only installed models have one, in the spelling of Ollama's list, and only so many.
import type { Config } from '../contract/config/config.ts';
import { named } from '../core/models/names.ts';
import { meantModel } from '../core/models/profiles.ts';
import type { ReadConfig, Watch } from '../core/ports.ts';
import { OTHERS } from '../core/telemetry/tally.ts';

/** Models with a name of their own. */
const MOST_MODELS = 100;
/** Spellings that are remembered, since finding what one means takes a walk over the list. */
const MOST_SPELLINGS = 500;

export interface ModelLabelParts {
  readonly config: ReadConfig;
  readonly watch: Pick<Watch, 'state'>;
}

export class ModelLabels {
  readonly #config: ReadConfig;
  readonly #watch: Pick<Watch, 'state'>;
  readonly #spellings = new Map<string, string>();
  /** The profiles by which they were understood. */
  #profiles: Config['models'] | undefined;
  /** All labels that were given so far. */
  readonly given = new Set<string>();

  constructor({ config, watch }: ModelLabelParts) {
    this.#config = config;
    this.#watch = watch;
  }

  /** The label of a model, as it was asked for or as it is installed. "(other)" stands for all that have none. */
  of(model: string): string {
    const { models } = this.#config();
    if (models !== this.#profiles) this.#spellings.clear();
    this.#profiles = models;
    return this.#spellings.get(model) ?? this.#find(model, models);
  }

  #find(model: string, profiles: Config['models']): string {
    const { installed, loaded } = this.#watch.state;
    const name = named<{ readonly name: string }>(meantModel(profiles, model), installed, loaded)?.name;
    if (name === undefined || (!this.given.has(name) && this.given.size >= MOST_MODELS)) {
      this.given.add(OTHERS);
      return OTHERS;
    }
    this.given.add(name);
    if (this.#spellings.size >= MOST_SPELLINGS) this.#spellings.clear();
    this.#spellings.set(model, name);
    return name;
  }
}
