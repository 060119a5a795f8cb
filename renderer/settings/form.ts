// One field of the settings form as a value: what stands in it, what a typed text means, and what is said below it. Pure;
// drawn by field.tsx. What a setting is comes from the contract alone.
import type { ApiKey } from '../../backend/contract/rules/api-key.ts';
import { parseField, type FieldInfo } from '../../backend/contract/config/config.ts';
import type { SettingsView, View } from '../../backend/contract/window/desktop.ts';
import { keepAliveSeconds } from '../../backend/contract/duration.ts';
import { isMasked } from '../../backend/contract/secret.ts';
import type { Unit } from '../../backend/contract/units.ts';
import { count, dayOfYear } from '../../words/figures.ts';
import { t } from '../../words/texts.ts';
import { unfitWords } from '../parts/default-model.ts';
import { restartCost, restartRule } from '../parts/restart-cost.ts';
import { sameModel } from '../parts/same-model.ts';
import { thin } from '../parts/words.ts';
import { shownAmount, typedAmount } from '../parts/typed-amount.ts';

/** What was done to a field in this window; lost when the view is left. */
export interface Touched {
  /** What was typed and not taken, with why. */
  readonly wrong?: { readonly text: string; readonly sentence: string };
  /** The value before the last save. */
  readonly was?: unknown;
}

export type HintKind = 'plain' | 'saved' | 'found' | 'wrong' | 'locked' | 'restart';

export interface Hint {
  readonly kind: HintKind;
  readonly text: string;
  /** A part of the text that is a name of the system's. */
  readonly code?: string;
  /** A value that can be put there, the one before or the one in use, and the label of the way to it. */
  readonly undo?: { readonly value: unknown; readonly label: string };
  /** A value that is typed and not saved: the way to save it. */
  readonly use?: { readonly text: string };
  /** An address in the text that is worth copying. */
  readonly copy?: string;
  /** Another setting that is needed first, and the label of the link to it. */
  readonly first?: { readonly path: string; readonly label: string };
}

const KEYS = 'server.api_keys';

/** Whether other machines could not get in: there is no key, and callers without one are not allowed. */
export function needsKey({ path }: FieldInfo, { values }: SettingsView): boolean {
  const keys = values[KEYS];
  return (
    path === 'server.lan' && values['server.allow_anonymous'] !== true && !(Array.isArray(keys) && keys.length > 0)
  );
}

