// An Ollama that only has memory, with a clock that the test moves: it has room for some models, the one whose time ends
// first is evicted, and each is unloaded when its time is up. For tests of what the core does about that.
import type { Config } from '../../backend/contract/config/config.ts';
import { act, type ActionParts, type LoadParts } from '../../backend/core/stories/models/actions.ts';
import type { Machine } from '../../backend/core/stories/machines/machine.ts';
import { Machines } from '../../backend/core/stories/machines/machine-choice.ts';
import { PassedOn } from '../../backend/core/stories/chat/passed-on.ts';
import { ResponseCache } from '../../backend/core/cache/cache.ts';
import { Conversations } from '../../backend/core/conversations/conversations.ts';
import { Estimator } from '../../backend/core/queue/estimate.ts';
import { History } from '../../backend/core/telemetry/history.ts';
import { keepAliveMs } from '../../backend/core/models/keep-alive.ts';
import type { InstalledModel, LoadedModel, Modelfile, RunnerSpec, Upstream, Watch } from '../../backend/core/ports.ts';
import { LeaseQueue } from '../../backend/core/queue/queue.ts';
import { Telemetry } from '../../backend/core/telemetry/telemetry.ts';
import { config, installed, loaded, NO_LOG, standingWatch } from './builders.ts';
import { ManualClock } from './clocks.ts';
import { memory, NO_MODELFILE, type Memory } from './model-memory.ts';
import { LOCAL } from '../../backend/core/ownership.ts';

type Sections = NonNullable<Parameters<typeof config>[0]>;

export interface SmallMemoryOptions {
  /** Models that fit together. */
  readonly room: number;
  readonly models: readonly InstalledModel[];
  readonly modelfiles?: Readonly<Record<string, Modelfile>>;
  /** OLLAMA_KEEP_ALIVE in milliseconds. Default 5 minutes. */
  readonly keepAliveMs?: number;
  readonly config?: Sections;
}

export class SmallMemory {
  readonly clock = new ManualClock();
  /** Names in the order in which they were loaded; what was in memory already is not loaded. */
  readonly loads: string[] = [];
  /** Names of all empty requests with the keep_alive that was sent, and of those that unloaded. */
  readonly said: string[] = [];
  /** Names whose load fails. */
  readonly failing = new Set<string>();
  status: 'up' | 'down' = 'up';
  readonly parts: ActionParts & LoadParts & Memory;
  #config: Config;
  readonly #options: SmallMemoryOptions;
  readonly #inMemory = new Map<string, { model: LoadedModel; keepMs: number }>();
  readonly #watch: Watch;

