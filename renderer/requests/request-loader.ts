// Asks for the list of requests: the first page, older ones as they are scrolled to, and the first one again while requests
// come and end, at most so often. It draws nothing.
import type { RequestList } from '../../backend/contract/control.ts';
import type { CommandInput, CommandOutput } from '../../backend/contract/desktop.ts';
import { sentenceOf, type Call } from '../state/client.ts';
import {
  firstRows,
  followsOn,
  MOST_ROWS,
  released,
  rowsToAsk,
  withNewer,
  withOlder,
  type Rows,
} from './listed-rows.ts';

export type Filter = Omit<CommandInput<'requests'>, 'cursor' | 'limit'>;
export type Counts = CommandOutput<'request_counts'>;

export interface Loaded {
  readonly filter: Filter;
  /** Undefined until the first page is there. */
  readonly list: Rows | undefined;
  /** Undefined where they are not known. */
  readonly counts: Counts | undefined;
  /** Why there is no list, or no older page, as a sentence. */
  readonly problem: string | undefined;
  /** An older page is on its way. */
  readonly isFetching: boolean;
}

/** Rows of a page, the most that a page may have, and so many are looked at for new ones. */
const PAGE = 100;
const MOST_OF_A_PAGE = 500;
const LOOK = 20;
/**
 * Milliseconds between two looks at the first page. The first change is shown at once; a list that moves more often is not read,
 * and each time costs a paint of all that is in sight.
 */
const PACE_MS = 1000;
/** Milliseconds between two counts, and of so many requests. */
const COUNT_MS = 2000;
const COUNT_MANY_MS = 30_000;
const MANY = 20_000;

export class RequestLoader {
  readonly #call: Call;
  readonly #paint: (loaded: Loaded) => void;
  #loaded: Loaded = {
    filter: {},
    list: undefined,
    counts: undefined,
    problem: undefined,
    isFetching: false,
  };
  /** Answers to an earlier filter are dropped. */
  #asked = 0;
  #isLooking = false;
  #isCounting = false;
  #hasEnded = false;
  #looksAgain: (() => boolean) | undefined;

  constructor(call: Call, paint: (loaded: Loaded) => void) {
    this.#call = call;
    this.#paint = paint;
  }

  /** The list from its beginning. What was shown stays until the new rows are there. */
  start(filter: Filter = this.#loaded.filter): void {
    const asked = ++this.#asked;
    this.#count();
    this.#call('requests', { ...filter, limit: PAGE }).then(
      (page) => {
        if (asked !== this.#asked) return;
        this.#show({ filter, list: firstRows(page), problem: undefined, isFetching: false });
      },
      (error: unknown) => {
        if (asked === this.#asked) this.#show({ filter, list: undefined, problem: sentenceOf(error) });
      },
    );
  }

  /** Something came or ended: the first page anew, soon. `isHeld`: asked when it is there, whether rows may move. */
  look(isHeld: () => boolean): void {
    this.#looksAgain = isHeld;
    if (!this.#isLooking) void this.#lookNow();
  }

  async #lookNow(): Promise<void> {
    this.#isLooking = true;
    while (this.#looksAgain !== undefined) {
      const isHeld = this.#looksAgain;
      this.#looksAgain = undefined;
      const { filter, list } = this.#loaded;
      const asked = this.#asked;
      if (list !== undefined) {
        // What can't be had now is asked for again with the next change.
        const page = await this.#newest(list, filter).catch(() => undefined);
        const { list: shown } = this.#loaded;
        if (page !== undefined && asked === this.#asked && shown !== undefined) {
          this.#show({ list: withNewer(shown, page, isHeld()) });
          this.#count();
        }
      }
      await new Promise((resolve) => setTimeout(resolve, PACE_MS));
    }
    this.#isLooking = false;
  }

  /** The newest rows: a few, and a whole page where more have come than these. */
  async #newest(list: Rows, filter: Filter): Promise<RequestList> {
    const limit = rowsToAsk(list, LOOK, MOST_OF_A_PAGE);
    const page = await this.#call('requests', { ...filter, limit });
    return limit >= PAGE || followsOn(list, page) ? page : await this.#call('requests', { ...filter, limit: PAGE });
  }

  /** The page after the last row, unless it is on its way or there is none. */
  older(): void {
    const { filter, list, isFetching } = this.#loaded;
    if (list === undefined || list.next === null || isFetching || list.rows.length >= MOST_ROWS) return;
    const asked = this.#asked;
    this.#show({ isFetching: true, problem: undefined });
    this.#call('requests', { ...filter, limit: PAGE, cursor: Number(list.next) }).then(
      (page) => {
        const { list: shown } = this.#loaded;
        if (asked === this.#asked && shown !== undefined)
          this.#show({ list: withOlder(shown, page), isFetching: false });
      },
      (error: unknown) => {
        if (asked === this.#asked) this.#show({ isFetching: false, problem: sentenceOf(error) });
      },
    );
  }

  /** How many requests there are, for the choices; not anew at each change, since all of them are looked at. */
  #count(): void {
    const many = (this.#loaded.counts?.all ?? 0) > MANY;
    if (this.#isCounting) return;
    this.#isCounting = true;
    void this.#call('request_counts', {})
      .then((counts) => this.#show({ counts }))
      .catch(() => undefined)
      .finally(() => setTimeout(() => (this.#isCounting = false), many ? COUNT_MANY_MS : COUNT_MS));
  }

  /** Shows the rows that were held back. */
  release(): void {
    const { list } = this.#loaded;
    if (list !== undefined) this.#show({ list: released(list) });
  }

  /** Nothing is painted any more. */
  end(): void {
    this.#hasEnded = true;
    this.#looksAgain = undefined;
  }

  #show(change: Partial<Loaded>): void {
    this.#loaded = { ...this.#loaded, ...change };
    if (!this.#hasEnded) this.#paint(this.#loaded);
  }
}
