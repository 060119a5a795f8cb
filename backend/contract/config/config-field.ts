// How one setting is declared: the forms of its value, and its documentation. It declares no setting itself (config.ts
// does) and reads no file or environment (config-sources.ts does).
import { z } from 'zod';
import { keepAliveSeconds } from '../duration.ts';
import { areHeaders, HEADERS_ALLOWED, spelledHeaders } from '../rules/header-table.ts';
import type { SecretPart } from '../secret.ts';
import type { Unit } from '../units.ts';

/** The control that shows the value in a form; also decides how text from the environment is read. */
export type FieldKind =
  | 'text'
  | 'multiline'
  | 'url'
  | 'model'
  | 'keep_alive'
  | 'number'
  | 'switch'
  | 'choice'
  | 'list'
  | 'keys'
  | 'rules'
  | 'upstreams'
  | 'secret'
  | 'headers'
  | 'table';

/** The documentation of a setting beside its type. */
export interface About<Value> {
  /** A short label for users. */
  readonly title: string;
  /** What it means, in a sentence or two. */
  readonly hint: string;
  /** A one-line version of a longer hint, for forms. */
  readonly brief?: string;
  readonly default: Value;
  readonly unit?: Unit | 'count';
  /** Whether a change takes effect at once or when the gateway restarts. */
  readonly applies: 'live' | 'restart';
  /** Rarely needed: a form shows it folded. */
  readonly advanced?: true;
  /** The part of it that is never shown, logged, quoted or exported (secret.ts). */
  readonly secret?: SecretPart;
  /** Further environment variables beside SECTION__KEY, strongest first. */
  readonly env?: readonly string[];
  /** Why the setting is accepted but has no effect, in sentences. Setting it yields a notice. */
  readonly inert?: string;
  /** The only host on which it has an effect. Setting it on the other yields a notice. */
  readonly only?: 'desktop';
}

/** The possible values of a setting: the schema, and the same in words and for a form. */
export interface Form<Type extends z.ZodType> {
  readonly type: Type;
  readonly kind: FieldKind;
  /** What is allowed, to follow "must be". */
  readonly allowed: string;
  readonly min?: number;
  readonly max?: number;
  /** Value and label of each choice, in display order. */
  readonly choices?: readonly { readonly value: string; readonly label: string }[];
  /** What each item of a list is, with its article: "an origin". */
  readonly item?: string;
}

/** A whole number within inclusive limits. */
export function whole(min: number, max: number): Form<z.ZodInt> {
  return { type: z.int().min(min).max(max), kind: 'number', allowed: `a whole number from ${min} to ${max}`, min, max };
}

/** A number within inclusive limits; fractions are allowed. */
export function amount(min: number, max: number): Form<z.ZodNumber> {
  return { type: z.number().min(min).max(max), kind: 'number', allowed: `a number from ${min} to ${max}`, min, max };
}

/** True or false. */
export function flag(): Form<z.ZodBoolean> {
  return { type: z.boolean(), kind: 'switch', allowed: 'true or false' };
}

/** One of several words; `labels` maps word to label. */
export function choice<const Word extends string>(labels: Readonly<Record<Word, string>>): Form<z.ZodType<Word>> {
  const words = Object.keys(labels) as Word[];
  return {
    type: z.literal(words),
    kind: 'choice',
    allowed: `one of ${words.map((word) => `"${word}"`).join(', ')}`,
    choices: words.map((value) => ({ value, label: labels[value] })),
  };
}

/** Text of at most `max` characters; may be empty. */
export function freeText(max: number): Form<z.ZodString> {
  return { type: z.string().max(max), kind: 'multiline', allowed: `text of at most ${max} characters`, max };
}

/** Text with one canonical spelling; `spell` returns it, or undefined for invalid text. */
export function spelled(
  spell: (text: string) => string | undefined,
  allowed: string,
  kind: FieldKind = 'text',
): Form<z.ZodString> {
  const type = z
    .string()
    .overwrite((text) => spell(text) ?? text)
    .refine((text) => spell(text) !== undefined);
  return { type, kind, allowed };
}

/** Ollama's keep_alive in any of its forms; read it with keepAliveSeconds. */
export function keepAlive(): Form<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>> {
  return {
    type: z.union([z.string(), z.number()]).refine((value) => !Number.isNaN(keepAliveSeconds(value))),
    kind: 'keep_alive',
    allowed: 'a time such as "30s", "15m" or "2h", a number of seconds, 0 for as Ollama does, or -1 for always',
  };
}

/** A list of at most `max` items; `name` is what each of them is, with its article. */
export function list<Item extends z.ZodType>(
  item: Item,
  max: number,
  allowed: string,
  name = 'an entry',
): Form<z.ZodArray<Item>> {
  return { type: z.array(item).max(max), kind: 'list', allowed, max, item: name };
}

/** HTTP headers by name. */
export function headers(): Form<z.ZodRecord<z.ZodString, z.ZodString>> {
  const type = z.record(z.string(), z.string()).overwrite(spelledHeaders).refine(areHeaders);
  return { type, kind: 'headers', allowed: HEADERS_ALLOWED };
}

/**
 * A table of at most `max` entries by name; `item`: what each entry is, with its article; `allowed`: what it may hold.
 */
export function table<Entry extends z.ZodType>(
  entry: Entry,
  name: z.ZodType<string, string>,
  max: number,
  { allowed, item }: { readonly allowed: string; readonly item: string },
): Form<z.ZodType<Record<string, z.output<Entry>>>> {
  const type = z.record(name, entry).refine((entries) => Object.keys(entries).length <= max);
  return { type, kind: 'table', allowed, max, item };
}

type Told = Omit<Form<z.ZodType>, 'type'> & About<unknown>;

const told = z.registry<Told>();

/** Declares a setting: returns the schema to put under its key. `toldOf` returns its documentation. */
export function field<Type extends z.ZodType>(
  { type, ...form }: Form<Type>,
  about: About<z.core.util.NoUndefined<z.output<Type>>>,
): z.ZodDefault<Type> {
  const { title, hint, unit, applies } = about;
  const schema = type
    .default(about.default)
    .meta({ title, description: hint, applies, ...(unit === undefined ? {} : { unit }) });
  told.add(schema, { ...form, ...about });
  return schema;
}

/** Everything said at the declaration of a setting. Throws for a schema that `field` did not make. */
export function toldOf(schema: z.ZodType): Told {
  const found = told.get(schema);
  if (found === undefined) throw new Error('a setting is declared without field()');
  return found;
}

/** A section of the configuration; missing keys, or a missing section, take their defaults. */
export function section<Shape extends z.core.$ZodLooseShape>(
  title: string,
  shape: Shape,
): z.ZodPrefault<z.ZodObject<Shape, z.core.$strict>> {
  return z
    .strictObject(shape)
    .meta({ title })
    .prefault({} as z.input<z.ZodObject<Shape, z.core.$strict>>);
}
