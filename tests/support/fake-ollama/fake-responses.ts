// POST /v1/responses of the fake Ollama: OpenAI's newer dialect, stateless as in Ollama (openai/responses.go). Requests are rewritten into
// a native chat, answers into response objects and events. Deliberately without web search. What a body asks is fake-responses-asked.ts.
import { chat } from './fake-chat.ts';
import { decode } from './fake-decode.ts';
import type { Fields } from './fake-decode.ts';
import { openaiError } from './fake-openai-answer.ts';
import { formatOf, inOrder, list, nativeOf } from './fake-responses-asked.ts';
import { RESPONSES } from './fake-structs.ts';
import { callsIn, counted, TranslatingClient } from './fake-translate.ts';
import type { Event, NativeCall } from './fake-translate.ts';
import type { Client } from './fake-wire.ts';
import type { World } from './fake-world.ts';

export async function responses(world: World, client: Client): Promise<void> {
  const fields = decode(client.call, RESPONSES, 'EOF');
  client.call.native = nativeOf(fields);
  if (fields['stream'] === true) client.res.setHeader('Cache-Control', 'no-cache');
  await chat(world, client);
}

const number = (digits: number): number => Math.trunc(Math.random() * 10 ** digits);

interface Said {
  readonly thinking: string;
  readonly content: string;
  readonly calls: readonly NativeCall[];
}

/** Events have their keys in the order of the alphabet, whole answers in that of the struct. */
export class ResponsesClient extends TranslatingClient {
  readonly #id = `resp_${number(6)}`;
  readonly #messageId = `msg_${number(6)}`;
  #sequence = 0;
  /** Where the next item stands; a message that is begun does not count until it is closed, which it may never be. */
  #output = 0;
  readonly #closed: Fields[] = [];
  #reasoning: { readonly id: string; text: string } | undefined;
  #text: string | undefined;
  #called = false;

  protected refusal(status: number, message: string): unknown {
    return openaiError(status, message);
  }

  /** With tool calls the text is dropped. */
  protected whole(native: Fields): unknown {
    const { thinking, content, calls } = saidIn(native);
    const items = thinking === '' ? [] : [reasoningItem(`rs_${this.#id}`, thinking)];
    if (calls.length > 0) items.push(...calls.map((call, at) => callItem(`fc_${this.#id}_${at}`, call)));
    else items.push(this.#message([part(content)], 'completed'));
    return this.#response(items, native);
  }

  /** `native`: the last line of the answer; without it, the answer has begun. */
  #response(output: readonly Fields[], native?: Fields): Fields {
    const { asked } = this;
    const done = native !== undefined;
    const { tools } = asked;
    return {
      id: this.#id,
      object: 'response',
      created_at: this.created,
      completed_at: done ? Math.trunc(Date.now() / 1000) : null,
      status: done ? 'completed' : 'in_progress',
      incomplete_details: null,
      model: asked['model'],
      previous_response_id: null,
      instructions: asked['instructions'] || null,
      output,
      error: null,
      tools: list(tools).map((tool) => toolSaid(tool, asked['stream'] === true)),
      tool_choice: 'auto',
      truncation: asked['truncation'] ?? 'disabled',
      parallel_tool_calls: true,
      text: { format: formatOf(asked) },
      top_p: asked['top_p'] ?? 1,
      presence_penalty: 0,
      frequency_penalty: 0,
      top_logprobs: 0,
      temperature: asked['temperature'] ?? 1,
      reasoning: this.#reasoningSaid(),
      usage: native === undefined ? null : usageOf(native),
      max_output_tokens: asked['max_output_tokens'] ?? null,
      max_tool_calls: null,
      store: false,
      background: asked['background'] ?? false,
      service_tier: 'default',
      metadata: {},
      safety_identifier: null,
      prompt_cache_key: null,
    };
  }

