// POST /v1/responses of the fake Ollama: OpenAI's newer dialect, stateless as in Ollama (openai/responses.go). Requests are rewritten into
// a native chat, answers into response objects and events. Deliberately without web search and files.
import { chat } from './fake-chat.ts';
import { decode, isRecord } from './fake-decode.ts';
import type { Fields } from './fake-decode.ts';
import { openaiError } from './fake-openai-answer.ts';
import { thinkOf } from './fake-openai.ts';
import { RESPONSES } from './fake-structs.ts';
import { callsIn, counted, TranslatingClient } from './fake-translate.ts';
import type { Event, NativeCall } from './fake-translate.ts';
import { FakeError } from './fake-wire.ts';
import type { Client } from './fake-wire.ts';
import type { World } from './fake-world.ts';

const list = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.filter(isRecord) : []);

export async function responses(world: World, client: Client): Promise<void> {
  const fields = decode(client.call, RESPONSES, 'EOF');
  const { input, instructions, tools, stream = false, temperature = 1, top_p: topP = 1 } = fields;
  const messages = [
    ...(instructions ? [{ role: 'system', content: instructions }] : []),
    ...(typeof input === 'string' ? [{ role: 'user', content: input }] : list(input).flatMap(messageOf)),
  ];
  const format = formatOf(fields);
  const { effort } = (fields['reasoning'] ?? {}) as Fields;
  client.call.native = {
    model: fields['model'],
    messages,
    stream,
    options: { temperature, top_p: topP, num_predict: fields['max_output_tokens'] ?? -1 },
    ...(tools !== undefined && { tools: list(tools).map(({ type, ...about }) => ({ type, function: about })) }),
    ...(format['type'] === 'json_schema' && { format: format['schema'] }),
    ...(effort !== undefined && { think: thinkOf(effort) }),
  };
  client.res.setHeader('Cache-Control', 'no-cache');
  await chat(world, client);
}

const formatOf = (fields: Fields): Fields =>
  ((fields['text'] as Fields | undefined)?.['format'] as Fields | undefined) ?? { type: 'text' };

/** One input item as native messages. Throws for files, which Ollama cannot take. */
function messageOf(item: Fields): readonly Fields[] {
  const { type = 'message', role, content, name, arguments: given, output } = item;
  if (type === 'function_call') {
    const call = { function: { name, arguments: JSON.parse(String(given)) as unknown } };
    return [{ role: 'assistant', content: '', tool_calls: [call] }];
  }
  if (type === 'function_call_output')
    return [{ role: 'tool', content: String(output), tool_call_id: item['call_id'] }];
  if (type !== 'message') return [];
  if (typeof content === 'string') return [{ role, content }];
  const parts = list(content);
  if (parts.some((part) => part['type'] === 'input_file')) throw new FakeError(400, 'input_file is not supported');
  return [{ role, content: parts.map((part) => String(part['text'] ?? '')).join('') }];
}

/** What the response object says of the request; the same for every answer to it. */
interface Said {
  readonly reasoning: string;
  readonly text: string;
  readonly calls: readonly NativeCall[];
}

const NOTHING: Said = { reasoning: '', text: '', calls: [] };

const number = (digits: number): number => Math.trunc(Math.random() * 10 ** digits);

/** Events have their keys in the order of the alphabet, whole answers in that of the struct. */
export class ResponsesClient extends TranslatingClient {
  readonly #id = `resp_${number(6)}`;
  readonly #messageId = `msg_${number(6)}`;
  readonly #reasoningId = `rs_${number(6)}`;
  #sequence = 0;
  #output = 0;
  #open: 'reasoning' | 'message' | undefined;
  #said = NOTHING;

  protected refusal(status: number, message: string): unknown {
    return openaiError(status, message);
  }

  protected whole(native: Fields): unknown {
    return this.#response(saidIn(native), 'completed', native);
  }

