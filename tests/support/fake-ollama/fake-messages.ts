// POST /v1/messages of the fake Ollama: Anthropic's dialect (anthropic/anthropic.go, middleware/anthropic.go). Requests are rewritten into a
// native chat, answers into messages and events. Deliberately without web search; `tool_choice` is ignored, as in Ollama.
import { chat } from './fake-chat.ts';
import { decode, isRecord } from './fake-decode.ts';
import type { Fields } from './fake-decode.ts';
import { MESSAGES } from './fake-structs.ts';
import { tokens } from './fake-text.ts';
import { callsIn, counted, hex, TranslatingClient } from './fake-translate.ts';
import type { Event, NativeCall } from './fake-translate.ts';
import { FakeError } from './fake-wire.ts';
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
  const { type: thinking } = (fields['thinking'] ?? {}) as Fields;
  client.call.native = {
    model: fields['model'],
    messages: [...(system === '' ? [] : [{ role: 'system', content: system }]), ...said.flatMap(nativeOf)],
    stream: fields['stream'] === true,
    options: Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
    ...(tools !== undefined && { tools: list(tools).map(toolOf) }),
    ...(able && thinking !== undefined && { think: thinking === 'enabled' }),
  };
  client.res.setHeader('Cache-Control', 'no-cache');
  await chat(world, client);
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
  const images = of('image').map(({ source }) => (source as Fields)['data']);
  const text = texts(of('text'));
  const results = of('tool_result').map((block) => ({
    role: 'tool',
    content: texts(block['content']),
    tool_call_id: block['tool_use_id'],
  }));
  const own = text !== '' || calls.length > 0 || images.length > 0;
  const about = { ...(calls.length > 0 && { tool_calls: calls }), ...(images.length > 0 && { images }) };
  return [...results, ...(own ? [{ role, content: text, ...about }] : [])];
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
    return { stop_reason: this.#called ? 'tool_use' : reason === 'length' ? 'max_tokens' : 'end_turn' };
  }

  protected events(native: Fields): readonly Event[] {
    const { content = '', thinking = '' } = (native['message'] ?? {}) as {
      readonly content?: string;
      readonly thinking?: string;
    };
    const events = this.#begun ? [] : [this.#start()];
    this.#begun = true;
    if (thinking !== '') events.push(...this.#adds('thinking', { thinking: '' }, { type: 'thinking_delta', thinking }));
    if (content !== '') events.push(...this.#adds('text', { text: '' }, { type: 'text_delta', text: content }));
    for (const call of callsIn(native)) events.push(...this.#calls(call));
    if (native['done'] !== true) return events;
    const delta = event('message_delta', { delta: this.#stop(native), usage: usageOf(native) });
    return [...events, ...this.#close(), delta, event('message_stop', {})];
  }

  /** The count of the prompt's tokens is a guess here, for the real one comes at the end. */
  #start(): Event {
    const { messages: said = [] } = this.call.native as { readonly messages?: readonly Fields[] };
    const guess = said.reduce((sum, message) => sum + tokens(String(message['content'])), 0);
    return event('message_start', {
      message: { ...this.#message([]), usage: { input_tokens: guess, output_tokens: 0 } },
    });
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
  return { input_tokens: input, output_tokens: output };
}
