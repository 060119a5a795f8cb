// Mistakes in a source of settings: what they are, how they read, and the key that was probably meant.
// config-sources.ts decides which source wins, and which value replaces a wrong one.
import { fields, sections } from './config.ts';
import type { FieldInfo } from './config.ts';
import { wrongProfiles } from './settings-profiles.ts';
import { wrongRule } from '../rules/queue-rule.ts';
import { wrongUpstream } from '../rules/upstream-list.ts';
import { nearest } from '../nearest.ts';
import { quotable } from '../secret.ts';

/** A source of settings, beside the defaults. */
export type Source = 'file' | 'env' | 'flag';

/** Something in a source that could not be used. */
export interface Problem {
  readonly kind: 'wrong_value' | 'wrong_shape' | 'unknown_key';
  readonly source: Source;
  /** Path of the file, name of the variable, or "command line". */
  readonly where: string;
  /** As in "cache.ttl_seconds"; a section's name for the section; empty for the whole file. */
  readonly key: string;
  /** Where inside the value the mistake is, as in "[2].when.stream"; absent for the value as a whole. */
  readonly inside?: string;
  /** What came, as JSON, cut at 60 characters, without secrets. */
  readonly got: string;
  /** What is allowed, to follow "must be". */
  readonly allowed: string;
  /** For unknown keys: what was probably meant. */
  readonly suggestion?: string;
}

/** The `where` of command line options. */
export const COMMAND_LINE = 'command line';

const SHOWN_CHARACTERS = 60;
const sectionNames = sections.map(({ name }) => name);

/** A problem as a sentence: where, what, what is allowed, what came. */
export function problemSentence({ kind, where, key, inside = '', allowed, got, suggestion }: Problem): string {
  const name = key === '' ? 'the file' : shownKey(key) + inside;
  if (kind !== 'unknown_key') return `${where}: ${name} must be ${allowed}. It was ${got}.`;
  return `${where}: ${name} is not a known key.${suggestion === undefined ? '' : ` Did you mean ${suggestion}?`}`;
}

/** Finds the mistake inside a list, by the kind of the setting. */
const LISTS: { readonly [K in FieldInfo['kind']]?: typeof wrongRule } = { rules: wrongRule, upstreams: wrongUpstream };

/** The problem of a value that its setting does not allow. */
export function wrongValue(field: FieldInfo, source: Source, where: string, value: unknown): Problem {
  const problem = { kind: 'wrong_value', source, where, key: field.path } as const;
  const within = (field.path === 'models' ? wrongProfiles : LISTS[field.kind])?.(value);
  if (within === undefined) return { ...problem, got: quoted(field, value), allowed: field.allowed };
  const { inside, allowed, got } = within;
  return { ...problem, inside, allowed, got: got === undefined ? 'missing' : quoted(field, got) };
}

/** The problems of a file's data, except the values of known settings. */
export function fileProblems(where: string, data: unknown): Problem[] {
  const wrongShape = (key: string, value: unknown, names: readonly string[]): Problem => {
    const allowed = `a table with ${names.join(', ')}`;
    return { kind: 'wrong_shape', source: 'file', where, key, got: outlined(value), allowed };
  };
  if (!isTable(data)) return [wrongShape('', data, sectionNames)];

  return Object.entries(data).flatMap(([section, settings]) => {
    if (settings === undefined) return [];
    const keys = keysOf(section);
    if (keys.length === 0) return isWhole(section) ? [] : [unknownKey('file', where, section, settings)];
    if (!isTable(settings)) return [wrongShape(section, settings, keys)];
    return Object.entries(settings)
      .filter(([key]) => !keys.includes(key))
      .map(([key, value]) => unknownKey('file', where, `${section}.${key}`, value));
  });
}

/** Command line options, by dotted path, that are not settings. */
export function unknownFlags(flags: Readonly<Record<string, unknown>>): Problem[] {
  const known = new Set(fields.map(({ path }) => path));
  return Object.entries(flags)
    .filter(([path, value]) => value !== undefined && !known.has(path))
    .map(([path, value]) => unknownKey('flag', COMMAND_LINE, path, value));
}

