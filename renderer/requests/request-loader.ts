// Asks for the list of requests: the first page, older ones as they are scrolled to, and the first one again while requests
// come and end: the first change at once, and then once a second, or each second second while many come, since a list that moves more
// often is not read, and each time costs a paint of all that is in sight. It draws nothing.
import type { RequestList } from '../../backend/contract/views/control.ts';
import type { CommandInput, CommandOutput } from '../../backend/contract/window/desktop.ts';
import { sentenceOf, type Call } from '../state/client.ts';
import {
  firstRows,
  followsOn,
  isLiving,
  MOST_ROWS,
  nameOf,
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
/** So many new rows in one look are a stream. */
const STREAM = 3;
/** Milliseconds between two counts, and of so many requests. */
const COUNT_MS = 2000;
const COUNT_MANY_MS = 30_000;
const MANY = 20_000;

export class RequestLoader {
  readonly #call: Call;
  readonly #paint: (loaded: Loaded) => void;
  readonly #isHeld: () => boolean;
  #loaded: Loaded = {
    filter: {},
    list: undefined,
    counts: undefined,
    problem: undefined,
    isFetching: false,
  };
  /** Answers to an earlier filter are dropped. */
  #asked = 0;
  /** Something came or ended since the last look. */
  #hasChanged = false;
  #isLooking = false;
  /** In this second. */
  #hasLooked = false;
  /** So many came that the next second is left out. */
  #isStream = false;
  #isCounting = false;
  /** There are counts that are not shown yet: they come with the next second, since each paint costs. */
  #hasCounted = false;
  #hasEnded = false;

  /** `isHeld`: asked when newer rows are there, whether rows may not move now. */
  constructor(call: Call, paint: (loaded: Loaded) => void, isHeld: () => boolean) {
    this.#call = call;
    this.#paint = paint;
    this.#isHeld = isHeld;
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

  /** Something came or ended: the first page anew, at once or, when it was looked at in this second, with the next one. */
  look(): void {
    this.#hasChanged = true;
    if (!this.#hasLooked) void this.#lookNow();
  }

  /** A second is over: what has changed since the last look is looked at, and the times of those that live. */
  tick(): void {
    if (this.#isStream) {
      this.#isStream = false;
      return;
    }
    this.#hasLooked = false;
    if (this.#hasChanged || this.#loaded.list?.rows.some(isLiving) === true) void this.#lookNow();
    else if (this.#hasCounted) this.#show({});
  }

  async #lookNow(): Promise<void> {
    const { filter, list } = this.#loaded;
    if (list === undefined || this.#isLooking) return;
    this.#isLooking = this.#hasLooked = true;
    this.#hasChanged = false;
    const asked = this.#asked;
    // What can't be had now is asked for again with the next change.
    const page = await this.#newest(list, filter).catch(() => undefined);
    this.#isLooking = false;
    const { list: shown } = this.#loaded;
    if (page === undefined || asked !== this.#asked || shown === undefined) return;
    const newer = withNewer(shown, page, this.#isHeld());
    this.#isStream = newOn(newer.rows, shown.rows) >= STREAM;
    this.#show({ list: newer });
    this.#count();
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
      .then((counts) => {
        const isFirst = this.#loaded.counts === undefined;
        this.#loaded = { ...this.#loaded, counts };
        this.#hasCounted = true;
        if (isFirst) this.#show({});
      })
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
  }

  #show(change: Partial<Loaded>): void {
    this.#loaded = { ...this.#loaded, ...change };
    this.#hasCounted = false;
    if (!this.#hasEnded) this.#paint(this.#loaded);
  }
}

/** How many rows stand before the one that was first. */
function newOn(rows: Rows['rows'], [first]: Rows['rows']): number {
  const name = first === undefined ? undefined : nameOf(first);
  const at = rows.findIndex((row) => nameOf(row) === name);
  return at === -1 ? rows.length : at;
}
