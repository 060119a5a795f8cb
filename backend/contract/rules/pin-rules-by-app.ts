// Which parts of prompts are kept stable, by app: the rules of an app, adding or removing a rule, and the notice that
// one would help. Pure, and without the schema, so that the window's page may use it.
import { shownCaller } from '../apps.ts';
import type { PinOffer } from '../views/parting-places.ts';
import type { PinName, PinRules } from './pin-rule.ts';

/** Savings per turn below this are not worth a notice. Milliseconds, and tokens if no time was measured. */
const WORTH_MS = 1000;
const WORTH_TOKENS = 1000;

/** Rules by an app's name, as in `prompts.apps`. `*`: defaults for rules that an app does not have. */
export type PinRulesByApp = Readonly<Record<string, PinRules>>;

/** The settings that decide it. */
export interface PinSettings {
  /** Off: nothing is changed for any app. */
  readonly keep_stable: boolean;
  /** By an app's display name; `*`: defaults for rules that an app does not have. */
  readonly apps: PinRulesByApp;
}

/** The rules for an app; undefined if nothing is to be done. Names match in any case. */
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

/** Days before a postponed offer may come again. */
export const PUT_OFF_DAYS = 7;

/** Whether an offer for an app (by its display name) is still postponed. */
export type IsPutOff = (app: string, what: PinName) => boolean;

/** Whether the settings leave a rule of an app open, so that it may be offered. */
export function isUnsettled(settings: PinSettings, caller: string, what: PinName): boolean {
  return settings.keep_stable && rulesFor(settings, caller)?.[what] === undefined;
}

/**
 * The offer for an app's notice: the first that saves enough per turn. An app has an offer for each model and kind, and
 * the one with the largest total may save little per turn.
 */
export function offerToTell(offers: readonly PinOffer[], app: string): PinOffer | undefined {
  const isWorthIt = ({ ms, tokens }: PinOffer): boolean => (ms === null ? tokens >= WORTH_TOKENS : ms >= WORTH_MS);
  return offers.find((offer) => shownCaller(offer.caller) === app && isWorthIt(offer));
}

/** The rules with one rule of an app set, or removed if undefined. The app's name matches in any case. */
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

/** All that an offer is of. */
export function namesOf({ what, also = [] }: Pick<PinOffer, 'what' | 'also'>): readonly PinName[] {
  return [what, ...also.map((other) => other.what)];
}

/**
 * These rules with what somebody says of an offer: with whatever it is of, for what is done; undefined: with less of
 * that. What is to stay as it is sent is the first alone, without which the others do not help.
 */
export function withAnswer(
  rules: PinRulesByApp,
  app: string,
  { what, also = [] }: Pick<PinOffer, 'what' | 'also'>,
  how: PinRules[PinName],
): PinRulesByApp {
  const first = withPinRule(rules, app, what, how);
  if (how === 'as_sent') return first;
  return also.reduce((all, other) => withPinRule(all, app, other.what, how && other.how), first);
}

const PIN_NOTICE = 'pin ';

/** The id of the notice that something could be kept stable for an app (by its display name). */
export function pinNoticeId(app: string): string {
  return `${PIN_NOTICE}${app}`;
}

/** The app of such a notice; undefined for another notice. */
export function appOfPinNotice(id: string): string | undefined {
  return id.startsWith(PIN_NOTICE) ? id.slice(PIN_NOTICE.length) : undefined;
}