  #response(said: Said, status: 'completed' | 'in_progress', native: Fields): Fields {
    const { asked } = this;
    const done = status === 'completed';
    return {
      id: this.#id,
      object: 'response',
      created_at: this.created,
      completed_at: done ? Math.trunc(Date.now() / 1000) : null,
      status,
      incomplete_details: null,
      model: asked['model'],
      previous_response_id: null,
      instructions: asked['instructions'] ?? null,
      output: done ? this.#items(said) : [],
      error: null,
      tools: list(asked['tools']).map(({ type, name, description, strict = null, parameters }) => ({
        type,
        name,
        description,
        strict,
        parameters: inOrder(parameters),
      })),
      tool_choice: 'auto',
      truncation: 'disabled',
      parallel_tool_calls: true,
      text: { format: formatOf(asked) },
      top_p: asked['top_p'] ?? 1,
      presence_penalty: 0,
      frequency_penalty: 0,
      top_logprobs: 0,
      temperature: asked['temperature'] ?? 1,
      reasoning: asked['reasoning'] ?? null,
      usage: done ? usageOf(native) : null,
      max_output_tokens: asked['max_output_tokens'] ?? null,
      max_tool_calls: null,
      store: false,
      background: false,
      service_tier: 'default',
      metadata: {},
      safety_identifier: null,
      prompt_cache_key: null,
    };
  }

  /** With tool calls the text is dropped. */
  #items({ reasoning, text, calls }: Said): readonly Fields[] {
    const items: Fields[] = reasoning === '' ? [] : [this.#reasoning(reasoning)];
    if (calls.length > 0) return [...items, ...calls.map(callItem)];
    return [...items, this.#message([part(text)], 'completed')];
  }

  #message(content: readonly Fields[], status: string): Fields {
    return { id: this.#messageId, type: 'message', status, role: 'assistant', content };
  }

  #reasoning(text: string): Fields {
    const summary = text === '' ? [] : [{ type: 'summary_text', text }];
    return { id: this.#reasoningId, type: 'reasoning', summary, encrypted_content: text };
  }

  protected events(native: Fields): readonly Event[] {
    const { content = '', thinking = '' } = (native['message'] ?? {}) as {
      readonly content?: string;
      readonly thinking?: string;
    };
    const calls = callsIn(native);
    const events = this.#sequence === 0 ? this.#start() : [];
    if (thinking !== '') events.push(...this.#thinks(thinking));
    if (content !== '') events.push(...this.#says(content));
    if (calls.length > 0) events.push(...this.#close(), ...calls.flatMap((call) => this.#calls(call)));
    this.#said = {
      reasoning: this.#said.reasoning + thinking,
      text: this.#said.text + content,
      calls: [...this.#said.calls, ...calls],
    };
    if (native['done'] === true) {
      events.push(
        ...this.#close(),
        this.#event('completed', { response: this.#response(this.#said, 'completed', native) }),
      );
    }
    return events;
  }

  #event(name: string, about: Fields): Event {
    const type = `response.${name}`;
    return { name: type, data: inOrder({ ...about, type, sequence_number: this.#sequence++ }) };
  }

  #start(): Event[] {
    const begun = { response: this.#response(NOTHING, 'in_progress', {}) };
    return [this.#event('created', begun), this.#event('in_progress', begun)];
  }

  #thinks(delta: string): readonly Event[] {
    const opening = this.#open === 'reasoning' ? [] : [this.#item('added', this.#reasoning(''))];
    this.#open = 'reasoning';
    const about = { item_id: this.#reasoningId, output_index: this.#output, summary_index: 0 };
    return [...opening, this.#event('reasoning_summary_text.delta', { ...about, delta })];
  }

  #says(delta: string): readonly Event[] {
    const opening = this.#open === 'message' ? [] : [...this.#close(), ...this.#openMessage()];
    this.#open = 'message';
    return [...opening, this.#event('output_text.delta', { ...this.#place, delta, logprobs: [] })];
  }

  get #place(): Fields {
    return { item_id: this.#messageId, output_index: this.#output, content_index: 0 };
  }

  #openMessage(): readonly Event[] {
    return [
      this.#item('added', this.#message([], 'in_progress')),
      this.#event('content_part.added', { ...this.#place, part: part('') }),
    ];
  }

  #item(step: 'added' | 'done', item: Fields): Event {
    return this.#event(`output_item.${step}`, { item, output_index: this.#output });
  }

  /** Ends the item that is open. */
  #close(): readonly Event[] {
    const { reasoning, text } = this.#said;
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return [];
    const about = { item_id: this.#reasoningId, output_index: this.#output, summary_index: 0, text: reasoning };
    const events =
      open === 'reasoning'
        ? [this.#event('reasoning_summary_text.done', about), this.#item('done', this.#reasoning(reasoning))]
        : [
            this.#event('output_text.done', { ...this.#place, text, logprobs: [] }),
            this.#event('content_part.done', { ...this.#place, part: part(text) }),
            this.#item('done', this.#message([part(text)], 'completed')),
          ];
    this.#output++;
    return events;
  }

  #calls(call: NativeCall): readonly Event[] {
    const item = callItem(call);
    const about = { item_id: item['id'], output_index: this.#output };
    const events = [
      this.#item('added', { ...item, arguments: '', status: 'in_progress' }),
      this.#event('function_call_arguments.delta', { ...about, delta: item['arguments'] }),
      this.#event('function_call_arguments.done', { ...about, arguments: item['arguments'] }),
      this.#item('done', item),
    ];
    this.#output++;
    return events;
  }
}

const part = (text: string): Fields => ({ type: 'output_text', text, annotations: [], logprobs: [] });

const callItem = ({ id = 'call_0', function: { name, arguments: given } }: NativeCall): Fields => ({
  id: `fc_${id}`,
  type: 'function_call',
  status: 'completed',
  call_id: id,
  name,
  arguments: JSON.stringify(given),
});

function saidIn(native: Fields): Said {
  const { content = '', thinking = '' } = (native['message'] ?? {}) as {
    readonly content?: string;
    readonly thinking?: string;
  };
  return { reasoning: thinking, text: content, calls: callsIn(native) };
}

function usageOf(native: Fields): Fields {
  const { input, output } = counted(native);
  return {
    input_tokens: input,
    output_tokens: output,
    total_tokens: input + output,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens_details: { reasoning_tokens: 0 },
  };
}

/** The same value with all keys in the order of the alphabet, as Go writes a map. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((key) => [key, inOrder(value[key])]),
  );
}
