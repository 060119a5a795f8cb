// The fake Ollama's memory: which runners are loaded, who waits for a load, an eviction or a slot (Ollama's server/sched.go).
// Deliberately keeps Ollama's faults too: a load dies with the client that asked for it, the head of the line blocks all behind it,
// and a request with an explicit keep_alive rescues a runner from the eviction another one is waiting for.
import type { Gates } from './fake-events.ts';
import { embeddingOnly } from './fake-models.ts';
import type { Installed } from './fake-models.ts';
import type { RunnerOptions, RunnerWish } from './fake-options.ts';
import { Runner } from './fake-runner.ts';
import { FakeError } from './fake-wire.ts';
import type { Client } from './fake-wire.ts';

/** One start of a runner. */
export interface LoadRecord {
  /** `name:tag` it was loaded under. */
  readonly model: string;
  /** All effective runner options, `shift` among them. */
  readonly options: RunnerOptions;
  /** `performance.now()` milliseconds. */
  readonly at: number;
  /** `aborted`: the client that asked for it left. */
  readonly outcome: 'loading' | 'loaded' | 'aborted' | 'failed';
}

/** What a request asks of the scheduler. */
export interface Want extends RunnerWish {
  readonly model: Installed;
  /** Milliseconds; undefined = not given. */
  readonly keepAliveMs: number | undefined;
}

/** A place in a runner. */
export interface Ticket {
  readonly cold: boolean;
  /** `performance.now()` when the runner was ready for this request. */
  readonly readyAt: number;
  /** Idempotent. */
  release(): void;
}

interface Pending {
  readonly want: Want;
  readonly client: Client;
  readonly resolve: (placed: { readonly runner: Runner; readonly cold: boolean } | undefined) => void;
  readonly reject: (error: unknown) => void;
}

export interface SchedulerSettings {
  readonly parallel: number;
  readonly maxQueue: number;
  readonly maxLoaded: number;
  /** Default keep_alive at load, milliseconds. */
  readonly keepAliveMs: number;
}

const BUSY = 'server busy, please try again.  maximum pending requests exceeded';

export class Scheduler {
  readonly loads: LoadRecord[] = [];
  readonly #settings: SchedulerSettings;
  readonly #gates: Gates;
  readonly #changed: () => void;
  readonly #runners = new Map<string, Runner>();
  readonly #pending: Pending[] = [];
  #placing = false;

  constructor(settings: SchedulerSettings, gates: Gates, changed: () => void) {
    this.#settings = settings;
    this.#gates = gates;
    this.#changed = changed;
  }

