// An answer that waits for its turn in its conversation. Until then its events report the waiting state; after that
// they are those of the answer. The turns are in core/conversations/turns.ts.
import type { ChatEvent, Completion, Waiting } from '../../../contract/chat/chat.ts';
import { AppError } from '../../../contract/errors.ts';
import { onAbort } from '../../abort.ts';
import type { Answer } from '../../requests/call.ts';
import type { Ticket } from '../../requests/ticket.ts';

/** How an answer is read: by its own caller, or by a watcher. */
type Read = (answer: Answer) => AsyncIterable<ChatEvent>;

export class WaitingAnswer implements Answer {
  readonly ticket: Ticket;
  readonly events: AsyncIterable<ChatEvent>;
  readonly #begun: Promise<Answer>;
  #waits = true;
  #sleepers: (() => void)[] = [];

  /** `begin` waits for the turn, then asks. It calls `moved` whenever the ticket has a new waiting state. */
  constructor(ticket: Ticket, begin: (moved: () => void) => Promise<Answer>) {
    this.ticket = ticket;
    this.events = this.#read((answer) => answer.events);
    this.#begun = begin(() => this.#wake()).finally(() => {
      this.#waits = false;
      this.#wake();
    });
    // Readers see the failure. Without readers there is nobody to report it to.
    this.#begun.catch(() => undefined);
  }

  async whole(): Promise<Completion> {
    const all = await (await this.#begun).whole();
    return 'whole' in all ? all.whole() : all;
  }

  tail(signal: AbortSignal): AsyncIterable<ChatEvent> {
    return this.#read((answer) => answer.tail(signal), signal);
  }

  /** When called before its turn, the request leaves the queue at once. */
  close(): void {
    this.ticket.cancel('caller', new AppError('cancelled', 'The caller left.'));
    void this.#begun.then(
      (answer) => answer.close(),
      () => undefined,
    );
  }

  async *#read(read: Read, signal?: AbortSignal): AsyncGenerator<ChatEvent, void, undefined> {
    let told: Waiting | undefined;
    while (this.#waits) {
      signal?.throwIfAborted();
      const { waiting } = this.ticket;
      if (waiting === told) {
        await this.#change(signal);
      } else {
        told = waiting;
        yield { type: 'waiting', waiting };
      }
    }
    yield* read(await this.#begun);
  }

  /** Resolves at the next change, or when the signal aborts. */
  #change(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const off = signal === undefined ? undefined : onAbort(signal, () => resolve());
      this.#sleepers.push(() => {
        off?.();
        resolve();
      });
    });
  }

  #wake(): void {
    for (const wake of this.#sleepers.splice(0)) wake();
  }
}