/** Variables that look like Hearth's but are not. Environments are shared, so they yield a notice and no problem. */
export function unknownVariables(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set(fields.flatMap((field) => field.env));
  const prefixes = sectionNames.filter((name) => !isWhole(name)).map((name) => `${name.toUpperCase()}__`);
  return Object.entries(env)
    .filter(([name, text]) => text !== undefined && text !== '' && prefixes.some((prefix) => name.startsWith(prefix)))
    .filter(([name]) => !known.has(name))
    .map(([name]) => {
      const path = meant(name.replace('__', '.').toLowerCase());
      const suggestion = path === undefined ? '' : ` Did you mean ${path.replace('.', '__').toUpperCase()}?`;
      return `${shownKey(name)} is not a variable that Hearth knows.${suggestion}`;
    });
}

/** Whether a value has named parts, as a TOML table or a JSON object. A TOML date is an object, but not a table. */
export const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

function unknownKey(source: Source, where: string, key: string, value: unknown): Problem {
  const [section = ''] = key.split('.');
  const names = keysOf(section);
  const allowed = `one of ${(names.length > 0 ? names : sectionNames).join(', ')}`;
  const suggestion = meant(key);
  const problem = { kind: 'unknown_key', source, where, key, got: outlined(value), allowed } as const;
  return suggestion === undefined ? problem : { ...problem, suggestion };
}

/** The path, or the section, that an unknown name most likely stands for. */
function meant(path: string): string | undefined {
  const [first = '', ...rest] = path.split('.');
  const section = keysOf(first).length > 0 ? first : nearest(first, sectionNames);
  if (rest.length === 0) return section ?? onlyFieldWithKey(first);

  const key = rest.join('.');
  if (keysOf(first).includes(key)) return `${key} inside ${first}`; // a whole path written as one key
  const near = section === undefined ? undefined : nearest(key, keysOf(section));
  return near === undefined ? onlyFieldWithKey(key) : `${section}.${near}`;
}

function onlyFieldWithKey(key: string): string | undefined {
  const found = fields.filter((field) => field.key === key);
  return found.length === 1 ? found[0]?.path : undefined;
}

function keysOf(section: string): string[] {
  return fields.flatMap((field) => (field.section === section && field.key !== undefined ? [field.key] : []));
}

/** Whether a section is a single setting, validated like every other. */
function isWhole(section: string): boolean {
  return fields.some((field) => field.section === section && field.key === undefined);
}

const NOT_QUOTED = '(hidden)';

/** A setting's value for a message: as JSON, short, and without secret parts. */
function quoted({ secret }: FieldInfo, value: unknown): string {
  const open = quotable(secret, value);
  return open === undefined ? NOT_QUOTED : shown(open);
}

/** A value that belongs to no setting: any text in it may be a secret. */
function outlined(value: unknown): string {
  if (typeof value === 'string') return NOT_QUOTED;
  return shown(value instanceof Date ? value : withoutTexts(value));
}

function withoutTexts(value: unknown): unknown {
  if (typeof value === 'string') return NOT_QUOTED;
  if (Array.isArray(value)) return value.map(withoutTexts);
  return isTable(value) ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withoutTexts(each)])) : value; // prettier-ignore
}

/** Removes user and password from URLs inside the value. */
function shown(value: unknown): string {
  return short(asJson(value).replace(/\/\/[^/\s"]*@/g, '//…@'));
}

function asJson(value: unknown): string {
  if (typeof value === 'number') return String(value); // JSON knows no NaN and no Infinity, TOML does
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return typeof value === 'bigint' ? String(value) : 'something that JSON cannot say';
  }
}

/** A key as it came, quoted if it has characters that would break a line. */
function shownKey(key: string): string {
  return short(/^[\w.-]+$/.test(key) ? key : JSON.stringify(key));
}

function short(text: string): string {
  if (text.length <= SHOWN_CHARACTERS) return text;
  return `${text.slice(0, SHOWN_CHARACTERS - 1).replace(/[\uD800-\uDBFF]$/, '')}…`; // never half a character
}
