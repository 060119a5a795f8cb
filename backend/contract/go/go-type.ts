// Types of a Go program, as far as its encoding/json reads JSON into them: what Ollama's request types are made of.
// They only describe; who reads by them is http/go/go-read.ts, and what they are for Ollama is chat/*-bodies.ts. `go` is how Go spells a type in its sentences.
import { ExactJson } from './exact-json.ts';

export interface GoScalar<K extends string> {
  readonly kind: K;
  readonly go: string;
}

/** `*T`: null makes it nothing, where null leaves any other value as it was. */
export interface GoPointer<T extends GoType = GoType> {
  readonly kind: 'pointer';
  readonly to: T;
}

export interface GoList<T extends GoType = GoType> {
  readonly kind: 'list';
  readonly go: string;
  readonly of: T;
}

/** `map[string]any`. Names are taken as they are spelled, and one that comes twice is joined. */
export interface GoMap {
  readonly kind: 'map';
  readonly go: string;
  /** The names that are read out of it later, where that is known: the others change nothing. */
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
  /** Its name in sentences; none where the type has no name. */
  readonly name: string;
  readonly fields: F;
  /** By the folded names; see `foldedName`. */
  readonly byFolded: ReadonlyMap<string, string>;
  readonly own?: OwnReader;
}

/**
 * A struct with an UnmarshalJSON of its own, which reads it as a struct of another name and then changes it: what was
 * there before is replaced and not joined, and what is wrong in it ends the reading.
 */
interface OwnReader {
  /** The other name. */
  readonly go: string;
  /** `read` reads a value by a type as a run of its own, as json.Unmarshal in it does. May throw GoRefusal. */
  readonly finish: (value: Record<string, unknown>, read: ReadBy) => Record<string, unknown>;
}

/** Reads a value by a type. Throws GoRefusal. */
type ReadBy = (type: GoType, value: unknown) => unknown;

/** A type with an UnmarshalJSON of its own. What it throws ends the reading. */
export interface GoCustom<R = unknown> {
  readonly kind: 'custom';
  /** Given plain JSON; throws GoRefusal. */
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

/** A value of a type as it is read. What was not said is not there; fields that the type does not know are. */
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
 * Deeper than this a value is not compared with its type, but taken as it came. Only a tool's properties within properties
 * are so deep, and each level takes a few calls of the stack.
 */
export const MOST_TYPED = 200;

/** What is wrong, in Go's words. */
export class GoRefusal extends Error {
  override readonly name = 'GoRefusal';
}

/** A value that does not fit its type. */
export class GoMismatch extends GoRefusal {
  /** What came, and the type that it does not fit, as Go names them. */
  readonly value: string;
  readonly type: string;
  /** The way to it. */
  readonly field: string;

  constructor(value: string, type: string, struct = '', field = '') {
    const into = struct === '' && field === '' ? 'Go value' : `Go struct field ${struct}.${field}`;
    super(`json: cannot unmarshal ${value} into ${into} of type ${type}`);
    this.value = value;
    this.type = type;
    this.field = field;
  }

  /** The same, told with the way to it. */
  at(struct: string, field: string): GoMismatch {
    return new GoMismatch(this.value, this.type, struct, field);
  }
}

/** What Go calls the type of a value that it has read as `any`. */
export function goTypeOf(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number' || value instanceof ExactJson) return 'float64';
  return typeof value === 'string' ? 'string' : 'map[string]interface {}';
}

/** What encoding/json calls a JSON value in its sentences. */
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
/** `json.RawMessage`: not looked into. */
export const raw = { kind: 'raw', go: 'json.RawMessage' } as const;

export const bytes = <const G extends string>(go: G): { kind: 'bytes'; go: G } => ({ kind: 'bytes', go });
export const pointer = <const T extends GoType>(to: T): GoPointer<T> => ({ kind: 'pointer', to });
export const list = <const T extends GoType>(go: string, of: T): GoList<T> => ({ kind: 'list', go, of });
export const ordered = <const T extends GoType>(of: T): GoOrdered<T> => ({ kind: 'ordered', of });
export const custom = <R>(read: (value: unknown) => R): GoCustom<R> => ({ kind: 'custom', read });

export function map(read?: readonly string[]): GoMap {
  return { kind: 'map', go: 'map[string]interface {}', ...(read === undefined ? {} : { read }) };
}

/** A struct by its full name (`api.Message`), or by its whole text where it has no name. */
export function struct<const F extends GoFields>(go: string, fields: F, own?: OwnReader): GoStruct<F> {
  const [, name = ''] = /^\w+\.(\w+)$/.exec(go) ?? [];
  const byFolded = new Map(Object.keys(fields).map((field) => [foldedName(field), field]));
  return { kind: 'struct', go, name, fields, byFolded, ...(own === undefined ? {} : { own }) };
}

/**
 * Go finds a field by its exact name, else without regard to case (encoding/json fold.go, unicode.SimpleFold). Beside
 * the letters of ASCII two others fold to one of them: the Kelvin sign to k and the long s to s. JavaScript's own
 * toLowerCase and toUpperCase change more.
 */
export function foldedName(name: string): string {
  return name.replaceAll(/[A-Z\u017f\u212a]/g, (letter) =>
    letter === '\u017f' ? 's' : letter === '\u212a' ? 'k' : letter.toLowerCase(),
  );
}

/** The field of a struct that a name in JSON means. */
export function fieldNamed({ fields, byFolded }: GoStruct, name: string): string | undefined {
  return Object.hasOwn(fields, name) ? name : byFolded.get(foldedName(name));
}
