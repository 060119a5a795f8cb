// Offers to keep something the same in the prompts of an app, when the gateway says that it would help: at most once a day for each
// app, also over a restart. Its buttons show where the prompts part, have it done, or put it off; what was done can be undone
// at once. For good it is refused where the prompts part, with all that speaks for it in sight.
import type { NoticeFact } from '../../backend/contract/views/control.ts';
import type { PinOffer, Partings } from '../../backend/contract/views/parting-places.ts';
import type { PinRules } from '../../backend/contract/rules/pin-rule.ts';
import {
  appOfPinNotice,
  isUnsettled,
  namesOf,
  offerToTell,
  withAnswer,
} from '../../backend/contract/rules/pin-rules-by-app.ts';
import { count, roughly } from '../../words/figures.ts';
import { t } from '../../words/texts.ts';
import type { Settings } from '../settings/settings.ts';
import type { Notice, Notices } from './notices.ts';
import type { PutOffs } from './put-offs.ts';

const PATH = 'prompts.apps';
const DAY_MS = 24 * 3_600_000;
const MEMORY = 'pins_offered';

export interface PinNoticeParts {
  readonly settings: Settings;
  readonly notices: Notices;
  /** Outlives the app. */
  readonly memory: { get(key: typeof MEMORY): unknown; set(key: typeof MEMORY, value: unknown): void };
  readonly putOffs: Pick<PutOffs, 'has' | 'set'>;
  /** What the gateway had to tell. */
  told(): readonly NoticeFact[];
  /** Rejects where no gateway runs. */
  partings(): Promise<Partings>;
  /** Shows the page "Where prompts part". */
  show(): void;
  /** Milliseconds since 1970. */
  now(): number;
}

/** Returns what to call whenever the gateway may have told something, or the settings may be others. */
export function offerPins(parts: PinNoticeParts): () => void {
  const { settings, notices, putOffs, told } = parts;
  const seen = new Set<string>();
  const shown = new Map<string, PinOffer>();
  const offer = async (app: string): Promise<void> => {
    const { offers } = await parts.partings();
    const found = offerToTell(offers, app);
    if (found === undefined || !mayOffer(parts, app)) return;
    shown.set(app, found);
    // It can wait, and does not come before what somebody may be about to answer.
    notices.queue(noticeOf(parts, app, found), () => true);
  };
  return () => {
    for (const { id, since, until } of told()) {
      const app = appOfPinNotice(id);
      if (app === undefined || until !== null || seen.has(`${id} ${since}`)) continue;
      seen.add(`${id} ${since}`);
      // Where no gateway runs any more, there is nothing to offer.
      offer(app).catch(() => undefined);
    }
    for (const [app, one] of shown) {
      const isOpen = (what: PinOffer['what']): boolean =>
        isUnsettled(settings.config.prompts, one.caller, what) && !putOffs.has(app, what);
      if (namesOf(one).every(isOpen)) continue;
      shown.delete(app);
      notices.remove(offerId(app));
    }
  };
}

const offerId = (app: string): string => `pin ${app}`;

/** Remembers that it is offered now; false where it was within a day. */
function mayOffer({ memory, now }: PinNoticeParts, app: string): boolean {
  const kept = memory.get(MEMORY);
  const before = Object.entries(typeof kept === 'object' && kept !== null ? kept : {}).filter(
    ([, at]) => typeof at === 'number' && Math.abs(now() - at) < DAY_MS,
  );
  if (before.some(([name]) => name === app)) return false;
  memory.set(MEMORY, Object.fromEntries([...before, [app, now()]]));
  return true;
}

function noticeOf(parts: PinNoticeParts, app: string, offer: PinOffer): Notice {
  const { what, how, also, chars, same_chars, ms, tokens } = offer;
  const { settings, notices, putOffs, show } = parts;
  const set = (next: PinRules[typeof what]): void =>
    settings.set(PATH, withAnswer(settings.config.prompts.apps, app, offer, next));
  const pin = (): void => {
    set(how as PinRules[typeof what]);
    notices.add(doneNotice(() => set(undefined), show));
  };
  const isClock = what === 'clock';
  const saved = ms === null ? t('notices.pin_tokens', { n: tokens }) : t('notices.pin_time', { time: roughly(ms) });
  const isLocked = settings.view(undefined).locked[PATH] !== undefined;
  return {
    id: offerId(app),
    level: 'info',
    text: isClock
      ? t('notices.pin_clock', { app, at: count(same_chars + 1) })
      : chars === null
        ? t('notices.pin_some', { app })
        : t('notices.pin_chars', { app, n: chars }),
    more: t(isClock ? 'notices.pin_at_end' : also === undefined ? 'notices.pin_them' : 'notices.pin_both', { saved }),
    buttons: [
      { id: 'show', label: t('notices.show'), act: show },
      ...(isLocked ? [] : [{ id: 'pin', label: t(isClock ? 'prompts.to_end' : 'prompts.pin'), act: pin }]),
      { id: 'later', label: t('prompts.not_now'), plain: true, act: () => putOffs.set(app, what, true) },
    ],
  };
}

function doneNotice(undo: () => void, show: () => void): Notice {
  return {
    id: 'pinned',
    level: 'info',
    icon: 'check',
    text: t('prompts.pinned'),
    buttons: [
      { id: 'undo', label: t('prompts.undo'), plain: true, act: undo },
      { id: 'show', label: t('notices.show'), act: show },
    ],
  };
}
