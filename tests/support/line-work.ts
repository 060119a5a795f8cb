// Work on the leases of a QueueHarness, as the stories do it: it stands in line, runs, and is run anew when it gave way.
import type { Waiting } from '../../backend/contract/chat/chat.ts';
import type { QueueClass } from '../../backend/contract/chat/chat-request.ts';
import { onAbort } from '../../backend/core/abort.ts';
import type { Lease, LeaseWish } from '../../backend/core/queue/waiter.ts';
import { retryInLine } from '../../backend/core/stories/chat/retry-in-line.ts';
import { watched } from './builders.ts';
import type { QueueHarness } from './queue-harness.ts';

export interface WorkOptions extends Partial<Omit<LeaseWish, 'urgency' | 'runner'>> {
  readonly class?: QueueClass;
  /** Its runs do not begin by themselves: `begin` says that the model stands ready. */
  readonly loads?: boolean;
}

/** One request, with all its runs. */
export class Work {
  /** Of what it is now: followers may lift it. */
  class: QueueClass;
  /** Whether a piece of it was told; then it must not be run anew. */
  told = false;
  /** How often it got a slot, and how often it had to let it go. */
  runs = 0;
  stops = 0;
  /** Every word about its place in line. */
  readonly words: Waiting[] = [];
  readonly outcome: { readonly state: 'pending' | 'fulfilled' | 'rejected'; readonly reason?: unknown };
  readonly #caller = new AbortController();
  #lease: Lease | undefined;
  #finish: () => void = () => undefined;

  /** Stands in line. Throws what the queue throws at once. */
  constructor({ queue }: QueueHarness, runner: string, { class: of = 'normal', loads = false, ...wish }: WorkOptions) {
    this.class = of;
    const { signal } = this.#caller;
    const place = queue.enter(
      {
        lane: 'chat',
        runner,
        model: runner,
        caller: 'c',
        urgency: () => ({ class: this.class, priority: 0 }),
        expectedMs: () => 1000,
        mayBeginAgain: () => !this.told,
        onWaiting: (waiting) => this.words.push(waiting),
        ...wish,
      },
      signal,
    );
    const work = async (lease: Lease): Promise<void> => {
      this.runs++;
      this.#lease = lease;
      if (!loads) lease.began();
      await new Promise<void>((resolve, reject) => {
        const off = onAbort(lease.signal, (reason) => {
          this.stops++;
          reject(reason);
        });
        this.#finish = () => {
          off();
          resolve();
        };
      }).finally(() => {
        this.#lease = undefined;
      });
    };
    this.outcome = watched(retryInLine(place, { signal, told: () => this.told }, work));
  }

  /** Whether it has a slot. */
  get running(): boolean {
    return this.#lease !== undefined;
  }

  /** The last word about its place. */
  get word(): Waiting | undefined {
    return this.words.at(-1);
  }

  /** Its model stands ready. */
  begin(): void {
    this.#lease?.began();
  }

  end(): void {
    this.#finish();
  }

  leave(): void {
    this.#caller.abort(new Error('left'));
  }
}
