// What is kept the same by app: which rules are an app's, a rule more or less, and the notice that one would help. Pure, and without the
// schema, so that the window's page may use it.
import { shownCaller } from '../apps.ts';
import type { PinOffer } from '../views/parting-places.ts';
import type { PinName, PinRules } from './pin-rule.ts';

/** A turn that would be shorter by less than this is worth no notice. Milliseconds, and tokens where no time was measured. */
const WORTH_MS = 1000;
const WORTH_TOKENS = 1000;

/** Rules by the name of an app, as `prompts.apps` has them. `*`: for whatever an app has no rule of its own for. */
export type PinRulesByApp = Readonly<Record<string, PinRules>>;

/** What is in the settings. */
export interface PinSettings {
  /** Off: nothing is done for any app. */
  readonly keep_stable: boolean;
  /** By the name of an app as it is shown; `*`: for whatever an app has no rule of its own for. */
  readonly apps: PinRulesByApp;
}

/** What the settings say of an app; undefined where nothing is to be done for it. Names in small or capital letters. */
export function rulesFor({ keep_stable, apps }: PinSettings, caller: string): PinRules | undefined {
  if (!keep_stable) return undefined;
  const names = Object.keys(apps);
  if (names.length === 0) return undefined;
  const own = [shownCaller(caller), caller].map((name) => name.toLowerCase());
  const name = names.find((each) => own.includes(each.toLowerCase()));
  const ofAll = apps['*'];
  if (name === undefined || name === '*') return ofAll;
  return ofAll === undefined ? apps[name] : { ...ofAll, ...apps[name] };
}

/** How long an offer that was put off does not come again. */
export const PUT_OFF_DAYS = 7;

/** Whether an offer for an app, as it is shown, was put off and is not to come yet. */
export type IsPutOff = (app: string, what: PinName) => boolean;

/** Whether the settings do not say yet what becomes of something in the prompts of an app, and it may be offered. */
export function isUnsettled(settings: PinSettings, caller: string, what: PinName): boolean {
  return settings.keep_stable && rulesFor(settings, caller)?.[what] === undefined;
}

/**
 * The offer of which an app's notice tells: the first that saves enough a turn. An app has one for each model and kind, and what would
 * save most in all may save little a turn.
 */
export function offerToTell(offers: readonly PinOffer[], app: string): PinOffer | undefined {
  const isWorthIt = ({ ms, tokens }: PinOffer): boolean => (ms === null ? tokens >= WORTH_TOKENS : ms >= WORTH_MS);
  return offers.find((offer) => shownCaller(offer.caller) === app && isWorthIt(offer));
}

/** These rules with one more for an app, which goes by its name in small or capital letters; undefined: with one less. */
export function withPinRule<N extends PinName>(
  rules: PinRulesByApp,
  app: string,
  what: N,
  how: PinRules[N] | undefined,
): PinRulesByApp {
  const name = Object.keys(rules).find((each) => each.toLowerCase() === app.toLowerCase()) ?? app;
  const { [name]: own = {}, ...others } = rules;
  const { [what]: _before, ...rest } = own;
  const next: PinRules = how === undefined ? rest : { ...rest, [what]: how };
  return Object.keys(next).length === 0 ? others : { ...others, [name]: next };
}

const PIN_NOTICE = 'pin ';

/** The id of the notice that something could be kept the same for an app, as it is shown. */
export function pinNoticeId(app: string): string {
  return `${PIN_NOTICE}${app}`;
}

/** The app of such a notice; undefined where it is another one. */
export function appOfPinNotice(id: string): string | undefined {
  return id.startsWith(PIN_NOTICE) ? id.slice(PIN_NOTICE.length) : undefined;
}
