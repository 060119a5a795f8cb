// Everything known about Ollama's memory: which files models are loaded from, what was used when and how long it stays,
// which runner is ready with how large a context, and which prompts it holds. These parts depend on each other, so
// backend.ts creates them together.
import { Contexts } from './core/models/contexts.ts';
import { Determinism } from './core/models/determinism.ts';
import { KeepAlives } from './core/models/keep-alive.ts';
import { KnownMemory } from './core/models/known-memory.ts';
import { LoadReasons } from './core/models/load-reasons.ts';
import { Modelfiles } from './core/models/modelfiles.ts';
import { isCloudName } from './core/models/names.ts';
import { Residency } from './core/models/residency.ts';
import { weightsOf } from './core/models/runner.ts';
import { Uses } from './core/models/uses.ts';
import { HeldPrompts } from './core/prompts/held.ts';
import type { Clock, Log, Meter, ReadConfig, Upstream, UpstreamState, Watch } from './core/ports.ts';
import type { Estimator } from './core/queue/estimate.ts';
import type { QueueOptions } from './core/queue/queue.ts';

export interface ModelMemoryOptions {
  readonly upstream: Pick<Upstream, 'load' | 'modelfile'>;
  readonly watch: Watch;
  readonly config: ReadConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly estimator: Estimator;
  readonly meter?: Pick<Meter, 'loaded' | 'left'>;
}

export interface ModelMemory {
  readonly modelfiles: Modelfiles;
  readonly determinism: Determinism;
  readonly contexts: Contexts;
  readonly uses: Uses;
  readonly keepAlives: KeepAlives;
  readonly reasons: LoadReasons;
  readonly residency: Residency;
  readonly known: KnownMemory;
  /** By the keys of the runners. */
  readonly held: HeldPrompts;
  readonly estimator: Estimator;
  /** The parts that the queue uses. */
  readonly forQueue: Pick<QueueOptions, 'loadMs' | 'resident' | 'memory' | 'prompts' | 'evicts'>;
  /** Reads what Ollama lists as loaded. While Ollama is away its memory counts as empty. */
  look(state: Pick<UpstreamState, 'away' | 'loaded'>): void;
}

/** Creates the parts; nothing is known yet. */
export function modelMemory(options: ModelMemoryOptions): ModelMemory {
  const { upstream, watch, config, clock, estimator } = options;
  const modelfiles = new Modelfiles(upstream);
  const determinism = new Determinism(modelfiles);
  const weights = (digest: string): string => modelfiles.weights(digest);
  const uses = new Uses(clock, weights);
  const keepAlives = new KeepAlives({ config, clock, watch, weights });
  const reasons = new LoadReasons(clock.elapsed);
  const held = new HeldPrompts();
  const loading: Pick<Upstream, 'load'> = {
    load: (spec, ...how) => {
      held.keepOnly((runner) => weightsOf(runner) !== spec.weights);
      return upstream.load(spec, ...how);
    },
  };
  const residency = new Residency({ ...options, upstream: loading, modelfiles, keepAlives, uses, reasons });
  const contexts = new Contexts({ residency, watch, weights });
  const known = new KnownMemory({ residency, keepAlives, clock });
  const look: ModelMemory['look'] = ({ away, loaded }) => {
    if (away) {
      residency.forgetAll();
      known.forget();
    }
    const past = residency.reconcile(loaded);
    const inMemory = residency.inMemory();
    held.keepOnly((runner) => !away && inMemory.has(runner) && !past.has(weightsOf(runner)));
    known.look(loaded);
    contexts.look(loaded);
  };
  const forQueue: ModelMemory['forQueue'] = {
    loadMs: (model) => estimator.loadMs(model) || undefined,
    resident: (runner) => residency.isResident(runner),
    memory: () => known.facts,
    prompts: held,
    evicts: ({ runner, model }, other) => !isCloudName(model) && known.evicts(runner, other),
  };
  return {
    forQueue,
    modelfiles,
    determinism,
    contexts,
    uses,
    keepAlives,
    reasons,
    residency,
    known,
    held,
    estimator,
    look,
  };
}