  /** In events with null for what was not said. */
  #reasoningSaid(): Fields | null {
    const { effort, summary } = (this.asked['reasoning'] ?? {}) as Fields;
    if (!effort && !summary) return null;
    if (this.asked['stream'] === true) return { effort: effort || null, summary: summary || null };
    return { ...(effort ? { effort } : {}), ...(summary ? { summary } : {}) };
  }

  #message(content: readonly Fields[], status: string): Fields {
    return { id: this.#messageId, type: 'message', status, role: 'assistant', content };
  }

  protected events(native: Fields): readonly Event[] {
    const { thinking, content, calls } = saidIn(native);
    const events = this.#sequence === 0 ? this.#start() : [];
    if (thinking !== '') events.push(...this.#thinks(thinking));
    if (calls.length > 0) {
      events.push(...this.#thought(), ...calls.flatMap((call) => this.#calls(call)));
      this.#called = true;
    } else if (content !== '' && !this.#called) events.push(...this.#says(content));
    if (native['done'] === true) events.push(...this.#ends(native));
    return events;
  }

  #event(name: string, about: Fields): Event {
    const type = `response.${name}`;
    return { name: type, data: inOrder({ ...about, type, sequence_number: this.#sequence++ }, 'schema') };
  }

  #item(step: 'added' | 'done', item: Fields): Event {
    return this.#event(`output_item.${step}`, { item, output_index: this.#output });
  }

  #start(): Event[] {
    const begun = { response: this.#response([]) };
    return [this.#event('created', begun), this.#event('in_progress', begun)];
  }

  #thinks(delta: string): readonly Event[] {
    const opening: Event[] = [];
    if (this.#reasoning === undefined) {
      this.#reasoning = { id: `rs_${number(6)}`, text: '' };
      opening.push(this.#item('added', { id: this.#reasoning.id, type: 'reasoning', summary: [] }));
    }
    this.#reasoning.text += delta;
    const about = { item_id: this.#reasoning.id, output_index: this.#output, summary_index: 0 };
    return [...opening, this.#event('reasoning_summary_text.delta', { ...about, delta })];
  }

  /** Ends what was thought. */
  #thought(): readonly Event[] {
    if (this.#reasoning === undefined) return [];
    const { id, text } = this.#reasoning;
    this.#reasoning = undefined;
    const item = reasoningItem(id, text);
    this.#closed.push(item);
    const about = { item_id: id, output_index: this.#output, summary_index: 0, text };
    const events = [this.#event('reasoning_summary_text.done', about), this.#item('done', item)];
    this.#output++;
    return events;
  }

  #says(delta: string): readonly Event[] {
    const events = [...this.#thought()];
    if (this.#text === undefined) {
      events.push(
        this.#item('added', this.#message([], 'in_progress')),
        this.#event('content_part.added', { ...this.#place, part: part('') }),
      );
    }
    this.#text = (this.#text ?? '') + delta;
    return [...events, this.#event('output_text.delta', { ...this.#place, delta, logprobs: [] })];
  }

  get #place(): Fields {
    return { item_id: this.#messageId, output_index: this.#output, content_index: 0 };
  }

  #calls(call: NativeCall): readonly Event[] {
    const item = callItem(`fc_${number(6)}_${this.#output}`, call);
    this.#closed.push(item);
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

  /** A message is not closed where tools were called after it; it is the last of the output all the same. */
  #ends(native: Fields): readonly Event[] {
    const events = [...this.#thought()];
    const text = this.#text;
    const message = text === undefined ? [] : [this.#message([part(text)], 'completed')];
    if (!this.#called && text !== undefined) {
      events.push(
        this.#event('output_text.done', { ...this.#place, text, logprobs: [] }),
        this.#event('content_part.done', { ...this.#place, part: part(text) }),
        ...message.map((item) => this.#item('done', item)),
      );
    }
    const response = this.#response([...this.#closed, ...message], native);
    return [...events, this.#event('completed', { response })];
  }
}

const part = (text: string): Fields => ({ type: 'output_text', text, annotations: [], logprobs: [] });

const reasoningItem = (id: string, text: string): Fields => ({
  id,
  type: 'reasoning',
  summary: [{ type: 'summary_text', text }],
  encrypted_content: text,
});

const callItem = (id: string, { id: callId, function: { name, arguments: given } }: NativeCall): Fields => ({
  id,
  type: 'function_call',
  status: 'completed',
  ...(callId !== undefined && { call_id: callId }),
  name,
  arguments: JSON.stringify(given),
});

/** Events tell nothing of the members of a namespace. */
const toolSaid = (
  { type, name = '', description = null, strict = null, parameters = null, tools }: Fields,
  inEvent: boolean,
): Fields => ({
  type,
  name,
  description,
  strict,
  parameters: inOrder(parameters),
  ...(tools !== undefined && !inEvent && { tools: list(tools).map((member) => toolSaid(member, false)) }),
});

function saidIn(native: Fields): Said {
  const { content = '', thinking = '' } = (native['message'] ?? {}) as Partial<Said>;
  return { thinking, content, calls: callsIn(native) };
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
