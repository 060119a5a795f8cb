// Sends the requests of a soak, has each reply judged, and enters how it ended.
import type { Account } from './account.ts';
import type { Verdict } from './judge.ts';
import type { Manner, Reply, Sender, Sent } from './send.ts';

export const JOBS = '/api/chat-queue';

/** What a reply was that ended no request to a model. */
interface Seen {
  readonly how: string;
}

/** How a reply is judged, and under what name it is counted. */
export interface Asking {
  readonly name?: string;
  /** Whether the gateway counts it: it asked a model. */
  readonly counts?: boolean;
  readonly manner?: Manner;
  judge(reply: Reply, troubled: boolean): Verdict | Seen;
}

export class Asker {
  readonly account: Account;
  readonly #sender: Sender;

  constructor(sender: Sender, account: Account) {
    this.#sender = sender;
    this.account = account;
  }

  /** Resolves with the reply; undefined when it was wrong. */
  async ask(sent: Sent, { name = sent.path, counts = false, manner, judge }: Asking): Promise<Reply | undefined> {
    const { account } = this;
    const troubled = account.begun();
    let reply: Reply | undefined;
    try {
      reply = await this.#sender.send(sent, manner);
      const verdict = judge(reply, troubled());
      if (!('wrong' in verdict)) {
        this.#enter(name, counts, verdict);
        return reply;
      }
      account.wrong(verdict.wrong, sent, reply);
    } catch (error) {
      account.wrong(error instanceof Error ? error.message : String(error), sent, reply);
    } finally {
      troubled();
    }
    return undefined;
  }

  #enter(name: string, counts: boolean, verdict: Exclude<Verdict, { readonly wrong: string }> | Seen): void {
    if ('how' in verdict) {
      this.account.right(name, verdict.how);
      return;
    }
    const { end, why } = verdict;
    if (counts) this.account.ends[end]++;
    this.account.right(name, why === undefined ? end : `${end} (${why})`);
  }

  /** Cancels a request; `fits` are the statuses that may come. */
  async cancel(id: string, fits: readonly number[]): Promise<void> {
    const sent: Sent = { method: 'DELETE', path: `${JOBS}?requestId=${id}` };
    await this.ask(sent, { name: `DELETE ${JOBS}`, judge: ({ status }) => expected(status, fits) });
  }
}

/** That the status is one that fits. */
export const expected = (status: number, fits: readonly number[]): Seen | { readonly wrong: string } =>
  fits.includes(status) ? { how: String(status) } : { wrong: `status ${status}` };