/** What a key is for and where it ends, as it stands under its name. */
export function keyWords({ scopes, requests_per_minute, max_active, high_priority, created_at }: ApiKey): string {
  const parts = [
    scopes.join(', '),
    requests_per_minute === undefined ? '' : t('settings.key.rate', { n: requests_per_minute }),
    max_active === undefined ? '' : t('settings.key.active', { n: max_active }),
    high_priority === true ? t('settings.key.urgent') : '',
    created_at === undefined ? '' : t('settings.key.made', { day: dayOfYear(Date.parse(created_at)) }),
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

/** What stands below a field: the worst news first. */
export function hintOf(field: FieldInfo, view: View, touched: Touched): Hint {
  const { settings, gateway } = view;
  const { path } = field;
  const variable = settings.locked[path];
  if (variable !== undefined) {
    return { kind: 'locked', text: t('settings.locked', { variable }), code: variable };
  }
  if (needsKey(field, settings)) {
    return { kind: 'plain', text: t('settings.needs_key'), first: { path: KEYS, label: t('settings.add_key') } };
  }
  if (touched.wrong !== undefined) return { kind: 'wrong', text: touched.wrong.sentence };
  if (Object.hasOwn(settings.waiting_for_restart, path)) {
    const running = settings.waiting_for_restart[path];
    const now = inWords(field, running);
    const sentences = [
      t('settings.after_restart'),
      ...(now === '' ? [] : [t('settings.now', { value: now })]),
      ...[restartCost(view)].filter((cost) => cost !== undefined),
    ];
    return { kind: 'restart', text: sentences.join(' '), undo: { value: running, label: t('settings.undo') } };
  }
  if (Object.hasOwn(touched, 'was')) {
    // The app itself uses its own settings whether the gateway runs or not.
    const runs = gateway.state === 'running' || field.section === 'app';
    const was = inWords(field, touched.was);
    const saved = t(runs ? 'settings.saved' : 'settings.saved_later');
    const text = was === '' ? saved : `${saved} ${t('settings.was', { value: was })}`;
    // What was hidden is not known here and cannot be brought back.
    return isMasked(touched.was)
      ? { kind: 'saved', text }
      : { kind: 'saved', text, undo: { value: touched.was, label: t('settings.undo') } };
  }
  const problem = settings.problems[path];
  if (problem !== undefined) {
    const value = settings.values[path];
    const now = inWords(field, value);
    return now === ''
      ? { kind: 'wrong', text: problem }
      : {
          kind: 'wrong',
          text: `${problem} ${t('settings.in_use', { value: now })}`,
          undo: { value, label: t('settings.keep_it') },
        };
  }
  const { lan } = gateway.addresses;
  if (path === 'server.lan' && lan !== null) return { kind: 'plain', text: t('settings.lan_at'), copy: lan };
  const waits = field.applies === 'restart' && gateway.state === 'running';
  return { kind: 'plain', text: waits ? `${field.hint} ${restartRule(settings)}` : field.hint };
}

/** Whether what stands in the field, or in the file, is not allowed. */
export function isWrong({ path }: FieldInfo, settings: SettingsView, touched: Touched): boolean {
  return touched.wrong !== undefined || (settings.problems[path] !== undefined && !Object.hasOwn(touched, 'was'));
}

/** A value as a sentence says it; empty for what is too long for one. */
export function inWords(field: FieldInfo, value: unknown): string {
  if (typeof value === 'boolean') return t(value ? 'settings.on' : 'settings.off');
  if (isMasked(value)) return '';
  if (Array.isArray(value)) return value.length === 0 ? t('settings.empty') : value.length > 3 ? '' : value.join(', ');
  const label = field.choices?.find((choice) => choice.value === value)?.label;
  const text = label ?? thin(asText(field, value));
  return text === '' ? t('settings.empty') : text.length > 40 ? '' : text;
}

/** What a number of this setting counts, when that has words of its own. */
function unitOf({ unit }: FieldInfo): Unit | undefined {
  return unit === 'count' ? undefined : unit;
}

/** A value as it stands in a text field: times and sizes with their unit, as it is read again. A secret never does. */
export function asText(field: FieldInfo, value: unknown): string {
  if (field.kind === 'secret') return '';
  if (typeof value !== 'string' && typeof value !== 'number') return '';
  if (field.kind === 'keep_alive') {
    const seconds = keepAliveSeconds(value);
    if (Number.isNaN(seconds)) return String(value);
    if (seconds <= 0) return t(seconds < 0 ? 'settings.always' : 'settings.as_ollama');
    return shownAmount(seconds, 's');
  }
  const unit = unitOf(field);
  return typeof value === 'number' ? shownAmount(value, unit) : String(value);
}

/**
 * What a typed text means for a field. Undefined: nothing was changed. The gateway checks it again when it is saved; here
 * a plain mistake is told at once.
 */
export function readText(
  field: FieldInfo,
  text: string,
  settings: SettingsView,
): { readonly value: unknown } | { readonly wrong: string } | undefined {
  const now = settings.values[field.path];
  if (text === asText(field, now)) return undefined;
  const value = valueIn(field, text);
  // Only main knows what is hidden in it.
  if (isMasked(value)) return { value };
  const accepted = value === undefined ? undefined : parseField(field.path, value);
  if (accepted !== undefined) return { value: accepted.value };
  return { wrong: `${value === undefined ? isNone(field, text) : mustBe(field, value)} ${stillIs(field, now)}` };
}

/** Undefined for a text that says no value of this kind at all. */
function valueIn(field: FieldInfo, text: string): unknown {
  if (field.kind === 'keep_alive') return keepAliveIn(text);
  if (field.kind !== 'number') return text;
  return typedAmount(text, unitOf(field));
}

/** As the file and Ollama write it. */
function keepAliveIn(text: string): string | number | undefined {
  const typed = text.trim().toLowerCase();
  if (typed === t('settings.always').toLowerCase()) return -1;
  if (typed === t('settings.as_ollama').toLowerCase()) return 0;
  const seconds = typedAmount(typed, 's') ?? keepAliveSeconds(typed);
  if (Number.isNaN(seconds)) return undefined;
  return seconds < 0 ? -1 : seconds === 0 ? 0 : goDuration(seconds);
}

function goDuration(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600}h`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}

/** “10 minits” is not a time. Write 30 s, 10 min or 2 h. */
function isNone(field: FieldInfo, text: string): string {
  if (text.trim() === '') return mustBe(field);
  const typed = { text: text.trim().slice(0, 40) };
  if (field.kind === 'keep_alive') return t('settings.no_stay', typed);
  switch (unitOf(field)) {
    case 'ms':
    case 's':
      return t('settings.no_time', typed);
    case 'days':
      return t('settings.no_days', typed);
    case 'MB':
      return t('settings.no_size', typed);
    case 'tokens':
    case undefined:
      return mustBe(field);
  }
}

/** "Must be 1 to 10,000." or "Must be 1 s to 7 days."; a fraction where none is allowed is named too. */
export function mustBe(field: FieldInfo, value?: unknown): string {
  const { kind, min, max, allowed } = field;
  if (kind !== 'number' || min === undefined || max === undefined) return t('settings.must_be', { allowed });
  const unit = unitOf(field);
  const said = (bound: number): string => (unit === undefined ? count(bound) : thin(shownAmount(bound, unit)));
  const bounds = { min: said(min), max: said(max) };
  const isFraction = typeof value === 'number' && !Number.isInteger(value) && value >= min && value <= max;
  if (!isFraction) return t('settings.must_be', { allowed: t('settings.between', bounds) });
  return unit === undefined ? t('settings.whole', bounds) : t('settings.whole_unit', { ...bounds, unit });
}

function stillIs(field: FieldInfo, now: unknown): string {
  const value = inWords(field, now);
  return value === '' ? t('settings.stays') : t('settings.still', { value });
}

/** Models to choose from: those that are fit to be the default, and the one that is set, whatever it is. */
export function modelChoices(view: View, value: unknown): string[] {
  const set = typeof value === 'string' ? value : '';
  const models = view.live?.models ?? [];
  const own = models.find(({ name }) => sameModel(name, set));
  const fit = models.filter((model) => model === own || unfitWords(model) === undefined);
  const names = fit.map((model) => (model === own ? set : model.name));
  return set === '' || own !== undefined ? names : [set, ...names];
}

/** How many entries a setting has that can have several. */
export function entriesOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0;
}

/** Why an entry was not added to a setting that has several. */
export function notAdded(entry: string, { allowed }: FieldInfo): string {
  return t('settings.not_added', { entry: entry.slice(0, 40), allowed });
}
