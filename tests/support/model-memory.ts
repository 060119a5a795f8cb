// What the core knows of Ollama's memory, put together as backend.ts does it, for tests that need it whole.
import { defaultConfig, type Config } from '../../backend/contract/config/config.ts';
import { Estimator } from '../../backend/core/queue/estimate.ts';
import { KeepAlives } from '../../backend/core/models/keep-alive.ts';
import { KnownMemory } from '../../backend/core/models/known-memory.ts';
import { Modelfiles } from '../../backend/core/models/modelfiles.ts';
import type { Clock, Modelfile, Upstream, Watch } from '../../backend/core/ports.ts';
import { Residency } from '../../backend/core/models/residency.ts';
import { Uses } from '../../backend/core/models/uses.ts';
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

export interface Memory {
  readonly modelfiles: Modelfiles;
  readonly uses: Uses;
  readonly keepAlives: KeepAlives;
  readonly residency: Residency;
  readonly known: KnownMemory;
}

export function memory({
  clock,
  watch,
  upstream,
  config = defaultConfig,
  estimator = new Estimator(),
}: MemoryOptions): Memory {
  const modelfiles = new Modelfiles({ modelfile: async () => NO_MODELFILE, ...upstream });
  const weights = (digest: string): string => modelfiles.weights(digest);
  const uses = new Uses(clock, weights);
  const keepAlives = new KeepAlives({ config, clock, watch, weights });
  const residency = new Residency({ upstream, watch, modelfiles, keepAlives, uses, estimator, clock, log: NO_LOG });
  const known = new KnownMemory({ residency, keepAlives, clock });
  return { modelfiles, uses, keepAlives, residency, known };
}
