// POST /v1/messages of the fake Ollama: Anthropic's dialect (anthropic/anthropic.go, middleware/anthropic.go). Requests are rewritten into a
// native chat, answers into messages and events. Deliberately without web search; `tool_choice` is ignored, as in Ollama.
import { chat } from './fake-chat.ts';
import { decode, isRecord } from './fake-decode.ts';
import type { Fields } from './fake-decode.ts';
import { MESSAGES } from './fake-structs.ts';
import { callsIn, counted, hex, TranslatingClient } from './fake-translate.ts';
import type { Event, NativeCall } from './fake-translate.ts';
import { FakeError, goJson } from './fake-wire.ts';
import type { Client } from './fake-wire.ts';
import type { World } from './fake-world.ts';

const list = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.filter(isRecord) : []);
const texts = (value: unknown): string =>
  typeof value === 'string'
    ? value
    : list(value)
        .map(({ text = '' }) => String(text))
        .join('');

export async function messages(world: World, client: Client): Promise<void> {
  const fields = decode(client.call, MESSAGES, 'EOF');
  if (!fields['model']) throw new FakeError(400, 'model is required');
  if (!(Number(fields['max_tokens'] ?? 0) > 0)) throw new FakeError(400, 'max_tokens is required and must be positive');
  const said = list(fields['messages']);
  if (said.length === 0) throw new FakeError(400, 'messages is required');
  const system = texts(fields['system']);
  const { temperature, top_p: topP, top_k: topK, stop_sequences: stop, max_tokens: limit, tools } = fields;
  const options = { temperature, top_p: topP, top_k: topK, stop, num_predict: limit };
  const model = world.catalogue.find(String(fields['model']));
  // Asking a model to think that cannot is no error here.
  const able = typeof model === 'object' && model.capabilities.includes('thinking');
  const think = thinkOf(fields);
  client.call.native = {
    model: fields['model'],
    messages: [...(system === '' ? [] : [{ role: 'system', content: system }]), ...said.flatMap(nativeOf)],
    stream: fields['stream'] === true,
    options: Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
    ...(tools !== undefined && { tools: list(tools).map(toolOf) }),
    ...(think !== undefined && (able || !think) && { think }),
  };
  client.res.setHeader('Cache-Control', 'no-cache');
  await chat(world, client);
}

function thinkOf({ thinking, output_config: output }: Fields): unknown {
  const { type } = (thinking ?? {}) as Fields;
  if (type === 'enabled' || type === 'disabled') return type === 'enabled';
  const { effort } = (output ?? {}) as Fields;
  if (effort === 'xhigh') return 'high';
  return ['low', 'medium', 'high', 'max'].includes(String(effort)) ? effort : undefined;
}

const toolOf = ({ name, description, input_schema: parameters }: Fields): Fields => ({
  type: 'function',
  function: { name, description, parameters },
});

/** One message as native ones: results of tools are messages of their own. */
function nativeOf({ role, content }: Fields): readonly Fields[] {
  if (typeof content === 'string') return [{ role, content }];
  const blocks = list(content);
  const of = (type: string): readonly Fields[] => blocks.filter((block) => block['type'] === type);
  const calls = of('tool_use').map(({ id, name, input }) => ({ id, function: { name, arguments: input } }));
  const images = imagesIn(of('image'));
  const text = texts(of('text'));
  const thinking = String(of('thinking').at(-1)?.['thinking'] ?? '');
  const results = of('tool_result').map((block) => ({
    role: 'tool',
    content: texts(block['content']),
    ...seen(imagesIn(list(block['content']).filter(({ type }) => type === 'image'))),
    tool_call_id: block['tool_use_id'],
  }));
  const own = text !== '' || thinking !== '' || calls.length > 0 || images.length > 0;
  const about = {
    ...(thinking !== '' && { thinking }),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...seen(images),
  };
  const said = own ? [{ role, content: text, ...about }] : [];
  return role === 'user' ? [...results, ...said] : [...said, ...results];
}

const seen = (images: readonly unknown[]): Fields => (images.length > 0 ? { images } : {});

function imagesIn(blocks: readonly Fields[]): readonly unknown[] {
  return blocks.map(({ source }) => {
    const { type, data } = (source ?? {}) as Fields;
    if (type === 'base64') return data;
    throw new FakeError(400, `invalid image source type: ${String(type)}. Only base64 images are supported.`);
  });
}

