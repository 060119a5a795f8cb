// A simulated Ollama's memory: what is loaded, what a load pushes out, and what /api/ps says of it. By Ollama's own rules
// (server/sched.go): at most three models; a further one must fit into four fifths of what is free; the idle one with the
// shortest keep_alive leaves, by the alphabet where they are equal; after five idle minutes a model leaves by itself.
import type { Clock, LoadedModel } from '../../backend/core/ports.ts';
import type { Model } from './job.ts';

/** OLLAMA_MAX_LOADED_MODELS of one GPU. */
const MOST_LOADED = 3;
/** How much of what is free a second model may take. */
const USABLE = 0.8;
/** OLLAMA_KEEP_ALIVE. */
export const KEEP_ALIVE_MS = 300_000;
/** To unload one and to see its memory free. */
const UNLOAD_MS = 500;

const GB = 1e9;

export interface Machine {
  readonly name: string;
  /** GB of the GPU; 0: there is none, and models run in the memory of the machine, three at most. */
  readonly gb: number;
  /** Models that it has no room for are not asked for. */
  readonly models: readonly Model[];
}

interface Held {
  /** When its load ends or has ended. */
  readonly readyAt: number;
  usedAt: number;
  running: number;
}

export class Gpu {
  readonly #machine: Machine;
  readonly #clock: Pick<Clock, 'elapsed' | 'now'>;
  readonly #inMemory = new Map<Model, Held>();
  loads = 0;
  /** Loads that took memory from a model that ran. */
  pushedOutRunning = 0;

  constructor(machine: Machine, clock: Pick<Clock, 'elapsed' | 'now'>) {
    this.#machine = machine;
    this.#clock = clock;
  }

  has(model: Model): boolean {
    this.#expire();
    const held = this.#inMemory.get(model);
    return held !== undefined && held.readyAt <= this.#clock.elapsed();
  }

  /** Milliseconds until it stands ready; it counts as running from now on. */
  take(model: Model): number {
    this.#expire();
    const now = this.#clock.elapsed();
    const held = this.#inMemory.get(model) ?? this.#load(model, now);
    held.running++;
    held.usedAt = now;
    return Math.max(0, held.readyAt - now);
  }

  #load(model: Model, now: number): Held {
    this.loads++;
    const readyAt = now + model.loadMs + UNLOAD_MS * this.#makeRoom(model);
    const held = { readyAt, usedAt: now, running: 0 };
    this.#inMemory.set(model, held);
    return held;
  }

  /** A run has ended. A load that it alone waited for ends with it (llama_server.go, Load). */
  leave(model: Model): void {
    const held = this.#inMemory.get(model);
    if (held === undefined) return;
    held.running--;
    held.usedAt = this.#clock.elapsed();
    if (held.running === 0 && held.readyAt > held.usedAt) this.#inMemory.delete(model);
  }

  /** As /api/ps lists it: without what is being loaded. */
  list(): LoadedModel[] {
    const ready = [...this.#inMemory].filter(([model]) => this.has(model));
    return Array.from(ready, ([{ name, gb }, { usedAt }]) => ({
      name,
      digest: name,
      size: gb * GB,
      size_vram: this.#machine.gb === 0 ? 0 : gb * GB,
      expires_at: this.#clock.now() - this.#clock.elapsed() + usedAt + KEEP_ALIVE_MS,
      context_length: 4096,
    }));
  }

  #fits({ gb }: Model): boolean {
    const others = [...this.#inMemory.keys()];
    if (others.length === 0) return true;
    if (others.length >= MOST_LOADED) return false;
    const free = this.#machine.gb - others.reduce((sum, other) => sum + other.gb, 0);
    return this.#machine.gb === 0 || gb <= free * USABLE;
  }

  /** How many had to leave. */
  #makeRoom(model: Model): number {
    let left = 0;
    for (; !this.#fits(model); left++) {
      const byName = [...this.#inMemory].toSorted(([a], [b]) => (a.name < b.name ? -1 : 1));
      const [victim] = byName.find(([, { running }]) => running === 0) ?? byName[0] ?? [];
      if (victim === undefined) break;
      if ((this.#inMemory.get(victim)?.running ?? 0) > 0) this.pushedOutRunning++;
      this.#inMemory.delete(victim);
    }
    return left;
  }

  #expire(): void {
    const old = this.#clock.elapsed() - KEEP_ALIVE_MS;
    for (const [model, { usedAt, running }] of this.#inMemory) {
      if (running === 0 && usedAt <= old) this.#inMemory.delete(model);
    }
  }
}
