// Reads JSON into the types of a Go program, by the rules of encoding/json (decode.go): names match regardless of case,
// repeated names merge and the last one wins, null sets nothing, unknown fields are kept untouched. Misfits are refused
// in Go's words. Pure. go-syntax.ts reads the text; the contract defines the types.
import { ExactJson, jsonText, writeJson } from '../../contract/go/exact-json.ts';
import {
  fieldNamed,
  MOST_TYPED,
  GoMismatch,
  GoRefusal,
  kindOf,
  type GoStruct,
  type GoType,
} from '../../contract/go/go-type.ts';
import { base64Of } from './go-base64.ts';
import { membersOf, namesAsWritten, NumberText, put } from './go-syntax.ts';

/** Reads a value by its type. Throws GoRefusal for the first misfit, as Go reports it. */
export function readAsGo(type: GoType, value: unknown): unknown {
  const reading = new Reading('strict');
  const read = reading.value(type, value, undefined, 0);
  if (reading.first !== undefined) throw reading.first;
  return read;
}

/** readAsGo, but a misfit stays as it came, so that another server can refuse it in its own words. */
export function readAsFarAsItFits(type: GoType, value: unknown): unknown {
  return new Reading('lenient').value(type, value, undefined, 0);
}

type Fields = Record<string, unknown>;

/** One run of Unmarshal. A type with its own UnmarshalJSON gets its own run. */
class Reading {
  readonly #lenient: boolean;
  /** Names of the fields down to the current value, and the struct that holds the last one. */
  readonly #path: string[] = [];
  #struct = '';
  /** The first misfit; reading continues after it. */
  first: GoRefusal | undefined;

  constructor(how: 'strict' | 'lenient') {
    this.#lenient = how === 'lenient';
  }

  /** Reads one value. `before`: what an earlier field of the same name left. */
  value(type: GoType, value: unknown, before: unknown, depth: number): unknown {
    if (depth > MOST_TYPED) return this.#untouched(value);
    switch (type.kind) {
      case 'pointer':
        return value === null ? undefined : this.value(type.to, value, before, depth);
      case 'struct':
        return type.own === undefined
          ? this.#fields(type, value, before, depth)
          : this.#apart((inner) => this.#finished(type, inner, value, depth), value);
      case 'custom':
        return this.#apart(() => type.read(this.#untouched(value, 'checked')), value);
      case 'ordered':
        return value === null ? undefined : this.#apart((inner) => inner.#ordered(type.of, value, depth), value);
      case 'raw':
        return inOrder(this.#untouched(value)) ?? undefined;
      case 'any':
        return this.#untouched(value, 'checked') ?? undefined;
      case 'map':
        return this.#map(type.go, value, before);
      case 'list':
        return this.#list(type, value, before, depth);
      case 'bytes':
        return this.#bytes(type.go, value, before);
      case 'int':
        return this.#int(value, before);
      case 'float64':
      case 'float32':
        return this.#float(type.kind, value, before);
      default:
        if (value === null) return before;
        return typeof value === (type.kind === 'bool' ? 'boolean' : 'string') ? value : this.#misfit(type.go, value);
    }
  }

  #fields(type: GoStruct, value: unknown, before: unknown, depth: number): unknown {
    if (value === null) return before;
    if (!isObject(value)) return this.#misfit(type.own?.go ?? type.go, value);
    const out: Fields = { ...(before as Fields | undefined) };
    const outer = this.#struct;
    for (const [name, item] of membersOf(value)) {
      const field = fieldNamed(type, name);
      const known = field === undefined ? undefined : type.fields[field];
      if (field === undefined || known === undefined) {
        put(out, name, this.#untouched(item));
        continue;
      }
      this.#struct = type.name;
      this.#path.push(field);
      const read = this.value(known, item, out[field], depth + 1);
      this.#path.pop();
      this.#struct = outer;
      if (read === undefined) delete out[field];
      else out[field] = read;
    }
    return out;
  }

  #finished(type: GoStruct, inner: Reading, value: unknown, depth: number): unknown {
    const read = inner.#fields(type, value, {}, depth);
    return isObject(read) && !this.#lenient ? type.own?.finish(read as Fields, readAsGo) : read;
  }

  /** The keys in their order, each once; a JavaScript object would move keys that look like numbers to the front. */
  #ordered(of: GoType, value: unknown, depth: number): unknown {
    // The message of buger/jsonparser, which reads these maps in Ollama.
    if (!isObject(value)) throw new GoRefusal("Value looks like object, but can't find closing '}' symbol");
    const read = new Map<string, unknown>();
    for (const [name, item] of membersOf(value)) {
      read.set(name, this.#apart((inner) => inner.value(of, item, undefined, depth + 1), item) ?? zeroOf(of));
    }
    const names = [...read.keys()];
    const out: Fields = {};
    for (const [name, item] of read) put(out, name, item);
    if (Object.keys(out).every((name, i) => name === names[i])) return out;
    return new ExactJson(`{${[...read].map(([name, item]) => `${JSON.stringify(name)}:${jsonText(item)}`).join(',')}}`);
  }

  #map(go: string, value: unknown, before: unknown): unknown {
    if (value === null) return undefined;
    if (!isObject(value)) return this.#misfit(go, value);
    return { ...(before as Fields | undefined), ...(this.#untouched(value, 'checked') as Fields) };
  }

  #list(
    { go, of }: { readonly go: string; readonly of: GoType },
    value: unknown,
    before: unknown,
    depth: number,
  ): unknown {
    if (value === null) return undefined;
    if (!Array.isArray(value)) return this.#misfit(go, value);
    const earlier = Array.isArray(before) ? (before as unknown[]) : [];
    return value.map((item: unknown, i) => this.value(of, item, earlier[i], depth + 1) ?? zeroOf(of));
  }

