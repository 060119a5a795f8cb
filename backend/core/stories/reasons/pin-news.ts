// Tells that something could be kept stable in the prompts of an app, once that would have helped several times: one
// notice per app, at most once a day. partings.ts finds out what to offer and what it would save. Nothing changes until
// somebody agrees.
import { shownCaller } from '../../../contract/apps.ts';
import type { NoticeFact } from '../../../contract/views/control.ts';
import type { PinOffer } from '../../../contract/views/parting-places.ts';
import {
  isUnsettled,
  namesOf,
  offerToTell,
  pinNoticeId,
  type IsPutOff,
} from '../../../contract/rules/pin-rules-by-app.ts';
import { LRUCache } from 'lru-cache';
import { counted, time } from '../../explain/why-words.ts';
import { LOCAL } from '../../ownership.ts';
import type { Clock, PutNotice, ReadConfig, Told } from '../../ports.ts';
import type { Ended } from '../../requests/at-once.ts';
import { LEAST_SAVED, OFTEN } from './partings.ts';
import type { MayOffer, RequestDesk } from '../views/request-desk.ts';

/** How long a notice lasts, and the least time before the next one. Milliseconds. */
const DAY_MS = 24 * 3_600_000;
/** How many apps are counted. */
const MOST = 50;
/** The number of requests that one look covers, so a longer gap between looks could miss something. */
const SELDOM = 200;

/** Offers only what the settings leave open and nobody has put off. */
export function offersLeft(config: ReadConfig, isPutOff: IsPutOff = () => false): MayOffer {
  return (caller, what) => isUnsettled(config().prompts, caller, what) && !isPutOff(shownCaller(caller), what);
}

export interface PinNewsParts {
  readonly requestDesk: Pick<RequestDesk, 'partings' | 'mayOffer'>;
  readonly board: { readonly put: PutNotice; readonly list: readonly NoticeFact[] };
  readonly clock: Pick<Clock, 'now'>;
  /** Aborts when the gateway ends. */
  readonly life: AbortSignal;
}

export class PinNews {
  readonly #parts: PinNewsParts;
  /**
   * For each app, how often something would have helped since the last look, and how often it must before the next one.
   */
  readonly #helped = new LRUCache<string, { times: number; enough: number }>({ max: MOST });
  /** The offer shown for each app. */
  readonly #told = new Map<string, PinOffer>();

  constructor(parts: PinNewsParts) {
    this.#parts = parts;
  }

  /** Call when a request has ended and is in the list. */
  ended({ caller, trace }: Pick<Ended, 'caller' | 'trace'>): void {
    if ((trace?.parted?.pinnable?.tokens ?? 0) < LEAST_SAVED) return;
    const app = shownCaller(caller);
    const helped = this.#helped.get(app) ?? { times: 0, enough: OFTEN };
    this.#helped.set(app, helped);
    if (++helped.times < helped.enough) return;
    helped.times = 0;
    // When it was not worth it, look less and less often.
    helped.enough = Math.min(2 * helped.enough, SELDOM);
    if (!this.#wasTold(app)) void this.#look(app);
  }

  /** Call when the settings changed or somebody put an offer off. Removes offers that no longer apply. */
  reconfigured(): void {
    const { board, requestDesk } = this.#parts;
    for (const [app, offer] of this.#told) {
      if (namesOf(offer).every((what) => requestDesk.mayOffer(offer.caller, what))) continue;
      this.#told.delete(app);
      board.put(pinNoticeId(app), undefined);
    }
  }

  #wasTold(app: string): boolean {
    const { board, clock } = this.#parts;
    const id = pinNoticeId(app);
    return board.list.some((notice) => notice.id === id && clock.now() - Date.parse(notice.since) < DAY_MS);
  }

  /** Never rejects: when the gateway ends there is nothing to offer. */
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
  const { what, how, also = [], chars, same_chars, ms, tokens } = offer;
  const saved = ms === null ? `reading ${counted(tokens, 'token')}` : `about ${time(ms)}`;
  const some = chars === null ? 'a few characters' : counted(chars, 'character');
  return {
    level: 'info',
    text:
      what === 'clock'
        ? `${app} changes the time at character ${(same_chars + 1).toLocaleString('en')} of each prompt; told at its end, it would save ${saved} a turn.`
        : `${app} changes ${some} at the top of each prompt; pinning them${also.length > 0 ? ', and the time told at its end,' : ''} would save ${saved} a turn.`,
    todo: `Choose so under "Where prompts part" in the window, or set ${[{ what, how }, ...also].map((one) => `${one.what} to "${one.how}"`).join(' and ')} for ${app} in prompts.apps.`,
    // It names an app, and nothing is wrong.
    listOnly: true,
    lastsMs: DAY_MS,
  };
}
