// Tells that something could be kept the same in the prompts of an app, once that has been worth it several times: one notice for
// each app, at most once a day. What is offered, and what it would save, partings.ts finds out; nothing is done before somebody says so.
import { shownCaller } from '../../../contract/apps.ts';
import type { NoticeFact } from '../../../contract/control.ts';
import type { PinOffer } from '../../../contract/parting-places.ts';
import { isUnsettled, offerToTell, pinNoticeId, type IsPutOff } from '../../../contract/pin-rules-by-app.ts';
import { LRUCache } from 'lru-cache';
import { counted, time } from '../../explain/why-words.ts';
import { LOCAL } from '../../ownership.ts';
import type { Clock, PutNotice, ReadConfig, Told } from '../../ports.ts';
import type { Ended } from '../../requests/at-once.ts';
import { OFTEN } from './partings.ts';
import type { MayOffer, RequestDesk } from '../views/request-desk.ts';

/** How long a notice holds, and is not told again. Milliseconds. */
const DAY_MS = 24 * 3_600_000;
/** Apps that are counted. */
const MOST = 50;
/** As many as are looked at: with more, nothing new can be found. */
const SELDOM = 200;

/** What may be offered: what the settings say nothing of yet, and nobody has put off. */
export function offersLeft(config: ReadConfig, isPutOff: IsPutOff = () => false): MayOffer {
  return (caller, what) => isUnsettled(config().prompts, caller, what) && !isPutOff(shownCaller(caller), what);
}

export interface PinNewsParts {
  readonly requestDesk: Pick<RequestDesk, 'partings' | 'mayOffer'>;
  readonly board: { readonly put: PutNotice; readonly list: readonly NoticeFact[] };
  readonly clock: Pick<Clock, 'now'>;
  /** Ends with the gateway. */
  readonly life: AbortSignal;
}

export class PinNews {
  readonly #parts: PinNewsParts;
  /** Of each app how often something would have helped since it was last looked at, and how often it must before the next look. */
  readonly #helped = new LRUCache<string, { times: number; enough: number }>({ max: MOST });
  /** What was told of each app. */
  readonly #told = new Map<string, PinOffer>();

  constructor(parts: PinNewsParts) {
    this.#parts = parts;
  }

  /** A request has ended, and is in the list. */
  ended({ caller, trace }: Pick<Ended, 'caller' | 'trace'>): void {
    if (trace?.parted?.pinnable === undefined) return;
    const app = shownCaller(caller);
    const helped = this.#helped.get(app) ?? { times: 0, enough: OFTEN };
    this.#helped.set(app, helped);
    if (++helped.times < helped.enough) return;
    helped.times = 0;
    // Where it was not worth it, it is looked at less and less.
    helped.enough = Math.min(2 * helped.enough, SELDOM);
    if (!this.#wasTold(app)) void this.#look(app);
  }

  /** What the settings say now may end an offer, and so may somebody who puts it off. */
  reconfigured(): void {
    const { board, requestDesk } = this.#parts;
    for (const [app, { caller, what }] of this.#told) {
      if (requestDesk.mayOffer(caller, what)) continue;
      this.#told.delete(app);
      board.put(pinNoticeId(app), undefined);
    }
  }

  #wasTold(app: string): boolean {
    const { board, clock } = this.#parts;
    const id = pinNoticeId(app);
    return board.list.some((notice) => notice.id === id && clock.now() - Date.parse(notice.since) < DAY_MS);
  }

  /** Never rejects: the list of a gateway that ends has nothing to offer. */
  async #look(app: string): Promise<void> {
    const { requestDesk, board, life } = this.#parts;
    const found = await requestDesk.partings(LOCAL, life).catch(() => undefined);
    const offer = found && offerToTell(found.offers, app);
    if (offer === undefined || this.#wasTold(app)) return;
    this.#told.set(app, offer);
    board.put(pinNoticeId(app), noticeOf(app, offer));
  }
}

function noticeOf(app: string, offer: PinOffer): Told {
  const { what, how, chars, same_chars, ms, tokens } = offer;
  const saved = ms === null ? `reading ${counted(tokens, 'token')}` : `about ${time(ms)}`;
  const some = chars === null ? 'a few characters' : counted(chars, 'character');
  return {
    level: 'info',
    text:
      what === 'clock'
        ? `${app} changes the time at character ${(same_chars + 1).toLocaleString('en')} of each prompt; told at its end, it would save ${saved} a turn.`
        : `${app} changes ${some} at the top of each prompt; pinning them would save ${saved} a turn.`,
    todo: `Choose so under "Where prompts part" in the window, or set ${what} to "${how}" for ${app} in prompts.apps.`,
    // It names an app, and is nothing that is wrong.
    listOnly: true,
    lastsMs: DAY_MS,
  };
}
