// Reads `input` of POST /v1/responses: a text, or items, each a message, a call, its result, or reasoning. Read as
// Ollama does and refused in its words, which name the place of the error (openai/responses.go, UnmarshalJSON). Pure.
import { GoRefusal, kindOf, type GoFields, type GoStruct, type Read } from '../../contract/go/go-type.ts';
import { itemKind, ITEMS, partKind, PARTS } from '../../contract/chat/responses-bodies.ts';
import { readAsGo } from '../go/go-read.ts';

/** A part of a message. */
export type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image'; readonly url: string }
  | { readonly type: 'file' };

/** One item. An earlier web search is useless to a model: its result stands in the answer that follows. */
export type Item =
  | { readonly type: 'message'; readonly role: string; readonly content: readonly Part[] }
  | { readonly type: 'call'; readonly id: string; readonly name: string; readonly given: string }
  | { readonly type: 'result'; readonly id: string; readonly content: readonly Part[] }
  | { readonly type: 'thought'; readonly text: string }
  | { readonly type: 'search' };

/** All items; a plain text is one message. Throws GoRefusal. */
export function itemsIn(value: unknown): readonly Item[] {
  if (value === undefined || value === null || value === '') return [];
  if (typeof value === 'string') return [{ type: 'message', role: 'user', content: [{ type: 'text', text: value }] }];
  return listed('input', value).map((item, at) => within(`input[${at}]`, () => itemOf(item)));
}

function itemOf(value: unknown): Item {
  const { type = '', role = '' } = read(itemKind, value);
  switch (type === '' && role !== '' ? 'message' : type) {
    case 'message': {
      const { role: speaker = '', content } = read(ITEMS.message, value);
      return { type: 'message', role: speaker, content: partsOf('content', content) };
    }
    case 'function_call': {
      const { call_id: id = '', name = '', arguments: given = '' } = read(ITEMS.function_call, value);
      return { type: 'call', id, name, given };
    }
    case 'function_call_output': {
      const { call_id: id = '', output } = read(ITEMS.function_call_output, value);
      return { type: 'result', id, content: partsOf('output', output) };
    }
    case 'reasoning':
      return { type: 'thought', text: read(ITEMS.reasoning, value).encrypted_content ?? '' };
    case 'web_search_call':
      read(ITEMS.web_search_call, value);
      return { type: 'search' };
    case '':
      throw new GoRefusal("input item missing required 'type' field");
    default:
      throw new GoRefusal(`unknown input item type: ${JSON.stringify(type)}`);
  }
}

/** A text, or a list of parts; `name` is the field's name. */
function partsOf(name: string, value: unknown): readonly Part[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return [{ type: 'text', text: value }];
  return listed(name, value).map((part, at) => within(`${name}[${at}]`, () => partOf(part)));
}

function partOf(value: unknown): Part {
  const { type = '' } = read(partKind, value);
  switch (type) {
    case 'input_text':
    case 'output_text':
      return { type: 'text', text: read(PARTS[type], value).text ?? '' };
    case 'input_image':
      return { type: 'image', url: read(PARTS.input_image, value).image_url ?? '' };
    case 'input_file':
      read(PARTS.input_file, value);
      return { type: 'file' };
    default:
      throw new GoRefusal(`unknown content type: ${type}`);
  }
}

/** Reads a value by its type; null sets nothing. */
function read<F extends GoFields>(type: GoStruct<F>, value: unknown): Read<GoStruct<F>> {
  const said: unknown = readAsGo(type, value) ?? {};
  return said as Read<GoStruct<F>>;
}

function listed(name: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  const misfit = `json: cannot unmarshal ${kindOf(value)} into Go value of type []json.RawMessage`;
  throw new GoRefusal(`${name} must be a string or array: ${misfit}`);
}

/** Adds the place to an error's message. */
function within<T>(where: string, inside: () => T): T {
  try {
    return inside();
  } catch (error) {
    throw error instanceof GoRefusal ? new GoRefusal(`${where}: ${error.message}`) : error;
  }
}
