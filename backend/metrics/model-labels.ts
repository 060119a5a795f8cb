// Model names as metric labels. A label with a thousand values would be a thousand permanent series, and a caller may
// send any name: so only installed models get one, spelled as in Ollama's list, up to a maximum.
import type { Config } from '../contract/config/config.ts';
import { named } from '../core/models/names.ts';
import { meantModel } from '../core/models/profiles.ts';
import type { ReadConfig, Watch } from '../core/ports.ts';
import { OTHERS } from '../core/telemetry/tally.ts';

/** Models with a label of their own. */
const MOST_MODELS = 100;
/** Cached spellings, since finding a model by its spelling walks the whole list. */
const MOST_SPELLINGS = 500;

export interface ModelLabelParts {
  readonly config: ReadConfig;
  readonly watch: Pick<Watch, 'state'>;
}

export class ModelLabels {
  readonly #config: ReadConfig;
  readonly #watch: Pick<Watch, 'state'>;
  readonly #spellings = new Map<string, string>();
  /** The profiles for which the cached spellings hold. */
  #profiles: Config['models'] | undefined;
  /** All labels in use so far. */
  readonly given = new Set<string>();

  constructor({ config, watch }: ModelLabelParts) {
    this.#config = config;
    this.#watch = watch;
  }

  /** The label of a model, by its requested or installed name. "(other)" stands for all without a label. */
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