  constructor(options: SmallMemoryOptions) {
    this.#options = options;
    this.#config = config(options.config);
    const { clock } = this;
    const readConfig = (): Config => this.#config;
    const standing = standingWatch();
    const state = (): Watch['state'] => ({
      ...standing.state,
      status: this.status,
      installed: options.models,
      loaded: this.loaded,
    });
    const find = (name: string): InstalledModel | undefined => options.models.find((model) => model.name === name);
    this.#watch = {
      ...standing,
      get state() {
        return state();
      },
      resolve: (name) => Promise.resolve(find(name)),
      peek: find,
      refreshLoaded: () => Promise.resolve(this.loaded),
    };
    const refuse = (): never => {
      throw new Error('no such call');
    };
    const upstream: Upstream = {
      load: (spec, keepAlive) => this.#load(spec, keepAlive),
      unload: (model) => this.#unload(model),
      modelfile: (name) => Promise.resolve(options.modelfiles?.[name] ?? NO_MODELFILE),
      chat: refuse,
      generate: refuse,
      embed: refuse,
      embeddings: refuse,
      pull: refuse,
      remove: refuse,
      tags: refuse,
      ps: refuse,
      version: refuse,
    };
    const known = memory({ clock, watch: this.#watch, upstream, config: readConfig, estimator: new Estimator() });
    const queue = new LeaseQueue({
      config: readConfig,
      clock,
      loadMs: () => 0,
      resident: (runner) => known.residency.isResident(runner),
      away: () => false,
      onChange: () => undefined,
    });
    const all = { ...known, config: readConfig, clock, queue, upstream, watch: this.#watch };
    const passedOn = new PassedOn({ ...all, log: NO_LOG, life: new AbortController().signal });
    const machine: Machine = {
      ...all,
      place: undefined,
      waker: undefined,
      isHearth: () => false,
      relay: { forward: refuse },
      passedOn,
    };
    this.parts = {
      ...all,
      machines: new Machines([machine]),
      cache: new ResponseCache(readConfig, clock),
      conversations: new Conversations(readConfig, clock),
      telemetry: new Telemetry(new History(clock.now), clock.now),
    };
  }

  /** As /api/ps lists it. */
  get loaded(): LoadedModel[] {
    const now = this.clock.now();
    for (const [weights, { model }] of this.#inMemory) if (model.expires_at <= now) this.#inMemory.delete(weights);
    return this.status === 'down' ? [] : [...this.#inMemory.values()].map(({ model }) => model);
  }

  get names(): string[] {
    return this.loaded.map(({ name }) => name).toSorted();
  }

  /** Somebody uses a model past Hearth; -1 pins it. */
  direct(name: string, keepAlive?: number): void {
    this.#use(name, keepAlive);
  }

  /** Somebody unloads a model, or Ollama is started anew. */
  forget(...names: string[]): void {
    for (const name of names) this.#inMemory.delete(this.#weights(name));
  }

  /** What Hearth notices when it looks. */
  look(): void {
    this.parts.residency.reconcile(this.loaded);
  }

  /** A chat through Hearth, as the gateway runs it. */
  async chat(name: string, asked?: number): Promise<void> {
    const { modelfiles, residency, queue } = this.parts;
    const model = this.#options.models.find((each) => each.name === name);
    const signal = new AbortController().signal;
    const spec = await modelfiles.runner({ model: name }, model, signal);
    await residency.ensure(spec, asked, queue, signal);
    const sent = await residency.keepAlive(spec, asked, signal);
    this.#use(name, sent);
    residency.used(spec, sent);
    this.look();
  }

  warm(model: string): Promise<unknown> {
    const asked = { action: 'warm_model', data: { model } } as const;
    return act(this.parts, asked, { watcher: LOCAL, signal: new AbortController().signal });
  }

  async #load({ model: name }: RunnerSpec, keepAlive: string | number | undefined): Promise<void> {
    if (this.failing.has(name)) throw new Error(`${name} is too large`);
    this.said.push(`${name} ${keepAlive ?? 'as it is'}`);
    this.#use(name, keepAlive);
  }

  async #unload(name: string): Promise<void> {
    this.said.push(`${name} goes`);
    this.forget(name);
  }

  #weights(name: string): string {
    const { modelfiles, models } = this.#options;
    return modelfiles?.[name]?.weights ?? models.find((model) => model.name === name)?.digest ?? name;
  }

  #use(name: string, keepAlive: string | number | undefined): void {
    const weights = this.#weights(name);
    const now = this.clock.now();
    const before = this.loaded.length === 0 ? undefined : this.#inMemory.get(weights);
    if (before === undefined) {
      this.loads.push(name);
      const others = [...this.#inMemory].toSorted(([, a], [, b]) => a.model.expires_at - b.model.expires_at);
      for (const [other] of others.slice(0, Math.max(0, others.length + 1 - this.#options.room))) {
        this.#inMemory.delete(other);
      }
    }
    const keepMs =
      keepAlive === undefined ? (before?.keepMs ?? this.#options.keepAliveMs ?? 300_000) : keepAliveMs(keepAlive);
    const expiresAt = Math.min(now + keepMs, Number.MAX_SAFE_INTEGER);
    const digest = this.#options.models.find((model) => model.name === name)?.digest ?? name;
    const model = before?.model ?? loaded(name, { digest });
    this.#inMemory.set(weights, { model: { ...model, expires_at: expiresAt }, keepMs });
  }
}

/** Installed models, each with a digest of its own. */
export function models(...names: string[]): InstalledModel[] {
  return names.map((name) => installed(name));
}
