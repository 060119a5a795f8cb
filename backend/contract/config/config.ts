// The whole configuration: every setting of Hearth, each declared once with type, bounds, default, label, meaning, unit and
// names in the environment. Validation, the settings form, the command line and the table of docs/configuration.md are read off here.
// The declarations are in settings-*.ts; where values come from, and which source wins, is in config-sources.ts.
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

/** The whole configuration. Input may leave out any key or section; output has them all. Unknown keys are refused. */
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

/** A whole, valid configuration. */
export type Config = DeepReadonly<z.output<typeof configSchema>>;

/** What a form, a table or a message needs to know of a setting. Plain data. */
export interface FieldInfo extends About<unknown> {
  /** Section and key, as in "cache.ttl_seconds"; the section alone where that is one setting as a whole. */
  readonly path: string;
  readonly section: string;
  /** Undefined where the section is the setting. */
  readonly key: string | undefined;
  readonly kind: FieldKind;
  /** What is allowed, to go after "must be". */
  readonly allowed: string;
  /** Bounds of a number, the most characters of a text, or the most items of a list. */
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly { readonly value: string; readonly label: string }[];
  readonly item?: string;
  /** Every name in the environment, strongest first. */
  readonly env: readonly string[];
}

type Section = (typeof configSchema.shape)[keyof typeof configSchema.shape];

/** The settings in a section; a section that is one setting has that alone, without a key. */
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
 * Checks one value of one setting, as a form does while it is typed. Gives the value in its proper spelling, or
 * undefined when it is not allowed or the setting does not exist.
 */
export function parseField(path: string, value: unknown): { readonly value: unknown } | undefined {
  const result = value === undefined ? undefined : schemaOf.get(path)?.safeParse(value);
  return result?.success === true ? { value: result.data } : undefined;
}

type Data = Readonly<Record<string, unknown>>;

const isTable = (value: unknown): value is Data => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a table of sections, as a file has it, has for a setting; undefined where it says nothing of it. */
export function valueIn(data: unknown, { section, key }: FieldInfo): unknown {
  if (!isTable(data) || !Object.hasOwn(data, section)) return undefined;
  const part = data[section];
  if (key === undefined) return part;
  return isTable(part) && Object.hasOwn(part, key) ? part[key] : undefined;
}

/** The same table with a value for a setting. */
export function withValue(data: Data, { section, key }: FieldInfo, value: unknown): Data {
  if (key === undefined) return { ...data, [section]: value };
  const part = data[section];
  return { ...data, [section]: { ...(isTable(part) ? part : {}), [key]: value } };
}

/** The same table without one; a section that has no other is left out too. */
export function withoutValue(data: Data, field: FieldInfo): Data {
  const { section, key } = field;
  if (valueIn(data, field) === undefined) return data;
  const { [section]: part, ...others } = data;
  if (key === undefined || !isTable(part)) return others;
  const { [key]: _gone, ...rest } = part;
  return Object.keys(rest).length === 0 ? others : { ...data, [section]: rest };
}

/** The value that a configuration has for a setting. */
export function valueOf(config: Config, field: FieldInfo): unknown {
  return valueIn(config, field);
}

/** The settings whose values differ between two configurations. */
export function changedFields(before: Config, after: Config): readonly FieldInfo[] {
  return fields.filter((field) => JSON.stringify(valueOf(before, field)) !== JSON.stringify(valueOf(after, field)));
}

/** `next` as far as it applies at once: a setting that changes after a restart keeps the value that it has in `running`. */
export function untilRestart(running: Config, next: Config): Config {
  let inUse: Data = {};
  for (const field of fields)
    inUse = withValue(inUse, field, valueOf(field.applies === 'restart' ? running : next, field));
  return inUse as Config;
}

/** The configuration of somebody who has set nothing. */
export function defaultConfig(): Config {
  return configSchema.parse({});
}