  /** `[]byte`: base64, or a list of numbers. */
  #bytes(go: string, value: unknown, before: unknown): unknown {
    if (value === null) return undefined;
    if (typeof value === 'string') {
      const read = base64Of(value);
      return typeof read === 'string' ? read : this.#note(new GoRefusal(read.refused), value);
    }
    if (!Array.isArray(value)) return this.#misfit(go, value);
    const numbers = value.map((item: unknown) => (item === null ? 0 : this.#whole(item, 'uint8', 0n, 255n)));
    return numbers.every((byte) => typeof byte === 'number') ? Buffer.from(numbers).toString('base64') : before;
  }

  #int(value: unknown, before: unknown): unknown {
    return value === null ? before : this.#whole(value, 'int', -(2n ** 63n), 2n ** 63n - 1n);
  }

  /** Go reads whole numbers by their digits: `1.0` is refused (strconv.ParseInt). */
  #whole(value: unknown, go: string, least: bigint, most: bigint): unknown {
    const text = value instanceof NumberText ? value.text : Number.isSafeInteger(value) ? String(value) : undefined;
    if (text === undefined && typeof value !== 'number') return this.#misfit(go, value);
    if (text === undefined || !/^-?\d+$/.test(text) || BigInt(text) < least || BigInt(text) > most) {
      return this.#misfit(go, value, `number ${text ?? String(value)}`);
    }
    const number = Number(text);
    return Number.isSafeInteger(number) ? number + 0 : new ExactJson(text);
  }

  #float(go: 'float64' | 'float32', value: unknown, before: unknown): unknown {
    if (value === null) return before;
    const number = value instanceof NumberText ? Number(value.text) : value;
    if (typeof number !== 'number') return this.#misfit(go, value);
    const fits = Number.isFinite(go === 'float32' ? Math.fround(number) : number);
    return fits ? number : this.#misfit(go, value, `number ${value instanceof NumberText ? value.text : number}`);
  }

  /**
   * A value as it came, with numbers that JavaScript can write again. `checked`: read as `any`, where numbers must fit.
   */
  #untouched(value: unknown, checked?: 'checked'): unknown {
    return settled(
      value,
      checked === undefined ? undefined : (text) => this.#misfit('float64', text, `number ${text}`),
    );
  }

  #misfit(go: string, value: unknown, came = value instanceof NumberText ? 'number' : kindOf(value)): unknown {
    // Only one misfit is ever reported, and creating a million of them takes seconds.
    if (this.#lenient) return settled(value, undefined);
    return this.first === undefined ? this.#note(new GoMismatch(came, go), value) : undefined;
  }

  #note(refusal: GoRefusal, value: unknown): unknown {
    this.first ??= this.#located(refusal);
    return this.#lenient ? settled(value, undefined) : undefined;
  }

  /** Reads a value with an UnmarshalJSON of its own: its first misfit ends everything. */
  #apart(read: (inner: Reading) => unknown, value: unknown): unknown {
    const inner = new Reading(this.#lenient ? 'lenient' : 'strict');
    try {
      const got = read(inner);
      if (this.#lenient || inner.first === undefined) return got;
      throw inner.first;
    } catch (error) {
      if (!(error instanceof GoRefusal)) throw error;
      if (this.#lenient) return settled(value, undefined);
      throw this.#located(error);
    }
  }

  /** Adds the path of the field to a misfit (decode.go addErrorContext). */
  #located(refusal: GoRefusal): GoRefusal {
    if (!(refusal instanceof GoMismatch) || (this.#struct === '' && this.#path.length === 0)) return refusal;
    const path = [...this.#path, ...(refusal.field === '' ? [] : [refusal.field])].join('.');
    return refusal.at(this.#struct, path);
  }
}

function isObject(value: unknown): value is object {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof NumberText) &&
    !(value instanceof ExactJson)
  );
}

/** A value whose names keep their order: as text if JavaScript would move names that look like numbers to the front. */
function inOrder(value: unknown): unknown {
  if (!isObject(value) || namesAsWritten(value) === undefined) return value;
  const text = writeJson(value, (inner) => namesAsWritten(inner) ?? Object.keys(inner));
  return text === jsonText(value) ? value : new ExactJson(text);
}

/** Go's zero value, for an item of a list that was null. */
function zeroOf(type: GoType): unknown {
  switch (type.kind) {
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'int':
    case 'float64':
    case 'float32':
      return 0;
    case 'struct':
      return {};
    default:
      return null;
  }
}

/**
 * Replaces NumberText in a value, in place: nobody else holds it. Whole numbers beyond 2^53 stay exact; `tooLarge` is
 * called for text that Go cannot read as a number.
 */
function settled(value: unknown, tooLarge: ((text: string) => void) | undefined): unknown {
  const number = ({ text }: NumberText): unknown => {
    const read = Number(text);
    if (!Number.isFinite(read)) tooLarge?.(text);
    else if (Math.abs(read) <= Number.MAX_SAFE_INTEGER || !/^-?\d+$/.test(text)) return read;
    return new ExactJson(text);
  };
  if (value instanceof NumberText) return number(value);
  const open: unknown[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null || next instanceof ExactJson) continue;
    const holder = next as Fields;
    // Object.keys would create a string for each index of a list.
    for (const name of Array.isArray(next) ? next.keys() : Object.keys(next)) {
      const item = holder[name];
      if (item instanceof NumberText) put(holder, name, number(item));
      else if (typeof item === 'object' && item !== null) open.push(item);
    }
  }
  return value;
}
