// What a body of POST /v1/responses asks of the fake Ollama, as a native chat (openai/responses.go, FromResponsesRequest): what is
// joined, what is dropped and what is refused. Written apart from the gateway's own translation, so that the two can be compared.
import { isRecord } from './fake-decode.ts';
import type { Fields } from './fake-decode.ts';
import { thinkOf } from './fake-openai.ts';
import { FakeError } from './fake-wire.ts';

/** A list of objects, whatever else is in it. */
export const list = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.filter(isRecord) : []);

/** The format that a body asks for; text where it says none. */
export const formatOf = (fields: Fields): Fields =>
  ((fields['text'] as Fields | undefined)?.['format'] as Fields | undefined) ?? { type: 'text' };

/** The same in the form of /api/chat. Throws what Ollama answers to a wrong one. */
export function nativeOf(fields: Fields): Fields {
  const { instructions, tools, temperature = 1, top_p: topP, max_output_tokens: limit } = fields;
  const format = formatOf(fields);
  const messages = messagesOf(instructions, read(fields['input']));
  const { effort } = (fields['reasoning'] ?? {}) as Fields;
  const think = effort ? thinkOf(effort) : undefined;
  return {
    model: fields['model'],
    messages,
    stream: fields['stream'] ?? false,
    options: {
      temperature,
      ...(topP !== undefined && { top_p: topP }),
      ...(limit !== undefined && { num_predict: limit }),
    },
    ...(tools !== undefined && { tools: list(tools).flatMap(toolsIn) }),
    ...(format['type'] === 'json_schema' && { format: format['schema'] }),
    ...(think !== undefined && { think }),
  };
}

const ITEMS = ['message', 'function_call', 'function_call_output', 'reasoning', 'web_search_call'];
const PARTS = ['input_text', 'output_text', 'input_image', 'input_file'];

/** The items of an input, each with its type, its content and its output as parts. */
function read(input: unknown): readonly Fields[] {
  if (typeof input === 'string') return input === '' ? [] : [{ type: 'message', role: 'user', content: [text(input)] }];
  return every('input', input, (item, where) => {
    const type = item['type'] || (item['role'] ? 'message' : '');
    if (type === '') throw new FakeError(400, `${where}: input item missing required 'type' field`);
    if (!ITEMS.includes(String(type))) throw new FakeError(400, `${where}: unknown input item type: "${String(type)}"`);
    const parts = (name: string): readonly Fields[] => {
      const said = item[name];
      if (typeof said === 'string') return [text(said)];
      return every(`${where}: ${name}`, said, (part, place) => {
        if (!PARTS.includes(String(part['type'])))
          throw new FakeError(400, `${place}: unknown content type: ${String(part['type'] ?? '')}`);
        return part;
      });
    };
    return { ...item, type, content: parts('content'), output: parts('output') };
  });
}

const text = (said: string): Fields => ({ type: 'input_text', text: said });

/** Each item of a list, with the place at which it stands. */
function every(name: string, value: unknown, look: (item: Fields, where: string) => Fields): readonly Fields[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    const kind = isRecord(value) ? 'object' : typeof value === 'boolean' ? 'bool' : typeof value;
    const words = `json: cannot unmarshal ${kind} into Go value of type []json.RawMessage`;
    throw new FakeError(400, `${name} must be a string or array: ${words}`);
  }
  return value.map((item: unknown, at) => look(isRecord(item) ? item : {}, `${name}[${at}]`));
}

interface Native extends Record<string, unknown> {
  role: unknown;
  content: string;
  images?: readonly string[];
  tool_calls?: readonly Fields[];
}

