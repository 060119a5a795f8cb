// A model run that a test plays by hand: what a flight leads, or an upstream's answer.
import type { ChatEvent, Piece } from '../../backend/contract/chat/chat.ts';
import { onAbort } from '../../backend/core/abort.ts';
import type { FlightContext } from '../../backend/core/flight.ts';
import { endEvent, pieceEvent } from './builders.ts';

/** One run. Like the real ones, it ends by throwing the signal's reason when that aborts. */
export class ScriptedRun {
  readonly context: FlightContext;
  readonly #events: ChatEvent[] = [];
  #failure: { readonly reason: unknown } | undefined;
  #over = false;
  #wake: () => void = () => undefined;
  /** How often its signal aborted. */
  aborts = 0;
  /** Whether it has been given up by its reader, or has ended: nothing of it is left. */
  closed = false;

  constructor(context: FlightContext) {
    this.context = context;
    onAbort(context.signal, (reason) => {
      this.aborts++;
      this.fail(reason);
    });
  }

  say(content: string): void {
    this.give({ content });
  }

  give(piece: Partial<Piece>): void {
    this.#push(pieceEvent(piece));
  }

  end(): void {
    this.#push(endEvent());
    this.#over = true;
  }

  /** Stops without an end event, which a real run must not. */
  stop(): void {
    this.#over = true;
    this.#wake();
  }

  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#wake();
  }

  #push(event: ChatEvent): void {
    this.#events.push(event);
    this.#wake();
  }

  /** The run as a flight leads it. */
  async lead(): Promise<void> {
    for await (const event of this.events()) {
      this.context.tell(event);
      if (event.type === 'end') return;
    }
  }

  async *events(): AsyncGenerator<ChatEvent, void, undefined> {
    try {
      for (;;) {
        const event = this.#events.shift();
        if (this.#failure !== undefined) throw this.#failure.reason;
        if (event !== undefined) yield event;
        else if (this.#over) return;
        else
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
      }
    } finally {
      this.closed = true;
    }
  }
}
