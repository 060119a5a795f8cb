// Reads request bodies as Go's encoding/json does, with its very complaints: names match without regard to case, null leaves a field
// alone, unknown fields are dropped, the first wrong type is what is told. Written apart from the gateway's own reading.
import type { Call } from './fake-call.ts';
import type { Struct, Type } from './fake-structs.ts';
import { FakeError } from './fake-wire.ts';

export type Fields = Readonly<Record<string, unknown>>;

export const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Parses the body into the call's record; keeps what Go's decoder would have complained of for whoever needs the body. */
export function readBody(call: Call): void {
  const text = call.rawBody;
  if (text.trim() === '') return;
  try {
    call.parsed = firstValue(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    call.badBody = complaint(error.message, text);
    return;
  }
  if (isRecord(call.parsed)) call.body = call.parsed;
}

/** Go reads the first value and leaves the rest alone. */
function firstValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const at = /after JSON.* at position (\d+)/.exec(String(error))?.[1];
    if (at === undefined) throw error;
    return JSON.parse(text.slice(0, Number(at)));
  }
}

function complaint(message: string, text: string): string {
  const at = /at position (\d+)/.exec(message)?.[1];
  const char = /Unexpected token '?(.)/u.exec(message)?.[1] ?? text[Number(at ?? text.length)];
  const where = message.includes('property name') ? 'object key string' : 'value';
  const ended = char === undefined || /end of JSON|Unterminated/.test(message);
  return ended ? 'unexpected EOF' : `invalid character '${char}' looking for beginning of ${where}`;
}

/** The body as that struct, without what it does not know. Throws what Ollama answers to a bad body; `empty` is its word for none at all. */
export function decode(call: Call, struct: Struct, empty = 'missing request body'): Fields {
  if (call.badBody !== undefined) throw new FakeError(400, call.badBody);
  const value = call.native ?? call.parsed;
  if (value === undefined) throw new FakeError(400, empty);
  if (value === null) return {};
  if (!isRecord(value)) {
    throw new FakeError(
      400,
      `json: cannot unmarshal ${goKind(value)} into Go value of type ${struct.package}.${struct.name}`,
    );
  }
  const reading = new Reading(struct.name);
  const fields = reading.record(value, struct.fields, '');
  if (reading.wrong !== undefined) throw new FakeError(400, reading.wrong);
  return fields;
}

/** One pass through a body. Go goes on after a wrong type and tells the first one at the end. */
class Reading {
  wrong: string | undefined;
  readonly #struct: string;

  constructor(struct: string) {
    this.#struct = struct;
  }

  record(value: Fields, types: Readonly<Record<string, Type>>, path: string): Fields {
    const fields: Record<string, unknown> = {};
    for (const [key, inner] of Object.entries(value)) {
      const name = key in types ? key : key.toLowerCase();
      const type = Object.hasOwn(types, name) ? types[name] : undefined;
      if (type === undefined || inner === null || inner === undefined) continue;
      fields[name] = this.#value(inner, type, path === '' ? name : `${path}.${name}`);
    }
    return fields;
  }

  #value(value: unknown, type: Type, path: string): unknown {
    if (typeof type === 'function') {
      type(value);
      return value;
    }
    if (type === 'any') return value;
    if (typeof type === 'string') return this.#scalar(value, type, path);
    if ('list' in type) {
      if (!Array.isArray(value)) return this.#mismatch(value, type.name, path);
      return value.map((each: unknown) => (each === null ? {} : this.#value(each, type.list, path)));
    }
    if (!isRecord(value)) return this.#mismatch(value, type.name, path);
    return 'fields' in type ? this.record(value, type.fields, path) : value;
  }

  #scalar(value: unknown, type: 'string' | 'bool' | 'int' | 'float32' | 'float64' | 'image', path: string): unknown {
    if (type === 'image') {
      if (typeof value !== 'string') return this.#mismatch(value, 'api.ImageData', path);
      this.wrong ??= badBase64(value);
      return value;
    }
    const right = typeof value === (type === 'bool' ? 'boolean' : type === 'string' ? 'string' : 'number');
    return right && (type !== 'int' || Number.isInteger(value)) ? value : this.#mismatch(value, type, path);
  }

  #mismatch(value: unknown, type: string, path: string): undefined {
    this.wrong ??= `json: cannot unmarshal ${goKind(value, type === 'int')} into Go struct field ${this.#struct}.${path} of type ${type}`;
  }
}

/** What Go calls the kind of a JSON value; a number that is not whole is shown where a whole one was wanted. */
function goKind(value: unknown, wanted = false): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'number' && wanted ? `number ${value}` : typeof value;
}

/** What Go finds wrong with a text that should be standard base64 (encoding/base64, CorruptInputError). Line ends are passed over. */
function badBase64(text: string): string | undefined {
  const wrongAt = (at: number): string => `illegal base64 data at input byte ${at}`;
  const good = /^[A-Za-z\d+/\r\n]*/.exec(text)?.[0] ?? '';
  const left = good.replaceAll(/[\r\n]/g, '').length % 4;
  const rest = text.slice(good.length);
  // A group that is cut short is named by where it would begin if it had no line ends in it.
  if (rest === '') return left === 0 ? undefined : wrongAt(good.length - left);
  if (!rest.startsWith('=') || left < 2) return wrongAt(good.length);
  const [padding] = (left === 2 ? /^=[\r\n]*=[\r\n]*/ : /^=[\r\n]*/).exec(rest) ?? [];
  if (padding !== undefined) return padding === rest ? undefined : wrongAt(good.length + padding.length);
  const [half = ''] = /^=[\r\n]*/.exec(rest) ?? [];
  return wrongAt(half === rest ? text.length : good.length + half.length - 1);
}
