// One request that is handed on to Ollama as it came, for as long as that takes: whose it is, and how to end it early.
// What is handed on, and how, is http/dialect/relayed.ts.
import type { AppError } from '../../contract/errors.ts';
import type { TicketOptions } from './ticket.ts';

/** Who asks, for shares. Without a `maxActive` it counts for nobody's. */
export type Asker = Pick<TicketOptions, 'owner' | 'caller' | 'maxActive'>;

export class HandedOn {
  readonly asker: Asker;
  readonly #abort = new AbortController();
  readonly #ended: () => void;

  /** `ended` is told of each `end`. */
  constructor(asker: Asker, ended: () => void) {
    this.asker = asker;
    this.#ended = ended;
  }

  /** Aborts with the reason when it is to end early. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Ends it early; only the first reason counts. */
  cancel(reason: AppError): void {
    this.#abort.abort(reason);
  }

  /** It has ended. Twice is harmless. */
  end(): void {
    this.#ended();
  }
}
