// Jobs as their callers know them, and what holds of each look at one, whatever else a ledger of a run knows and asks.
import type { RequestView } from '../../backend/contract/views/queue-view.ts';
import { hold } from './fault.ts';

export interface BookedJob {
  readonly id: string;
  createdAt?: string | undefined;
  /** Its answer, once it was seen. */
  answer?: string | undefined;
  cancelled?: boolean;
}

export abstract class JobBook<E extends BookedJob> {
  readonly #entries = new Map<string, E>();

  /** Whether its caller has seen the 202. */
  protected abstract isAccepted(entry: E): boolean;

  protected book(entry: E): E {
    this.#entries.set(entry.id, entry);
    return entry;
  }

  /** Nothing more is known of it. */
  forget({ id }: E): void {
    this.#entries.delete(id);
  }

  get all(): readonly E[] {
    return [...this.#entries.values()];
  }

  /** Accepted, and neither seen to be answered nor cancelled. */
  get pending(): readonly E[] {
    return this.all.filter((each) => this.isAccepted(each) && each.answer === undefined && each.cancelled !== true);
  }

  get answered(): readonly E[] {
    return this.all.filter(({ answer }) => answer !== undefined);
  }

  /**
   * What was seen of a job fits what was promised. `wrong` says what is wrong with an answer, or with the beginning of one. Gives the
   * answer where it is completed. Throws Broken.
   */
  protected fits(
    entry: E,
    view: RequestView,
    wrong: (text: string, isWhole: boolean) => string | undefined,
  ): string | undefined {
    const { id, createdAt, answer, cancelled } = entry;
    hold(
      createdAt === undefined || createdAt === view.created_at,
      `${id}: its age has changed from ${createdAt} to ${view.created_at}: ${JSON.stringify(view)}`,
    );
    entry.createdAt = view.created_at;
    const { status, result, partial = '' } = view;
    if (cancelled === true) {
      hold(status === 'cancelled', `${id}: cancelled, and now ${status}`);
      return undefined;
    }
    const ok = status === 'queued' || status === 'processing' || status === 'completed';
    hold(ok, `${id}: accepted, and now ${status}: ${view.error}`);
    const part = wrong(partial, false);
    hold(part === undefined, `${id}: ${part}`);
    hold(status === 'completed' || result === undefined, `${id}: a result while it is ${status}`);
    hold(answer === undefined || status === 'completed', `${id}: it was answered, and now it is ${status}`);
    if (status !== 'completed') return undefined;
    const content = result?.message.content ?? '';
    const whole = wrong(content, true);
    hold(whole === undefined, `${id}: ${whole}`);
    hold(answer === undefined || answer === content, `${id}: it has two answers: ${answer} and ${content}`);
    entry.answer ??= content;
    return content;
  }
}