function messagesOf(instructions: unknown, items: readonly Fields[]): readonly Native[] {
  const messages: Native[] = instructions ? [{ role: 'system', content: String(instructions) }] : [];
  let thinking: unknown;
  const take = (): Fields => {
    const taken = thinking ? { thinking } : {};
    thinking = undefined;
    return taken;
  };
  for (const [at, item] of items.entries()) {
    const last = messages.at(-1);
    const calls = last?.role === 'assistant' ? (last.tool_calls ?? []) : [];
    const { type, role, call_id: id } = item;
    if (type === 'reasoning') thinking = item['encrypted_content'];
    if (type === 'function_call_output') messages.push({ role: 'tool', ...said(item['output']), tool_call_id: id });
    if (type === 'message') {
      const message = { role, ...said(item['content']), ...(role === 'assistant' && take()) };
      const next = items[at + 1];
      const answered = next?.['type'] === 'function_call_output' && next['call_id'];
      const before = role === 'assistant' && answered && calls.some((call) => call['id'] === answered);
      if (!before || last === undefined) messages.push(message);
      else {
        const both = [last.content, message.content].filter((each) => each !== '').join('\n');
        Object.assign(last, { ...message, content: both });
      }
    }
    if (type !== 'function_call') continue;
    const call = { id, function: { name: item['name'], arguments: argumentsOf(item['arguments']) } };
    if (last?.role === 'assistant') Object.assign(last, { tool_calls: [...calls, call], ...take() });
    else messages.push({ role: 'assistant', content: '', tool_calls: [call], ...take() });
  }
  if (thinking) messages.push({ role: 'assistant', content: '', ...take() });
  return messages;
}

function argumentsOf(given: unknown): unknown {
  if (!given) return {};
  try {
    return JSON.parse(String(given)) as unknown;
  } catch {
    const ended = 'failed to parse function call arguments: unexpected end of JSON input';
    throw new FakeError(400, ended);
  }
}

function said(parts: unknown): { content: string; images?: readonly string[] } {
  const all = list(parts);
  if (all.some((part) => part['type'] === 'input_file'))
    throw new FakeError(400, 'file inputs are not currently supported');
  const content = all.map((part) => String(part['text'] ?? '')).join('');
  const images = all.filter((part) => part['image_url']).map((part) => picture(String(part['image_url'])));
  return images.length === 0 ? { content } : { content, images };
}

function picture(url: string): string {
  if (/^https?:/.test(url)) {
    throw new FakeError(400, 'image URLs are not currently supported, please use base64 encoded data instead');
  }
  const [, data] = /^data:(?:image\/(?:jpeg|jpg|png|webp))?;base64,(.*)$/s.exec(url) ?? [];
  if (data === undefined) throw new FakeError(400, 'invalid image input');
  return data;
}

/** A namespace stands for its members. Nothing is searched here, but the model is told that it could. */
function toolsIn({ type, name = '', description, parameters, tools }: Fields): readonly Fields[] {
  if (type === 'web_search') {
    const query = { type: 'string', description: 'The search query.' };
    const about = { name: type, description: 'Search the web for current information.' };
    return [{ type: 'function', function: { ...about, parameters: { type: 'object', properties: { query } } } }];
  }
  if (type !== 'namespace') {
    const about = {
      ...(description ? { description } : {}),
      ...(parameters ? { parameters: inOrder(parameters) } : {}),
    };
    return [{ type, function: { name, ...about } }];
  }
  return list(tools)
    .flatMap(toolsIn)
    .map(({ function: called, ...tool }) => {
      const own = called as Fields;
      const prefix = name ? `${String(name)}.` : '';
      const full = String(own['name']).startsWith(prefix) ? own['name'] : prefix + String(own['name']);
      return { ...tool, function: { ...own, name: full } };
    });
}

/** The same value with all keys in the order of the alphabet, as Go writes a map; what stands under `asItCame` is none. */
export function inOrder(value: unknown, asItCame?: string): unknown {
  if (Array.isArray(value)) return value.map((each) => inOrder(each, asItCame));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((key) => [key, key === asItCame ? value[key] : inOrder(value[key], asItCame)]),
  );
}
