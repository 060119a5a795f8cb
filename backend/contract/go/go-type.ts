// Types of a Go program, as far as its encoding/json reads JSON into them: the building blocks of Ollama's request
// types. These only describe types: http/go/go-read.ts reads values by them, and chat/*-bodies.ts defines Ollama's
// types. `go` is the type's name in Go's error messages.
import { ExactJson } from './exact-json.ts';

export interface GoScalar<K extends string> {
  readonly kind: K;
  readonly go: string;
}

/** `*T`: null clears it, while null leaves any other value unchanged. */
export interface GoPointer<T extends GoType = GoType> {
  readonly kind: 'pointer';
  readonly to: T;
}

export interface GoList<T extends GoType = GoType> {
  readonly kind: 'list';
  readonly go: string;
  readonly of: T;
}

/** `map[string]any`. Names are used as spelled, and repeated names are merged. */
export interface GoMap {
  readonly kind: 'map';
  readonly go: string;
  /** The names that are read from it later, if known: others change nothing. */
  readonly read?: readonly string[];
}

/** A map that keeps its order (wk8/go-ordered-map). */
export interface GoOrdered<T extends GoType = GoType> {
  readonly kind: 'ordered';
  readonly of: T;
}

export interface GoStruct<F extends GoFields = GoFields> {
  readonly kind: 'struct';
  readonly go: string;
  /** The name in error messages; empty for an unnamed type. */
  readonly name: string;
  readonly fields: F;
  /** Fields by folded name; see `foldedName`. */
  readonly byFolded: ReadonlyMap<string, string>;
  readonly own?: OwnReader;
}

/**
 * A struct with an UnmarshalJSON of its own, which reads it as a struct of another name and then changes it: it
 * replaces the earlier value instead of merging, and its first error ends everything.
 */
interface OwnReader {
  /** The other name. */
  readonly go: string;
  /** `read` reads a value by a type in a run of its own, as json.Unmarshal inside it does. May throw GoRefusal. */
  readonly finish: (value: Record<string, unknown>, read: ReadBy) => Record<string, unknown>;
}

/** Reads a value by a type. Throws GoRefusal. */
type ReadBy = (type: GoType, value: unknown) => unknown;

/** A type with an UnmarshalJSON of its own. An error in it ends the reading. */
export interface GoCustom<R = unknown> {
  readonly kind: 'custom';
  /** Gets plain JSON; throws GoRefusal. */
  readonly read: (value: unknown) => R;
}

export type GoType =
  | GoScalar<'string' | 'bool' | 'int' | 'float64' | 'float32' | 'bytes' | 'any' | 'raw'>
  | GoPointer
  | GoList
  | GoMap
  | GoOrdered
  | GoStruct
  | GoCustom;

export type GoFields = Readonly<Record<string, GoType>>;

/** The result of reading a type. Fields that were not set are absent; unknown fields are kept. */
export type Read<T extends GoType> =
  T extends GoStruct<infer F>
    ? { readonly [N in keyof F]?: Read<F[N]> | undefined } & Readonly<Record<string, unknown>>
    : T extends GoPointer<infer To>
      ? Read<To>
      : T extends GoList<infer Of>
        ? readonly Read<Of>[]
        : T extends GoMap
          ? Readonly<Record<string, unknown>>
          : T extends GoOrdered
            ? Readonly<Record<string, unknown>> | ExactJson
            : T extends GoCustom<infer R>
              ? R
              : T extends { readonly kind: keyof Scalars }
                ? Scalars[T['kind']]
                : never;

interface Scalars {
  readonly string: string;
  readonly bool: boolean;
  readonly int: number | ExactJson;
  readonly float64: number;
  readonly float32: number;
  /** Base64 without line ends. */
  readonly bytes: string;
  readonly any: unknown;
  readonly raw: unknown;
}

/**
 * Values nested deeper than this are not checked, but kept as they came. Only a tool's nested properties get that deep,
 * and each level takes a few calls of the stack.
 */
