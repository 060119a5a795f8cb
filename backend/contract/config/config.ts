// The whole configuration: every setting of Hearth, declared once with type, limits, default, label, meaning, unit and
// environment variables. Validation, the settings form, the command line and the table of docs/configuration.md derive
// from it. settings-*.ts has the declarations; config-sources.ts decides which source of a value wins.
import { z } from 'zod';
import { namesInEnvironment } from '../listens-at.ts';
import { toldOf } from './config-field.ts';
import type { About, FieldKind } from './config-field.ts';
import { cluster } from './settings-cluster.ts';
import { app, cors, log, server } from './settings-door.ts';
import { files } from './settings-files.ts';
import { ollama } from './settings-model.ts';
import { models } from './settings-profiles.ts';
import { prompts } from './settings-prompts.ts';
import { upstreams } from './settings-upstreams.ts';
import { batch, cache, conversationCache, queue } from './settings-work.ts';

/**
 * Schema of the whole configuration. Input may leave out any key or section; output has them all. Unknown keys are
 * refused.
 */
export const configSchema = z.strictObject({
  server,
  ollama,
  upstreams,
  models,
  cache,
  conversation_cache: conversationCache,
  queue,
  prompts,
  batch,
  files,
  cluster,
  cors,
  log,
  app,
});

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** A complete, valid configuration. */
export type Config = DeepReadonly<z.output<typeof configSchema>>;

/** What a form, a table or a message needs to know of a setting. Plain data. */
export interface FieldInfo extends About<unknown> {
  /** Section and key, as in "cache.ttl_seconds"; the section alone if it is a single setting. */
  readonly path: string;
  readonly section: string;
  /** Undefined if the section is the setting. */
  readonly key: string | undefined;
  readonly kind: FieldKind;
  /** What is allowed, to follow "must be". */
  readonly allowed: string;
  /** Limits of a number, maximum characters of a text, or maximum items of a list. */
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly { readonly value: string; readonly label: string }[];
  readonly item?: string;
  /** All environment variables, strongest first. */
  readonly env: readonly string[];
}

type Section = (typeof configSchema.shape)[keyof typeof configSchema.shape];

/** The settings in a section; a section that is a single setting has one, without a key. */
function inside(section: Section): readonly (readonly [key: string | undefined, type: z.ZodType])[] {
  const parts = section.unwrap();
  return 'shape' in parts ? Object.entries<z.ZodType>(parts.shape) : [[undefined, section]];
}

/** The sections in the order of the form. */
export const sections: readonly { readonly name: string; readonly title: string }[] = Object.entries(
  configSchema.shape,
).map(([name, schema]) => ({ name, title: schema.meta()?.title ?? schema.unwrap().meta()?.title ?? name }));

const declared: readonly { readonly info: FieldInfo; readonly schema: z.ZodType }[] = Object.entries(
  configSchema.shape,
).flatMap(([section, schema]) =>
  inside(schema).map(([key, type]) => {
    const told = toldOf(type);
    const env = key === undefined ? (told.env ?? []) : namesInEnvironment(section, key, told.env);
    const path = key === undefined ? section : `${section}.${key}`;
    return { info: { path, section, key, ...told, env }, schema: type };
  }),
);

/** Every setting, in the order of the form. */
export const fields: readonly FieldInfo[] = declared.map(({ info }) => info);

const schemaOf: ReadonlyMap<string, z.ZodType> = new Map(declared.map(({ info, schema }) => [info.path, schema]));

/**
 * Checks one value of one setting, as a form does while the user types. Returns the value in its canonical spelling, or
 * undefined if it is not allowed or the setting does not exist.
 */
export function parseField(path: string, value: unknown): { readonly value: unknown } | undefined {
  const result = value === undefined ? undefined : schemaOf.get(path)?.safeParse(value);
  return result?.success === true ? { value: result.data } : undefined;
}

type Data = Readonly<Record<string, unknown>>;

const isTable = (value: unknown): value is Data => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A setting's value in a table of sections, as in a file; undefined if it is not set there. */
export function valueIn(data: unknown, { section, key }: FieldInfo): unknown {
  if (!isTable(data) || !Object.hasOwn(data, section)) return undefined;
  const part = data[section];
  if (key === undefined) return part;
  return isTable(part) && Object.hasOwn(part, key) ? part[key] : undefined;
}

/** The table with a value for a setting. */
export function withValue(data: Data, { section, key }: FieldInfo, value: unknown): Data {
  if (key === undefined) return { ...data, [section]: value };
  const part = data[section];
  return { ...data, [section]: { ...(isTable(part) ? part : {}), [key]: value } };
}

/** The table without a setting; a section that becomes empty is removed too. */
export function withoutValue(data: Data, field: FieldInfo): Data {
  const { section, key } = field;
  if (valueIn(data, field) === undefined) return data;
  const { [section]: part, ...others } = data;
  if (key === undefined || !isTable(part)) return others;
  const { [key]: _gone, ...rest } = part;
  return Object.keys(rest).length === 0 ? others : { ...data, [section]: rest };
}

/** The value of a setting in a configuration. */
export function valueOf(config: Config, field: FieldInfo): unknown {
  return valueIn(config, field);
}

/** The settings whose values differ between two configurations. */
export function changedFields(before: Config, after: Config): readonly FieldInfo[] {
  return fields.filter((field) => JSON.stringify(valueOf(before, field)) !== JSON.stringify(valueOf(after, field)));
}

/** The part of `next` that applies at once: a setting that needs a restart keeps its value from `running`. */
export function untilRestart(running: Config, next: Config): Config {
  let inUse: Data = {};
  for (const field of fields)
    inUse = withValue(inUse, field, valueOf(field.applies === 'restart' ? running : next, field));
  return inUse as Config;
}

/** The configuration with defaults only. */
export function defaultConfig(): Config {
  return configSchema.parse({});
}
