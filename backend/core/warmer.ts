// Keeps models warm: the preload list after a start and whenever it left memory, and the models in use before their
// keep_alive runs out. It asks for nothing while requests are waiting, and gives up quietly when Ollama is down.
import { asAppError, faultOf } from '../contract/errors.ts';
import { warm, type ActionParts } from './actions.ts';
import { canonicalName } from './models.ts';
import type { Log } from './ports.ts';

/** A model is renewed when less than this is left, in milliseconds; longer than the watch's 15 s between two looks. */
const RENEW_BEFORE_MS = 45_000;
/** After a preload that failed, this long until the next try. */
const RETRY_MS = 60_000;
/** Behind everything that somebody waits for. */
const PRIORITY = 100;

export class Warmer {
  readonly #parts: ActionParts;
  readonly #log: Log;
  readonly #busy = new Set<string>();
  readonly #failedAt = new Map<string, number>();

  constructor(parts: ActionParts, log: Log) {
    this.#parts = parts;
    this.#log = log;
  }

  /** Looks whether something is to be warmed; call after each look at Ollama. `signal` ends what it started. */
  check(signal: AbortSignal): void {
    const { watch, queue } = this.#parts;
    if (watch.state.status !== 'up' || queue.waiting > 0 || queue.paused) return;
    for (const model of this.#due()) void this.#warm(model, signal);
  }

  #due(): string[] {
    const { watch, config, clock } = this.#parts;
    const { ollama } = config();
    const now = clock.now();
    const loaded = new Map(watch.state.loaded.map((model) => [canonicalName(model.name), model]));
    const missing = ollama.preload.filter((name) => !loaded.has(canonicalName(name)));
    const wanted = [...ollama.preload, ollama.model].filter((name) => {
      const expiresAt = loaded.get(canonicalName(name))?.expires_at;
      return ollama.keep_warm && expiresAt !== undefined && expiresAt - now < RENEW_BEFORE_MS;
    });
    return [...new Set([...missing, ...wanted])].filter(
      (name) => now - (this.#failedAt.get(name) ?? -Infinity) > RETRY_MS,
    );
  }

  async #warm(model: string, signal: AbortSignal): Promise<void> {
    if (this.#busy.has(model)) return;
    this.#busy.add(model);
    try {
      await warm(this.#parts, model, PRIORITY, signal);
      this.#failedAt.delete(model);
    } catch (error) {
      if (signal.aborted) return;
      this.#failedAt.set(model, this.#parts.clock.now());
      this.#log.warn({ model, ...faultOf(error) }, `The model is not kept warm: ${asAppError(error).message}`);
    } finally {
      this.#busy.delete(model);
    }
  }
}