/** What Ollama guesses before it knows: a quarter of the bytes (EstimateCountTokens). */
function guess({ system, messages: said, tools }: Fields): number {
  const size = (value: unknown): number => (value === undefined ? 0 : Buffer.byteLength(String(value)));
  const json = (value: unknown): number => (value === undefined ? 0 : size(goJson(value)));
  const ofBlock = ({ cache_control: _unknown, ...block }: Fields): number => {
    const whole = block['type'] === 'tool_use' || block['type'] === 'tool_result';
    return size(block['text']) + size(block['thinking']) + (whole ? json(block) : 0);
  };
  const ofAny = (content: unknown): number =>
    typeof content === 'string' ? size(content) : list(content).reduce((sum, block) => sum + ofBlock(block), 0);
  const bytes = [
    ofAny(system),
    ...list(said).map(({ role, content }) => size(role) + ofAny(content)),
    ...list(tools).map((tool) => size(tool['name']) + size(tool['description']) + json(tool['input_schema'])),
  ].reduce((sum, each) => sum + each, 0);
  return Math.max(1, Math.trunc(bytes / 4));
}

const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
  503: 'overloaded_error',
};

export class MessagesClient extends TranslatingClient {
  readonly #id = `msg_${hex(24)}`;
  #begun = false;
  #blocks = 0;
  /** The type of the block that is open. */
  #open: string | undefined;
  #called = false;

  protected refusal(status: number, message: string): unknown {
    const error = { type: TYPES[status] ?? 'api_error', message };
    return { type: 'error', error, request_id: `req_${hex(24)}` };
  }

  #message(content: readonly unknown[]): Fields {
    return { id: this.#id, type: 'message', role: 'assistant', model: this.asked['model'], content };
  }

  protected whole(native: Fields): unknown {
    const { content = '', thinking = '' } = (native['message'] ?? {}) as Fields;
    const calls = callsIn(native);
    this.#called = calls.length > 0;
    const blocks = [
      ...(thinking === '' ? [] : [{ type: 'thinking', thinking }]),
      ...(content === '' ? [] : [{ type: 'text', text: content }]),
      ...calls.map(({ id, function: { name, arguments: input } }) => ({ type: 'tool_use', id, name, input })),
    ];
    return { ...this.#message(blocks), ...this.#stop(native), usage: usageOf(native) };
  }

  #stop(native: Fields): Fields {
    const reason = native['done_reason'];
    if (reason === undefined) return {};
    const usual = reason === 'length' ? 'max_tokens' : reason === 'stop' ? 'end_turn' : 'stop_sequence';
    return { stop_reason: this.#called ? 'tool_use' : usual };
  }

  protected events(native: Fields): readonly Event[] {
    const { content = '', thinking = '' } = (native['message'] ?? {}) as {
      readonly content?: string;
      readonly thinking?: string;
    };
    const events = this.#begun ? [] : [this.#start(native)];
    this.#begun = true;
    if (thinking !== '') events.push(...this.#adds('thinking', { thinking: '' }, { type: 'thinking_delta', thinking }));
    if (content !== '') events.push(...this.#adds('text', { text: '' }, { type: 'text_delta', text: content }));
    for (const call of callsIn(native)) events.push(...this.#calls(call));
    if (native['done'] !== true) return events;
    const delta = event('message_delta', { delta: this.#stop(native), usage: usageOf(native) });
    return [...events, ...this.#close(), delta, event('message_stop', {})];
  }

  /** The count of the prompt's tokens is a guess here, unless the answer ends with its first chunk. */
  #start(native: Fields): Event {
    const usage = { input_tokens: counted(native).input || guess(this.asked), output_tokens: 0 };
    return event('message_start', { message: { ...this.#message([]), usage } });
  }

  #adds(type: string, empty: Fields, delta: Fields): readonly Event[] {
    const opening = this.#open === type ? [] : [...this.#close(), this.#opens({ type, ...empty })];
    this.#open = type;
    return [...opening, event('content_block_delta', { index: this.#blocks, delta })];
  }

  #opens(block: Fields): Event {
    return event('content_block_start', { index: this.#blocks, content_block: block });
  }

  #close(): readonly Event[] {
    if (this.#open === undefined) return [];
    this.#open = undefined;
    return [event('content_block_stop', { index: this.#blocks++ })];
  }

  #calls({ id, function: { name, arguments: given } }: NativeCall): readonly Event[] {
    this.#called = true;
    const delta = { type: 'input_json_delta', partial_json: JSON.stringify(given) };
    return [...this.#adds(`tool_use ${id}`, { type: 'tool_use', id, name, input: {} }, delta), ...this.#close()];
  }
}

const event = (type: string, about: Fields): Event => ({ name: type, data: { type, ...about } });

function usageOf(native: Fields): Fields {
  const { input, output } = counted(native);
  const cached = native['prompt_eval_cached_count'];
  if (cached === undefined) return { input_tokens: input, output_tokens: output };
  return { input_tokens: input - Number(cached), output_tokens: output, cache_read_input_tokens: cached };
}
