// A queue with a clock that stands still, whose requests a test moves one by one.
import type { Waiting } from '../../backend/contract/chat/chat.ts';
import type { Config } from '../../backend/contract/config/config.ts';
import { HeldPrompts } from '../../backend/core/prompts/held.ts';
import { LeaseQueue } from '../../backend/core/queue/queue.ts';
import type { Lease, LeaseWish } from '../../backend/core/queue/waiter.ts';
import { config, watched } from './builders.ts';
import { ManualClock, settled } from './clocks.ts';
import { atPriority } from './urgency.ts';

type Sections = NonNullable<Parameters<typeof config>[0]>;

/** One request: where it stands, and what it can do. */
export interface Asker {
  readonly name: string;
  readonly runner: string;
  /** Every word about its place in line. */
  readonly told: Waiting[];
  readonly lease: {
    readonly state: 'pending' | 'fulfilled' | 'rejected';
    readonly value?: Lease;
    readonly reason?: unknown;
  };
  readonly signal: AbortSignal;
  leave(reason?: unknown): void;
  /** Its model stands ready. */
  begin(): void;
  release(): void;
}

export class QueueHarness {
  readonly clock = new ManualClock();
  readonly queue: LeaseQueue;
  /** What they hold of prompts. */
  readonly held = new HeldPrompts();
  /** Runners that are in Ollama's memory. */
  readonly resident = new Set<string>();
  /** Names in the order in which they got their lease. */
  readonly granted: string[] = [];
  /** undefined: never measured. Models that are not in it load in no time. */
  readonly loadMs = new Map<string, number | undefined>();
  changes = 0;
  #away = false;
  #config: Config;
  #count = 0;

  constructor(change: Sections = {}) {
    this.#config = config(change);
    this.queue = new LeaseQueue({
      config: () => this.#config,
      clock: this.clock,
      loadMs: (model) => (this.loadMs.has(model) ? this.loadMs.get(model) : 0),
      resident: (runner) => this.resident.has(runner),
      evicts: ({ runner }, other) => !this.resident.has(runner) && this.resident.has(other),
      prompts: this.held,
      away: () => this.#away,
      onChange: () => this.changes++,
    });
  }

  configure(change: Sections): void {
    this.#config = config(change);
    this.queue.recheck();
  }

  /** Ollama goes away, or is back. */
  away(on: boolean): void {
    this.#away = on;
    this.queue.recheck();
  }

  /** Stands in line. The model of a runner has its name. Throws what the queue throws at once. */
  enter(
    runner: string,
    over: Partial<LeaseWish> & { readonly name?: string; readonly signal?: AbortSignal } = {},
  ): Asker {
    const { name = `${runner}${this.#count++}`, signal: given, ...wish } = over;
    const caller = new AbortController();
    const signal = given ?? caller.signal;
    const told: Waiting[] = [];
    const { lease } = this.queue.enter(
      {
        lane: 'chat',
        runner,
        model: runner,
        caller: 'c',
        urgency: () => atPriority(),
        expectedMs: () => 1000,
        onWaiting: (waiting) => told.push(waiting),
        ...wish,
      },
      signal,
    );
    lease.then(
      () => this.granted.push(name),
      () => undefined,
    );
    const state = watched(lease);
    return {
      name,
      runner,
      told,
      lease: state,
      signal,
      leave: (reason) => caller.abort(reason),
      begin: () => state.value?.began(),
      release: () => state.value?.release(),
    };
  }

  /** Lets everything happen that needs no time. */
  settle(): Promise<void> {
    return settled();
  }
}
