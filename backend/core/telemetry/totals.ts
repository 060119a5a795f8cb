// The figures of each app over a whole span: the stored part, which is read a few steps at a time so that requests are
// served in between, and what was counted since. The stored part is read again only when the store has more.
import { LOCAL } from '../ownership.ts';
import type { Clock } from '../ports.ts';
import type { SpanName } from '../../contract/views/spans.ts';
import { Figures } from './step-figures.ts';
import type { History } from './history.ts';
import type { HistoryStore } from './kept-history.ts';
import { stepsAt } from './steps.ts';
import type { Share } from './tally.ts';

/** How many steps are read in one go. With rows for as many apps as a step may have, that takes 3 ms. */
const AT_ONE_GO = 5;

export interface TotalsParts {
  readonly history: Pick<History, 'written' | 'unkept'>;
  readonly store: Pick<HistoryStore, 'sums'>;
  readonly clock: Pick<Clock, 'now' | 'sleep'>;
  /** Aborts when the gateway ends. */
  readonly life: AbortSignal;
}

/** The result of reading all apps, valid while the store has nothing new for these steps. */
interface Read {
  readonly of: string;
  readonly shares: Promise<readonly Share[]>;
}

export class Totals {
  readonly #parts: TotalsParts;
  readonly #read = new Map<SpanName, Read>();

  constructor(parts: TotalsParts) {
    this.#parts = parts;
  }

  /** The figures of each app in a span up to now, as far as a watcher may see them. Rejects when the gateway ends. */
  async of(span: SpanName, watcher: string): Promise<Share[]> {
    const { history } = this.#parts;
    for (;;) {
      const { written } = history;
      const kept = await (watcher === LOCAL ? this.#all(span) : this.#sum(span, watcher));
      // Read again: what was written to the store meanwhile would be in neither part.
      if (history.written === written) return this.#withUnkept(kept, span, watcher);
    }
  }

  #withUnkept(kept: readonly Share[], span: SpanName, watcher: string): Share[] {
    const sums = new Map<string, Share>();
    const since = this.#parts.history.unkept(span).flatMap((tally) => tally.shares());
    for (const share of [...kept, ...since]) {
      if (share.group === 'caller' && (watcher === LOCAL || watcher === share.owner)) addTo(sums, share);
    }
    return [...sums.values()];
  }

  #all(span: SpanName): Promise<readonly Share[]> {
    const { history, clock } = this.#parts;
    const of = `${stepsAt(span, clock.now()).first} ${history.written}`;
    const known = this.#read.get(span);
    if (known?.of === of) return known.shares;
    const shares = this.#sum(span, undefined);
    this.#read.set(span, { of, shares });
    return shares;
  }

  async #sum(span: SpanName, owner: string | undefined): Promise<readonly Share[]> {
    const { store, clock, life } = this.#parts;
    const { first, last } = stepsAt(span, clock.now());
    const sums = new Map<string, Share>();
    for (let step = first; step <= last; step += AT_ONE_GO) {
      const steps = { first: step, last: Math.min(last, step + AT_ONE_GO - 1) };
      for (const share of store.sums(span, steps, { group: 'caller', owner })) addTo(sums, share);
      await clock.sleep(0, life);
    }
    return [...sums.values()];
  }
}

function addTo(sums: Map<string, Share>, share: Share): void {
  const key = `${share.owner}\0${share.name}`;
  const sum = sums.get(key) ?? { ...share, figures: new Figures() };
  sum.figures.add(share.figures);
  sums.set(key, sum);
}
