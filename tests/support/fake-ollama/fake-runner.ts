// One loaded model of the fake Ollama: its slots, who waits for one, and how long it stays (Ollama's server/sched.go).
// Deliberately does not know the other runners: fake-scheduler.ts decides who is loaded and who has to go.
import type { Installed } from './fake-models.ts';
import type { RunnerWish } from './fake-options.ts';
import type { Client } from './fake-wire.ts';

/** Shorter lives end by a timer, so that a test can await them; longer ones are looked at when somebody asks. Milliseconds. */
const TIMED_MS = 60_000;
/** What Ollama says when its runner is gone in the middle of an answer. */
const KILLED = 'an error was encountered while running the model: unexpected EOF';
const LONGEST_TIMER_MS = 2_147_483_647;

export class Runner {
  readonly model: Installed;
  readonly wish: RunnerWish;
  readonly #slots: number;
  readonly #unload: () => void;
  #keepAliveMs: number;
  /** Epoch milliseconds, set each time it becomes idle; stale while it runs, as in Ollama. */
  #expiresAt: number | undefined;
  #refs = 0;
  #running = 0;
  /** In order of arrival. */
  readonly #waiting = new Set<() => void>();
  /** Who has a slot or waits for one. */
  readonly #clients = new Set<Client>();
  readonly #evictors: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `unload` is called when its time is over; the answer to it is `unloaded()`. */
  constructor(model: Installed, wish: RunnerWish, slots: number, keepAliveMs: number, unload: () => void) {
    this.model = model;
    this.wish = wish;
    this.#slots = slots;
    this.#keepAliveMs = keepAliveMs;
    this.#unload = unload;
  }

  get idle(): boolean {
    return this.#refs === 0;
  }

  get keepAliveMs(): number {
    return this.#keepAliveMs;
  }

  /** Epoch milliseconds, for /api/ps. */
  get expiresAt(): number {
    return this.#expiresAt ?? Date.now() + this.#keepAliveMs;
  }

  get expired(): boolean {
    return this.idle && this.#expiresAt !== undefined && this.#expiresAt <= Date.now();
  }

  /** A request takes hold of it. An explicit keep_alive overwrites even the mark of an eviction: that is ollama#17408. */
  use(keepAliveMs: number | undefined): void {
    this.#refs++;
    clearTimeout(this.#timer);
    if (keepAliveMs !== undefined) this.#keepAliveMs = keepAliveMs;
  }

  /** A request lets go of it. The clock of keep_alive starts when the last one does. */
  unref(): void {
    this.#refs--;
    if (this.#refs > 0) return;
    this.#expiresAt = Date.now() + this.#keepAliveMs;
    if (this.#keepAliveMs <= 0) this.#unload();
    else if (this.#keepAliveMs < TIMED_MS || this.#evictors.length > 0) {
      const ms = Math.min(this.#keepAliveMs, LONGEST_TIMER_MS);
      this.#timer = setTimeout(() => this.#unload(), ms).unref();
    }
  }

  /** True with a slot, false when the client left first. */
  slot(client: Client): boolean | Promise<boolean> {
    if (client.stopped) return false;
    this.#clients.add(client);
    if (this.#running < this.#slots) {
      this.#running++;
      return true;
    }
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        off();
        this.#running++;
        resolve(true);
      };
      this.#waiting.add(wake);
      const off = client.onGone(() => {
        this.#waiting.delete(wake);
        this.#clients.delete(client);
        resolve(false);
      });
    });
  }

  leaveSlot(client: Client): void {
    this.#running--;
    this.#clients.delete(client);
    for (const wake of this.#waiting) {
      wake();
      break;
    }
  }

  /** The process behind it is killed: all it served or was about to serve are told the same. */
  die(): void {
    for (const client of Array.from(this.#clients)) client.interrupt(KILLED);
  }

  /** Resolves when it is unloaded, which waits until it is idle. */
  evict(): Promise<void> {
    this.#keepAliveMs = 0;
    return new Promise((resolve) => {
      this.#evictors.push(resolve);
      if (this.idle) this.#unload();
    });
  }

  /** It is no longer among the loaded ones. */
  unloaded(): void {
    clearTimeout(this.#timer);
    for (const done of this.#evictors.splice(0)) done();
  }
}
