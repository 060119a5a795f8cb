// What the core knows of Ollama's memory, for tests that need it whole and little else.
import { defaultConfig, type Config } from '../../backend/contract/config/config.ts';
import type { Clock, Modelfile, Upstream, Watch } from '../../backend/core/ports.ts';
import { Estimator } from '../../backend/core/queue/estimate.ts';
import { modelMemory, type ModelMemory } from '../../backend/ollama-memory.ts';
import { NO_LOG } from './builders.ts';

/** A model whose Modelfile tells nothing. */
export const NO_MODELFILE: Modelfile = { parameters: new Map(), weights: undefined };

export interface MemoryOptions {
  readonly clock: Clock;
  readonly watch: Watch;
  readonly upstream: Pick<Upstream, 'load'> & Partial<Pick<Upstream, 'modelfile'>>;
  readonly config?: () => Config;
  readonly estimator?: Estimator;
}

export type Memory = ModelMemory;

export function memory({
  upstream,
  config = defaultConfig,
  estimator = new Estimator(),
  ...rest
}: MemoryOptions): Memory {
  const asked = { modelfile: async () => NO_MODELFILE, ...upstream };
  return modelMemory({ ...rest, upstream: asked, config, estimator, log: NO_LOG });
}