  /** Loads the model if need be and waits for a slot; undefined when the client left. Throws when busy or when the load fails. */
  async acquire(want: Want, client: Client): Promise<Ticket | undefined> {
    const placed = await this.#schedule(want, client);
    if (placed === undefined) return undefined;
    const { runner, cold } = placed;
    const readyAt = performance.now();
    if (!(await runner.slot(client))) {
      runner.unref();
      return undefined;
    }
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      runner.leaveSlot(client);
      runner.unref();
    };
    return { cold, readyAt, release };
  }

  /** Loads only: a "warm" request without content. `cold` when this call loaded it; undefined when the client left. */
  async load(want: Want, client: Client): Promise<'cold' | 'warm' | undefined> {
    const placed = await this.#schedule(want, client);
    if (placed === undefined) return undefined;
    placed.runner.unref();
    return placed.cold ? 'cold' : 'warm';
  }

  /** `keep_alive: 0` without content: returns at once, the unload follows and lets what runs end. */
  expire(model: Installed): void {
    const runner = this.#runners.get(model.weights);
    if (runner === undefined) return;
    setImmediate(() => void this.#evict(runner));
  }

  /** Forgets all runners at once, as a killed server does; what runs is not stopped by this. */
  unloadAll(): void {
    for (const runner of this.#runners.values()) this.#unload(runner);
  }

  /** The runner processes of a model, or all of them, are killed; Ollama goes on and starts new ones when asked. */
  kill(model: Installed | undefined): void {
    for (const runner of Array.from(this.#runners.values())) {
      if (model !== undefined && runner.model.weights !== model.weights) continue;
      this.#unload(runner);
      runner.die();
    }
  }

  /** What /api/ps shows, longest remaining first. */
  list(): readonly { readonly runner: Runner; readonly expiresAt: number }[] {
    this.#sweep();
    return [...this.#runners.values()]
      .map((runner) => ({ runner, expiresAt: runner.expiresAt }))
      .toSorted((a, b) => b.expiresAt - a.expiresAt);
  }

  #schedule(want: Want, client: Client): Promise<{ readonly runner: Runner; readonly cold: boolean } | undefined> {
    this.#sweep();
    const loaded = this.#runners.get(want.model.weights);
    // The fast path of a loaded, fitting runner is not counted against maxQueue.
    if (loaded !== undefined && loaded.wish.key === want.key) {
      loaded.use(want.keepAliveMs);
      return Promise.resolve({ runner: loaded, cold: false });
    }
    if (this.#placing && this.#pending.length >= this.#settings.maxQueue)
      return Promise.reject(new FakeError(503, BUSY));
    return new Promise((resolve, reject) => {
      this.#pending.push({ want, client, resolve, reject });
      if (!this.#placing) void this.#placeAll();
    });
  }

  /** One at a time, strictly in order of arrival. */
  async #placeAll(): Promise<void> {
    this.#placing = true;
    for (let head = this.#pending.shift(); head !== undefined; head = this.#pending.shift()) {
      try {
        head.resolve(await this.#place(head));
      } catch (error) {
        head.reject(error);
      }
    }
    this.#placing = false;
  }

  async #place({ want, client }: Pending): Promise<{ readonly runner: Runner; readonly cold: boolean } | undefined> {
    for (;;) {
      if (client.gone) return undefined;
      this.#sweep();
      const loaded = this.#runners.get(want.model.weights);
      if (loaded?.wish.key === want.key) {
        loaded.use(want.keepAliveMs);
        return { runner: loaded, cold: false };
      }
      const victim = loaded ?? (this.#runners.size >= this.#settings.maxLoaded ? this.#victim() : undefined);
      if (victim === undefined) {
        const runner = await this.#start(want, client);
        return runner && { runner, cold: true };
      }
      await this.#evict(victim);
    }
  }

  async #start(want: Want, client: Client): Promise<Runner | undefined> {
    const { model } = want;
    const index = this.loads.length;
    const record: LoadRecord = { model: model.name, options: want.options, at: performance.now(), outcome: 'loading' };
    const end = (outcome: LoadRecord['outcome']): void => {
      // reset() may have emptied the list meanwhile.
      if (this.loads[index] === record) this.loads[index] = { ...record, outcome };
      this.#changed();
    };
    this.loads.push(record);
    this.#changed();
    const stayed = (model.loadMs <= 0 || (await client.sleep(model.loadMs))) && (await this.#gates.pass(client));
    if (!stayed) {
      end('aborted');
      return undefined;
    }
    if (model.loadError !== undefined) {
      end('failed');
      throw new FakeError(500, model.loadError);
    }
    const slots = embeddingOnly(model) ? 1 : this.#settings.parallel;
    const runner: Runner = new Runner(model, want, slots, this.#settings.keepAliveMs, () => this.#unload(runner));
    this.#runners.set(model.weights, runner);
    runner.use(want.keepAliveMs);
    end('loaded');
    return runner;
  }

  /** The idle one with the shortest keep-alive, else the busy one with the shortest. */
  #victim(): Runner | undefined {
    const byLife = [...this.#runners.values()].toSorted((a, b) => a.keepAliveMs - b.keepAliveMs);
    return byLife.find((runner) => runner.idle) ?? byLife[0];
  }

  /** Resolves when it is unloaded, which waits until it is idle. */
  #evict(runner: Runner): Promise<void> {
    if (this.#runners.get(runner.model.weights) !== runner) return Promise.resolve();
    return runner.evict();
  }

  #sweep(): void {
    if (this.#runners.size === 0) return;
    for (const runner of this.#runners.values()) {
      if (runner.expired) this.#unload(runner);
    }
  }

  #unload(runner: Runner): void {
    if (this.#runners.get(runner.model.weights) === runner) this.#runners.delete(runner.model.weights);
    runner.unloaded();
    this.#changed();
  }
}
