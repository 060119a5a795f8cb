// The whole configuration: every setting of Hearth, each declared once with type, bounds, default, label, meaning, unit and
// names in the environment. Validation, the settings form, the command line and the README's table are read off here.
// The declarations are in settings-*.ts; where values come from, and which source wins, is in config-sources.ts.
import { z } from 'zod';
import { toldOf } from './config-field.ts';
import type { About, FieldKind } from './config-field.ts';
import { app, cors, log, server } from './settings-door.ts';
import { ollama } from './settings-model.ts';
import { batch, cache, conversationCache, queue } from './settings-work.ts';

/** The whole configuration. Input may leave out any key or section; output has them all. Unknown keys are refused. */
export const configSchema = z.strictObject({
  server,
  ollama,
  cache,
  conversation_cache: conversationCache,
  queue,
  batch,
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
  /** Section and key, as in "cache.ttl_seconds". */
  readonly path: string;
  readonly section: string;
  readonly key: string;
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

/** The sections in the order of the form. */
export const sections: readonly { readonly name: string; readonly title: string }[] = Object.entries(
  configSchema.shape,
).map(([name, schema]) => ({ name, title: schema.unwrap().meta()?.title ?? name }));

const declared: readonly { readonly info: FieldInfo; readonly schema: z.ZodType }[] = Object.entries(
  configSchema.shape,
).flatMap(([section, schema]) =>
  Object.entries<z.ZodType>(schema.unwrap().shape).map(([key, type]) => {
    const told = toldOf(type);
    const env = [`${section}__${key}`.toUpperCase(), ...(told.env ?? [])];
    return { info: { path: `${section}.${key}`, section, key, ...told, env }, schema: type };
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

type Values = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** The value that a configuration has for a setting. */
export function valueOf(config: Config, { section, key }: FieldInfo): unknown {
  const values: Values = config;
  return values[section]?.[key];
}

/** The settings whose values differ between two configurations. */
export function changedFields(before: Config, after: Config): readonly FieldInfo[] {
  return fields.filter((field) => JSON.stringify(valueOf(before, field)) !== JSON.stringify(valueOf(after, field)));
}

/** `next` as far as it applies at once: a setting that changes after a restart keeps the value that it has in `running`. */
export function untilRestart(running: Config, next: Config): Config {
  const inUse: Record<string, Record<string, unknown>> = {};
  for (const field of fields) {
    (inUse[field.section] ??= {})[field.key] = valueOf(field.applies === 'restart' ? running : next, field);
  }
  return inUse as Config;
}

/** The configuration of somebody who has set nothing. */
export function defaultConfig(): Config {
  return configSchema.parse({});
}