export const MOST_TYPED = 200;

/** An error in Go's words. */
export class GoRefusal extends Error {
  override readonly name = 'GoRefusal';
}

/** A value that does not fit its type. */
export class GoMismatch extends GoRefusal {
  /** The kind of the value, and the type that it does not fit, in Go's terms. */
  readonly value: string;
  readonly type: string;
  /** The path to it. */
  readonly field: string;

  constructor(value: string, type: string, struct = '', field = '') {
    const into = struct === '' && field === '' ? 'Go value' : `Go struct field ${struct}.${field}`;
    super(`json: cannot unmarshal ${value} into ${into} of type ${type}`);
    this.value = value;
    this.type = type;
    this.field = field;
  }

  /** The same error with the path to the value. */
  at(struct: string, field: string): GoMismatch {
    return new GoMismatch(this.value, this.type, struct, field);
  }
}

/** Go's type name for a value that was read as `any`. */
export function goTypeOf(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number' || value instanceof ExactJson) return 'float64';
  return typeof value === 'string' ? 'string' : 'map[string]interface {}';
}

/** The name of a JSON value's kind in the messages of encoding/json. */
export function kindOf(value: unknown): string {
  const type = goTypeOf(value);
  if (type === 'float64') return 'number';
  return type === '[]interface {}' ? 'array' : type === 'map[string]interface {}' ? 'object' : type;
}

export const string = { kind: 'string', go: 'string' } as const;
export const bool = { kind: 'bool', go: 'bool' } as const;
export const int = { kind: 'int', go: 'int' } as const;
export const float64 = { kind: 'float64', go: 'float64' } as const;
export const float32 = { kind: 'float32', go: 'float32' } as const;
/** `any`. */
export const anything = { kind: 'any', go: 'interface {}' } as const;
/** `json.RawMessage`: not parsed. */
export const raw = { kind: 'raw', go: 'json.RawMessage' } as const;

export const bytes = <const G extends string>(go: G): { kind: 'bytes'; go: G } => ({ kind: 'bytes', go });
export const pointer = <const T extends GoType>(to: T): GoPointer<T> => ({ kind: 'pointer', to });
export const list = <const T extends GoType>(go: string, of: T): GoList<T> => ({ kind: 'list', go, of });
export const ordered = <const T extends GoType>(of: T): GoOrdered<T> => ({ kind: 'ordered', of });
export const custom = <R>(read: (value: unknown) => R): GoCustom<R> => ({ kind: 'custom', read });

export function map(read?: readonly string[]): GoMap {
  return { kind: 'map', go: 'map[string]interface {}', ...(read === undefined ? {} : { read }) };
}

/** A struct by its full name (`api.Message`), or by its whole text if it is unnamed. */
export function struct<const F extends GoFields>(go: string, fields: F, own?: OwnReader): GoStruct<F> {
  const [, name = ''] = /^\w+\.(\w+)$/.exec(go) ?? [];
  const byFolded = new Map(Object.keys(fields).map((field) => [foldedName(field), field]));
  return { kind: 'struct', go, name, fields, byFolded, ...(own === undefined ? {} : { own }) };
}

/**
 * Go finds a field by its exact name, else case-insensitively (encoding/json fold.go, unicode.SimpleFold). Beside ASCII
 * letters, two others fold to one of them: the Kelvin sign to k and the long s to s. JavaScript's own toLowerCase and
 * toUpperCase change more.
 */
export function foldedName(name: string): string {
  return name.replaceAll(/[A-Z\u017f\u212a]/g, (letter) =>
    letter === '\u017f' ? 's' : letter === '\u212a' ? 'k' : letter.toLowerCase(),
  );
}

/** The field of a struct that a JSON name refers to. */
export function fieldNamed({ fields, byFolded }: GoStruct, name: string): string | undefined {
  return Object.hasOwn(fields, name) ? name : byFolded.get(foldedName(name));
}
