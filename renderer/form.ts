// The settings form as a value: which fields, in which groups, with what in them and what is said below. Pure; drawn by
// settings.tsx and field.tsx. What a setting is comes from the contract alone.
import { fields, parseField, type FieldInfo } from '../backend/contract/config.ts';
import type { ApiKey } from '../backend/contract/api-key.ts';
import type { SettingsView, View } from '../backend/contract/desktop.ts';

/** A heading of the form and the sections of the configuration under it. */
const GROUPS: readonly { readonly title: string; readonly sections: readonly string[] }[] = [
  { title: 'Ollama', sections: ['ollama'] },
  { title: 'Cache', sections: ['cache', 'conversation_cache'] },
  { title: 'Queue', sections: ['queue', 'batch'] },
  { title: 'Gateway', sections: ['server', 'cors'] },
  { title: 'This app', sections: ['app', 'log'] },
];

/** Fields that stand with others than their section's: starting Ollama belongs to Ollama. */
const ELSEWHERE: Readonly<Record<string, string>> = { 'app.start_ollama': 'Ollama' };

export interface Group {
  readonly title: string;
  readonly fields: readonly FieldInfo[];
}

/** The groups with the fields that match a search, in title, key or hint. Settings without effect are left out. */
export function groupsOf(search: string): Group[] {
  const words = search.trim().toLowerCase().split(/\s+/).filter(Boolean); // prettier-ignore
  const matches = ({ title, path, hint }: FieldInfo): boolean => {
    const text = `${title} ${path} ${hint}`.toLowerCase();
    return words.every((word) => text.includes(word));
  };
  const shown = fields.filter((field) => field.inert === undefined && matches(field));
  return GROUPS.map(({ title, sections }) => ({
    title,
    fields: shown.filter((field) => (ELSEWHERE[field.path] ?? groupOf(field, sections, title)) === title),
  })).filter((group) => group.fields.length > 0);
}

function groupOf({ section }: FieldInfo, sections: readonly string[], title: string): string | undefined {
  return sections.includes(section) ? title : undefined;
}

/** What was done to a field in this window; lost when the view is left. */
export interface Touched {
  /** What was typed and not taken, with why. */
  readonly wrong?: { readonly text: string; readonly sentence: string };
  /** The value before the last save. */
  readonly was?: unknown;
}

export type HintKind = 'plain' | 'saved' | 'wrong' | 'locked' | 'restart';

export interface Hint {
  readonly kind: HintKind;
  readonly text: string;
  /** The name of the variable, where the text stands around it. */
  readonly code?: string;
  readonly after?: string;
  /** The value that Undo brings back. */
  readonly undo?: { readonly value: unknown };
  /** Another setting that has to be seen to first, and the words of the way there. */
  readonly first?: { readonly path: string; readonly label: string };
}

const KEYS = 'server.api_keys';

/** Whether letting other machines in would let in nobody: there is no key, and nobody said that none is needed. */
export function needsKey({ path }: FieldInfo, { values }: SettingsView): boolean {
  const keys = values[KEYS];
  return (
    path === 'server.lan' && values['server.allow_anonymous'] !== true && !(Array.isArray(keys) && keys.length > 0)
  );
}

/** What a key is for and where it ends, as it stands under its name. */
export function keyWords({ scopes, requests_per_minute, max_active, created_at }: ApiKey): string {
  const parts = [
    scopes.join(', '),
    requests_per_minute === undefined ? '' : `${requests_per_minute} a minute`,
    max_active === undefined ? '' : `${max_active} at once`,
    created_at === undefined ? '' : `made ${new Date(created_at).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })}`, // prettier-ignore
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

/** What stands below a field: the worst news first. */
export function hintOf(field: FieldInfo, settings: SettingsView, touched: Touched): Hint {
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
    const was = inWords(field, touched.was);
    return {
      kind: 'saved',
      text: was === '' ? 'Saved and in use.' : `Saved and in use. Was ${was}.`,
      undo: { value: touched.was },
    };
  }
  const problem = settings.problems[path];
  if (problem !== undefined) return { kind: 'wrong', text: problem };
  return { kind: 'plain', text: field.hint };
}

/** A value as a sentence says it; empty for what is too long for one. */
export function inWords(field: FieldInfo, value: unknown): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (Array.isArray(value)) return value.length === 0 ? 'empty' : value.length > 3 ? '' : value.join(', ');
  const label = field.choices?.find((choice) => choice.value === value)?.label;
  const text = label ?? String(value);
  return text === '' ? 'empty' : text.length > 40 ? '' : text;
}

/** A value as it stands in a text field. */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}

/**
 * What a typed text means for a field. Undefined: nothing was changed. The gateway judges again when it is saved; this
 * is only so that a plain mistake is told without a way to main and back.
 */
export function readText(
  field: FieldInfo,
  text: string,
  settings: SettingsView,
): { readonly value: unknown } | { readonly wrong: string } | undefined {
  const now = settings.values[field.path];
  if (text === asText(now)) return undefined;
  const value = field.kind === 'number' ? numberIn(text) : text;
  const accepted = value === undefined ? undefined : parseField(field.path, value);
  if (accepted === undefined) return { wrong: `${mustBe(field)} ${stillIs(field, now)}` };
  return { value: accepted.value };
}

/** "Must be 1 to 10,000." */
export function mustBe({ kind, min, max, allowed, unit }: FieldInfo): string {
  if (kind !== 'number' || min === undefined || max === undefined) return `Must be ${allowed}.`;
  const ending = unit === undefined || unit === 'count' || unit === 'tokens' ? '' : ` ${unit}`;
  return `Must be ${min.toLocaleString('en')} to ${max.toLocaleString('en')}${ending}.`;
}

function stillIs(field: FieldInfo, now: unknown): string {
  const words = inWords(field, now);
  return words === '' ? 'The old value stays.' : `It is still ${words}.`;
}

function numberIn(text: string): number | undefined {
  return /^\s*[+-]?\d+(?:\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
}

/** The unit that stands inside the field. */
export function unitOf({ unit }: FieldInfo): string {
  return unit === undefined || unit === 'count' ? '' : unit;
}

/** Models to choose from: the installed ones, and the one that is set although it is not among them. */
export function modelChoices(view: View, value: unknown): string[] {
  const installed = (view.live?.models ?? []).map(({ name }) => name);
  const set = asText(value);
  return set === '' || installed.includes(set) || installed.includes(`${set}:latest`)
    ? installed.map((name) => (name === `${set}:latest` ? set : name))
    : [set, ...installed];
}

/** What a list field is a list of, for its labels. */
export function itemName({ path }: FieldInfo): string {
  const names: Readonly<Record<string, string>> = {
    'cors.allowed_origins': 'origin',
    'server.allowed_hosts': 'host name',
    'ollama.preload': 'model',
  };
  return names[path] ?? 'entry';
}
