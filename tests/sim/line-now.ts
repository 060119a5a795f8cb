// The line of backend/core/queue in a simulated day, with all of its own code and what it learns of the memory.
import { defaultConfig, type Config } from '../../backend/contract/config/config.ts';
import { KnownMemory } from '../../backend/core/models/known-memory.ts';
import type { Clock, LoadedModel } from '../../backend/core/ports.ts';
import { LeaseQueue } from '../../backend/core/queue/queue.ts';
import type { Lease } from '../../backend/core/queue/waiter.ts';
import { KEEP_ALIVE_MS } from './gpu.ts';
import type { Hold, Job, SimLine } from './job.ts';

export interface NowOptions {
  readonly clock: Clock;
  readonly slots: number;
  /** Where the day is not under the settings as they are at first. */
  readonly settings?: Partial<Config['queue']> | undefined;
  /** What /api/ps says now. */
  list(): readonly LoadedModel[];
}

/** As core/models/runner.ts names the runner of a request without options. */
const keyOf = (model: string): string => `${model} {"options":{}}`;

export class LineNow implements SimLine {
  readonly #queue: LeaseQueue;
  readonly #memory: KnownMemory;
  readonly #list: () => readonly LoadedModel[];
  /** By the last look. */
  #runners = new Set<string>();

  constructor({ clock, slots, settings, list }: NowOptions) {
    this.#list = list;
    this.#memory = new KnownMemory({
      residency: { inMemory: () => this.#runners, runnerOf: ({ name }) => keyOf(name) },
      keepAlives: { inForce: () => KEEP_ALIVE_MS, isKept: () => false },
      clock,
    });
    const config = defaultConfig();
    const queue = { ...config.queue, max_queue_size: 10_000, ...settings, max_concurrent: slots };
    this.#queue = new LeaseQueue({
      config: () => ({ ...config, queue }),
      clock,
      loadMs: () => undefined,
      resident: (runner) => this.#runners.has(runner),
      memory: () => this.#memory.facts,
      evicts: (wish, runner) => this.#memory.evicts(wish.runner, runner),
      onChange: () => undefined,
    });
  }

  async enter(job: Job): Promise<Hold> {
    const { lane, caller, model, runMs } = job;
    this.#look();
    const { signal } = new AbortController();
    const place = this.#queue.enter(
      {
        lane,
        caller,
        runner: keyOf(model.name),
        model: model.name,
        urgency: () => ({ class: job.class, priority: 0 }),
        expectedMs: () => runMs,
        // What nobody reads along is told when it is whole.
        mayBeginAgain: () => true,
        onWaiting: () => undefined,
      },
      signal,
    );
    return this.#holdOf(await place.lease, signal);
  }

  #holdOf(lease: Lease, signal: AbortSignal): Hold {
    return {
      signal: lease.signal,
      back: async () => this.#holdOf(await lease.back(signal).lease, signal),
      began: () => {
        lease.began();
        this.#look();
        this.#queue.recheck();
      },
      release: () => lease.release(),
    };
  }

  #look(): void {
    const list = this.#list();
    this.#runners = new Set(list.map(({ name }) => keyOf(name)));
    this.#memory.look(list);
  }
}
