// What happens to Ollama and to the queue during a soak, one thing after the other.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Hearth } from '../hearth.ts';
import type { Account } from './account.ts';
import type { Chance } from './random.ts';

/** Ollama is seen to be back by then, in looks and in milliseconds from one to the next. */
const LOOKS = 200;
const LOOK_MS = 20;

export interface AccidentsOptions {
  readonly hearth: Hearth;
  readonly chance: Chance;
  readonly account: Account;
  /** One accident for so many requests. */
  readonly every: number;
}

export class Accidents {
  readonly #hearth: Hearth;
  readonly #chance: Chance;
  readonly #account: Account;
  readonly #every: number;
  #next: number;
  #now: Promise<void> | undefined;
  /** Callers wait here until the gateway sees that Ollama is back. */
  #back: Promise<void> = Promise.resolve();

  constructor({ hearth, chance, account, every }: AccidentsOptions) {
    this.#hearth = hearth;
    this.#chance = chance;
    this.#account = account;
    this.#every = every;
    this.#next = every;
  }

  /** So many requests have ended: it may be time for the next. Resolves when Ollama is there. */
  async after(requests: number): Promise<void> {
    if (requests >= this.#next && this.#now === undefined) {
      this.#next = requests + this.#every;
      this.#now = this.#one()
        .catch((error: unknown) => this.#account.fault(`accident: ${String(error)}`))
        .finally(() => {
          this.#now = undefined;
        });
    }
    await this.#back;
  }

  /** Resolves when none is going on. */
  async over(): Promise<void> {
    await this.#now;
  }

  #one(): Promise<void> {
    const name = this.#chance.of(['forget', 'jump', 'pause', 'hang', 'kill', 'kill', 'busy', 'restart'] as const);
    this.#account.right('accident', name);
    const { fake, clock, backend } = this.#hearth;
    switch (name) {
      // These must not change any answer.
      case 'forget':
        fake.unloadAll();
        return Promise.resolve();
      case 'jump':
        clock.jump((this.#chance.is(0.5) ? 1 : -1) * 3_600_000);
        return Promise.resolve();
      case 'pause':
        backend.control.pause(true);
        return sleep(this.#chance.below(200)).then(() => backend.control.pause(false));
      case 'hang':
        fake.hang(true);
        return sleep(this.#chance.below(200)).then(() => fake.hang(false));
      // Requests under way may fail by these.
      case 'kill':
        return this.#account.during(() => Promise.resolve(fake.killRunner()));
      case 'busy':
        return this.#account.during(() => this.#busy());
      case 'restart':
        return this.#account.during(() => this.#restart());
    }
  }

  /** A proxy in front of Ollama refuses all requests. */
  async #busy(): Promise<void> {
    const body = JSON.stringify({ error: 'the soak has no room' });
    const answer = { status: 503, headers: { 'content-type': 'application/json' }, body };
    const gate = this.#hearth.fake.instead(({ method }) => method === 'POST', answer);
    await sleep(this.#chance.below(100));
    gate.release();
  }

  async #restart(): Promise<void> {
    await this.#hearth.fake.restart({ downMs: this.#chance.below(60) });
    this.#back = this.#untilSeen();
    await this.#back;
  }

  async #untilSeen(): Promise<void> {
    for (let looks = 0; looks < LOOKS; looks++) {
      this.#hearth.backend.control.lookAgain();
      await sleep(LOOK_MS);
      const { status } = (await (await this.#hearth.get('/health')).json()) as { readonly status: string };
      if (status === 'healthy') return;
    }
    throw new Error('Ollama is back, and the gateway does not see it');
  }
}
