// A request that is handed on to Ollama unchanged, while it runs: its owner, and how to cancel it.
// http/dialect/relayed.ts hands it on.
import type { AppError } from '../../contract/errors.ts';
import type { TicketOptions } from './ticket.ts';

/** Who asks, for its share. Without `maxActive` it counts towards no share. */
export type Asker = Pick<TicketOptions, 'owner' | 'caller' | 'maxActive'>;

export class HandedOn {
  readonly asker: Asker;
  readonly #abort = new AbortController();
  readonly #ended: () => void;

  /** Calls `ended` at each `end`. */
  constructor(asker: Asker, ended: () => void) {
    this.asker = asker;
    this.#ended = ended;
  }

  /** Aborts with the reason when it is cancelled. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Cancels it; only the first reason counts. */
  cancel(reason: AppError): void {
    this.#abort.abort(reason);
  }

  /** Call when it has ended; calling twice is harmless. */
  end(): void {
    this.#ended();
  }
}
