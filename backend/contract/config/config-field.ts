// How one setting is declared: the forms a value can take, and what is told about it.
// It holds no setting itself (config.ts does) and reads no file or environment (config-sources.ts does).
import { z } from 'zod';
import { keepAliveSeconds } from '../duration.ts';
import { areHeaders, HEADERS_ALLOWED, spelledHeaders } from '../rules/header-table.ts';
import type { SecretPart } from '../secret.ts';
import type { Unit } from '../units.ts';

/** Which control shows the value in a form, and how text from the environment is read. */
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

/** What can be said of a setting beside its type. */
export interface About<Value> {
  /** A short label for people. */
  readonly title: string;
  /** What it means, in a sentence or two. */
  readonly hint: string;
  /** The same in one line, for a form to be read at a glance, where the hint is longer. */
  readonly brief?: string;
  readonly default: Value;
  readonly unit?: Unit | 'count';
  /** Whether a change takes effect at once or when the gateway starts again. */
  readonly applies: 'live' | 'restart';
  /** Seldom needed: a form shows it folded away. */
  readonly advanced?: true;
  /** What of it is never shown, logged, quoted or exported (secret.ts). */
  readonly secret?: SecretPart;
  /** Further names in the environment beside SECTION__KEY, strongest first. */
  readonly env?: readonly string[];
  /** Why the setting is accepted but does nothing, in sentences. Setting it yields a notice. */
  readonly inert?: string;
  /** The only host on which it does something. Setting it on the other yields a notice. */
  readonly only?: 'desktop';
}

/** The possible values of a setting: the check itself, and the same in words and in the terms of a form. */
export interface Form<Type extends z.ZodType> {
  readonly type: Type;
  readonly kind: FieldKind;
  /** What is allowed, to go after "must be". */
  readonly allowed: string;
  readonly min?: number;
  readonly max?: number;
  /** Value and label of each choice, in the order to show them. */
  readonly choices?: readonly { readonly value: string; readonly label: string }[];
  /** What a list is a list of, with its article: "an origin". */
  readonly item?: string;
}

/** A whole number within bounds, both included. */
export function whole(min: number, max: number): Form<z.ZodInt> {
  return { type: z.int().min(min).max(max), kind: 'number', allowed: `a whole number from ${min} to ${max}`, min, max };
}

/** A number within bounds, both included; fractions are welcome. */
export function amount(min: number, max: number): Form<z.ZodNumber> {
  return { type: z.number().min(min).max(max), kind: 'number', allowed: `a number from ${min} to ${max}`, min, max };
}

/** Yes or no. */
export function flag(): Form<z.ZodBoolean> {
  return { type: z.boolean(), kind: 'switch', allowed: 'true or false' };
}

/** One of several words; given as word → label. */
export function choice<const Word extends string>(labels: Readonly<Record<Word, string>>): Form<z.ZodType<Word>> {
  const words = Object.keys(labels) as Word[];
  return {
    type: z.literal(words),
    kind: 'choice',
    allowed: `one of ${words.map((word) => `"${word}"`).join(', ')}`,
    choices: words.map((value) => ({ value, label: labels[value] })),
  };
}

/** Text of at most `max` characters, the empty one included. */
export function freeText(max: number): Form<z.ZodString> {
  return { type: z.string().max(max), kind: 'multiline', allowed: `text of at most ${max} characters`, max };
}

/** Text that has one proper spelling; `spell` gives it, or undefined for what is wrong. */
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

/** Headers of HTTP, by name. */
export function headers(): Form<z.ZodRecord<z.ZodString, z.ZodString>> {
  const type = z.record(z.string(), z.string()).overwrite(spelledHeaders).refine(areHeaders);
  return { type, kind: 'headers', allowed: HEADERS_ALLOWED };
}

/** A table of at most `max` entries by name; `item` is what each is, with its article, and `allowed` what it may hold. */
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

/** Declares a setting: the schema to put under its key. What was said of it comes back from `toldOf`. */
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

/** A part of the configuration with settings; missing keys, or a missing section, take their defaults. */
export function section<Shape extends z.core.$ZodLooseShape>(
  title: string,
  shape: Shape,
): z.ZodPrefault<z.ZodObject<Shape, z.core.$strict>> {
  return z
    .strictObject(shape)
    .meta({ title })
    .prefault({} as z.input<z.ZodObject<Shape, z.core.$strict>>);
}
