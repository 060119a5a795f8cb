// One field of the settings form as a value: what stands in it, what a typed text means, and what is said below it. Pure;
// drawn by field.tsx. What a setting is comes from the contract alone.
import type { ApiKey } from '../../backend/contract/api-key.ts';
import { parseField, type FieldInfo } from '../../backend/contract/config/config.ts';
import type { SettingsView, View } from '../../backend/contract/desktop.ts';
import { keepAliveSeconds } from '../../backend/contract/duration.ts';
import { isMasked } from '../../backend/contract/secret.ts';
import { amountIn, withUnit, type Unit } from '../../backend/contract/units.ts';
import { unfitWords } from '../parts/default-model.ts';
import { sameModel } from '../parts/same-model.ts';
import { thin } from '../parts/words.ts';

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
  /** The name of the variable, where the text stands around it. */
  readonly code?: string;
  readonly after?: string;
  /** The value that Undo brings back. */
  readonly undo?: { readonly value: unknown };
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
    requests_per_minute === undefined ? '' : `${requests_per_minute} a minute`,
    max_active === undefined ? '' : `${max_active} at once`,
    high_priority === true ? 'high priority' : '',
    created_at === undefined ? '' : `made ${new Date(created_at).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })}`, // prettier-ignore
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

/** What stands below a field: the worst news first. */
export function hintOf(field: FieldInfo, view: Pick<View, 'settings' | 'gateway'>, touched: Touched): Hint {
  const { settings, gateway } = view;
  const { path } = field;
  const variable = settings.locked[path];
  if (variable !== undefined) {
    return { kind: 'locked', text: 'Set by', code: variable, after: 'in the environment. Change it there, then restart Hearth.' }; // prettier-ignore
  }
  if (needsKey(field, settings)) {
    const first = { path: KEYS, label: 'Add a key…' };
    return { kind: 'plain', text: 'Needs a key first, so that only your machines get in.', first };
  }
  if (touched.wrong !== undefined) return { kind: 'wrong', text: touched.wrong.sentence };
  if (Object.hasOwn(settings.waiting_for_restart, path)) {
    const running = settings.waiting_for_restart[path];
    return {
      kind: 'restart',
      text: `In use after a restart of the gateway. Now ${inWords(field, running)}.`,
      undo: { value: running },
    };
  }
  if (Object.hasOwn(touched, 'was')) {
    // The app itself uses its own settings whether the gateway runs or not.
    const runs = gateway.state === 'running' || field.section === 'app';
    const was = inWords(field, touched.was);
    const saved = runs ? 'Saved and in use.' : 'Saved. In use once the gateway runs.';
    const text = was === '' ? saved : `${saved} Was ${was}.`;
    // What was hidden is not known here and cannot be brought back.
    return isMasked(touched.was) ? { kind: 'saved', text } : { kind: 'saved', text, undo: { value: touched.was } };
  }
  const problem = settings.problems[path];
  if (problem !== undefined) {
    const now = inWords(field, settings.values[path]);
    return { kind: 'wrong', text: now === '' ? problem : `${problem} In use: ${now}.` };
  }
  const { lan } = gateway.addresses;
  if (path === 'server.lan' && lan !== null)
    return { kind: 'plain', text: 'Other machines reach Hearth at', copy: lan };
  return { kind: 'plain', text: field.hint };
}

/** Whether what stands in the field, or in the file, is not allowed. */
export function isWrong({ path }: FieldInfo, settings: SettingsView, touched: Touched): boolean {
  return touched.wrong !== undefined || (settings.problems[path] !== undefined && !Object.hasOwn(touched, 'was'));
}

/** A value as a sentence says it; empty for what is too long for one. */
export function inWords(field: FieldInfo, value: unknown): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (isMasked(value)) return '';
  if (Array.isArray(value)) return value.length === 0 ? 'empty' : value.length > 3 ? '' : value.join(', ');
  const label = field.choices?.find((choice) => choice.value === value)?.label;
  const text = label ?? thin(asText(field, value));
  return text === '' ? 'empty' : text.length > 40 ? '' : text;
}

/** What a number of this setting counts, when that has words of its own. */
function unitOf({ unit }: FieldInfo): Unit | undefined {
  return unit === 'ms' || unit === 's' || unit === 'MB' ? unit : undefined;
}

const ALWAYS = 'always';
const AS_OLLAMA = 'as Ollama does';

/** A value as it stands in a text field: times and sizes with their unit, as it is read again. A secret never does. */
export function asText(field: FieldInfo, value: unknown): string {
  if (field.kind === 'secret') return '';
  if (typeof value !== 'string' && typeof value !== 'number') return '';
  if (field.kind === 'keep_alive') {
    const seconds = keepAliveSeconds(value);
    if (Number.isNaN(seconds)) return String(value);
    return seconds < 0 ? ALWAYS : seconds === 0 ? AS_OLLAMA : withUnit(seconds, 's');
  }
  const unit = unitOf(field);
  return typeof value === 'number' && unit !== undefined ? withUnit(value, unit) : String(value);
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
  const unit = unitOf(field);
  return unit === undefined ? numberIn(text) : amountIn(text, unit);
}

/** As the file and Ollama write it. */
function keepAliveIn(text: string): string | number | undefined {
  const typed = text.trim().toLowerCase();
  if (typed === ALWAYS) return -1;
  if (typed === AS_OLLAMA.toLowerCase()) return 0;
  const seconds = amountIn(typed, 's') ?? keepAliveSeconds(typed);
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
  const typed = `“${text.trim().slice(0, 40)}”`;
  const unit = unitOf(field);
  if (field.kind === 'keep_alive') return `${typed} is not a time. Write 30 s, 15 min, 2 h, always or as Ollama does.`;
  if (unit === 'MB') return `${typed} is not a size. Write 512 KB, 256 MB or 2 GB.`;
  return unit === undefined ? mustBe(field) : `${typed} is not a time. Write 30 s, 10 min or 2 h.`;
}

/** "Must be 1 to 10,000." or "Must be 1 s to 7 days."; a fraction where none is allowed is named too. */
export function mustBe(field: FieldInfo, value?: unknown): string {
  const { kind, min, max, allowed } = field;
  if (kind !== 'number' || min === undefined || max === undefined) return `Must be ${allowed}.`;
  const unit = unitOf(field);
  const said = (bound: number): string =>
    unit === undefined ? bound.toLocaleString('en') : thin(withUnit(bound, unit));
  const isFraction = typeof value === 'number' && !Number.isInteger(value) && value >= min && value <= max;
  const whole = isFraction ? `, without a fraction${unit === undefined ? '' : ` of ${WHOLE[unit]}`}` : '';
  return `Must be ${said(min)} to ${said(max)}${whole}.`;
}

const WHOLE: Readonly<Record<Unit, string>> = { ms: 'a millisecond', s: 'a second', MB: 'a MB' };

function stillIs(field: FieldInfo, now: unknown): string {
  const words = inWords(field, now);
  return words === '' ? 'The old value stays.' : `It is still ${words}.`;
}

function numberIn(text: string): number | undefined {
  return /^\s*[+-]?\d+(?:\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
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

/** Why an entry was not added to a setting that has several. */
export function notAdded(entry: string, { allowed }: FieldInfo): string {
  return `“${entry.slice(0, 40)}” cannot be added. It must be ${allowed}.`;
}
