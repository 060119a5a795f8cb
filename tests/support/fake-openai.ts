// The fake Ollama's /v1: as Ollama itself does it, requests are rewritten into the native form and the native answer is
// rewritten on its way out (middleware/openai.go). Written apart from the gateway's own translation, so that the two can
// be compared; it loses what Ollama loses (max_completion_tokens, errors in the middle of a stream).
import { chat, generate } from './fake-chat.ts';
import { embed } from './fake-embed.ts';
import { fieldsOf, isRecord } from './fake-options.ts';
import type { Fields } from './fake-options.ts';
import { Client, FakeError } from './fake-wire.ts';
import type { World } from './fake-world.ts';

const TYPES: Readonly<Record<number, string>> = { 400: 'invalid_request_error', 404: 'not_found_error' };
const PATHS = ['/v1/chat/completions', '/v1/completions', '/v1/embeddings'];

/** Whether a path is rewritten here. */
export const isOpenAi = (path: string): boolean => PATHS.includes(path);

/** Stands where the native client stands and writes OpenAI's form. */
export class OpenAiClient extends Client {
  readonly #id = Math.trunc(Math.random() * 999);
  readonly #created = Math.trunc(Date.now() / 1000);
  #rest = '';
  #begun = false;
  #done = false;
  #calls = 0;

  override error(status: number, message: string): void {
    const error = { message, type: TYPES[status] ?? 'api_error', param: null, code: null };
    this.send(status, 'application/json', JSON.stringify({ error }));
  }

  override json(_status: number, value: unknown): void {
    const fields = value as Fields;
    this.send(
      200,
      'application/json',
      JSON.stringify(this.call.path === PATHS[2] ? this.#list(fields) : this.#whole(fields)),
    );
  }

  override async write(_type: string, bytes: string | Buffer): Promise<void> {
    const lines = `${this.#rest}${bytes.toString()}`.split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines)
      for (const chunk of this.#chunks(JSON.parse(line) as Fields)) await this.#event(JSON.stringify(chunk));
  }

  async #event(data: string): Promise<void> {
    await super.write('text/event-stream', `data: ${data}\n\n`);
  }

  get #asked(): Fields {
    return this.call.body ?? {};
  }

  get #isChat(): boolean {
    return this.call.path === PATHS[0];
  }

  #head(object: string, { model = '' }: Fields): Fields {
    const id = `${this.#isChat ? 'chatcmpl' : 'cmpl'}-${this.#id}`;
    return { id, object, created: this.#created, model, system_fingerprint: 'fp_ollama' };
  }

  #usage(fields: Fields): Fields {
    const [prompt, completion] = [Number(fields['prompt_eval_count'] ?? 0), Number(fields['eval_count'] ?? 0)];
    return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
  }

  #toolCalls(message: Fields): unknown[] {
    const calls = (message['tool_calls'] ?? []) as { id?: string; function: { name: string; arguments: unknown } }[];
    return calls.map(({ id, function: { name, arguments: given } }) => ({
      id: id ?? `call_${this.#calls}`,
      index: this.#calls++,
      type: 'function',
      function: { name, arguments: JSON.stringify(given) },
    }));
  }

  #finish(fields: Fields): unknown {
    const reason = fields['done_reason'] ?? null;
    return this.#calls > 0 && reason !== null ? 'tool_calls' : reason;
  }

  #chunks(fields: Fields): Fields[] {
    // An error's line is read as an empty answer of no model, and what it says is lost.
    this.#done ||= fields['done'] === true;
    const message = (fields['message'] ?? {}) as Fields;
    const usage = this.#streamsUsage;
    if (!this.#isChat) {
      const text = String(fields['response'] ?? '');
      const finish = fields['done'] === true ? fields['done_reason'] : null;
      const chunk = { ...this.#head('text_completion', fields), choices: [{ text, index: 0, finish_reason: finish }] };
      const zero = usage ? { usage: this.#usage({}) } : {};
      if (fields['done'] !== true) return [{ ...chunk, ...zero }];
      return [{ ...chunk, ...zero }, ...(usage ? [{ ...chunk, choices: [], usage: this.#usage(fields) }] : [])];
    }
    const deltas: Fields[] = [];
    const calls = this.#toolCalls(message);
    if (message['thinking']) deltas.push({ content: '', reasoning: message['thinking'] });
    const content = String(message['content'] ?? '');
    if (content !== '' || calls.length > 0 || (deltas.length === 0 && fields['done'] !== true)) {
      deltas.push({ content, ...(calls.length > 0 && { tool_calls: calls }) });
    }
    const head = this.#head('chat.completion.chunk', fields);
    const chunks = deltas.map((delta): Fields => {
      const role = this.#begun ? {} : { role: 'assistant' };
      this.#begun = true;
      return { ...head, choices: [{ index: 0, delta: { ...role, ...delta }, finish_reason: null }] };
    });
    if (fields['done'] !== true) return chunks;
    chunks.push({ ...head, choices: [{ index: 0, delta: {}, finish_reason: this.#finish(fields) }] });
    if (usage) chunks.push({ ...head, choices: [], usage: this.#usage(fields) });
    return chunks;
  }

  get #streamsUsage(): boolean {
    const { include_usage: wanted } = (this.#asked['stream_options'] ?? {}) as Fields;
    return wanted === true;
  }

  override end(outcome: 'done' | 'error'): void {
    // Only a final chunk brings it: an answer that broke off just ends.
    if (this.#done && this.call.outcome === 'open' && !this.gone) this.res.write('data: [DONE]\n\n');
    super.end(outcome);
  }

  #whole(fields: Fields): Fields {
    if (!this.#isChat) {
      const choices = [{ text: fields['response'], index: 0, finish_reason: fields['done_reason'] ?? null }];
      return { ...this.#head('text_completion', fields), choices, usage: this.#usage(fields) };
    }
    const { content, thinking, ...rest } = (fields['message'] ?? {}) as Fields;
    const calls = this.#toolCalls(rest);
    const message = {
      role: 'assistant',
      content,
      ...(thinking ? { reasoning: thinking } : {}),
      ...(calls.length > 0 && { tool_calls: calls }),
    };
    const logprobs = fields['logprobs'] === undefined ? {} : { logprobs: { content: fields['logprobs'] } };
    const choices = [{ index: 0, message, finish_reason: this.#finish(fields), ...logprobs }];
    return { ...this.#head('chat.completion', fields), choices, usage: this.#usage(fields) };
  }

  #list(fields: Fields): Fields {
    const vectors = (fields['embeddings'] ?? []) as number[][];
    const tokens = Number(fields['prompt_eval_count'] ?? 0);
    const base64 = /^base64$/i.test(String(this.#asked['encoding_format']));
    const data = vectors.map((vector, index) => ({
      object: 'embedding',
      embedding: base64 ? Buffer.from(Float32Array.from(vector).buffer).toString('base64') : vector,
      index,
    }));
    return {
      object: 'list',
      data,
      model: this.#asked['model'],
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    };
  }
}

/** POST /v1/chat/completions */
export async function openaiChat(world: World, client: Client): Promise<void> {
  const fields = fieldsOf(client.call);
  const messages = (fields['messages'] ?? []) as Fields[];
  if (messages.length === 0) throw new FakeError(400, "[] is too short - 'messages'");
  const format = fields['response_format'] as Fields | undefined;
  const schema = (format?.['json_schema'] as Fields | undefined)?.['schema'];
  const effort = (fields['reasoning'] as Fields | undefined)?.['effort'] ?? fields['reasoning_effort'];
  client.call.native = {
    model: fields['model'],
    messages: messages.flatMap((message) => nativeOf(message, messages)),
    options: { ...optionsOf(fields), num_predict: fields['max_tokens'] ?? -1 },
    stream: fields['stream'] === true,
    ...(fields['tools'] !== undefined && { tools: fields['tools'] }),
    ...(format?.['type'] === 'json_object' && { format: 'json' }),
    ...(format?.['type'] === 'json_schema' && { format: schema }),
    ...(effort !== undefined && effort !== null && { think: effort === 'none' ? false : effort }),
    ...(fields['logprobs'] === true && { logprobs: true, top_logprobs: fields['top_logprobs'] ?? 0 }),
  };
  await chat(world, client);
}

/** POST /v1/completions */
export async function openaiComplete(world: World, client: Client): Promise<void> {
  const fields = fieldsOf(client.call);
  client.call.native = {
    model: fields['model'],
    prompt: fields['prompt'],
    options: { ...optionsOf(fields), num_predict: fields['max_tokens'] ?? -1 },
    stream: fields['stream'] === true,
    ...(fields['suffix'] !== undefined && { suffix: fields['suffix'] }),
  };
  await generate(world, client);
}

/** POST /v1/embeddings */
export async function openaiEmbed(world: World, client: Client): Promise<void> {
  const fields = fieldsOf(client.call);
  // An empty text is embedded here, unlike on the native route (middleware/openai.go).
  const input: unknown = fields['input'] === '' ? [''] : fields['input'];
  if (input === undefined || input === null || (Array.isArray(input) && input.length === 0)) {
    throw new FakeError(400, 'invalid input');
  }
  const form = fields['encoding_format'] ?? '';
  if (!/^(?:|float|base64)$/i.test(String(form))) {
    throw new FakeError(
      400,
      `Invalid value for 'encoding_format' = ${String(form)}. Supported values: ['float', 'base64'].`,
    );
  }
  client.call.native = { model: fields['model'], input, dimensions: fields['dimensions'] ?? 0 };
  await embed(world, client);
}

function optionsOf(fields: Fields): Fields {
  const { stop } = fields;
  const said = ['seed', 'frequency_penalty', 'presence_penalty'].filter((name) => typeof fields[name] === 'number');
  return {
    temperature: fields['temperature'] ?? 1,
    top_p: fields['top_p'] ?? 1,
    ...Object.fromEntries(said.map((name) => [name, fields[name]])),
    ...(stop !== undefined && stop !== null && { stop: typeof stop === 'string' ? [stop] : stop }),
  };
}

function nativeOf(message: Fields, all: readonly Fields[]): Fields[] {
  const { role, content, tool_calls: calls, tool_call_id: id } = message;
  const made = (Array.isArray(calls) ? calls : []) as { id: string; function: { name: string; arguments: string } }[];
  const toolCalls = made.map((call) => ({
    id: call.id,
    function: { name: call.function.name, arguments: JSON.parse(call.function.arguments) as unknown },
  }));
  const known = all.flatMap((other) =>
    Array.isArray(other['tool_calls']) ? (other['tool_calls'] as typeof made) : [],
  );
  const own = typeof message['name'] === 'string' ? message['name'] : undefined;
  const named = role === 'tool' ? (own ?? known.find((call) => call.id === id)?.function.name) : undefined;
  const about = {
    ...(named !== undefined && { tool_name: named }),
    ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
  };
  if (Array.isArray(content)) return content.filter(isRecord).map((part) => ({ role, ...partOf(part), ...about }));
  if (typeof content !== 'string' && toolCalls.length === 0)
    throw new FakeError(400, 'invalid message content type: <nil>');
  return [{ role, content: content ?? '', ...about }];
}

function partOf(part: Fields): Fields {
  if (part['type'] === 'text') return { content: part['text'] };
  const image = part['image_url'];
  const url = String(isRecord(image) ? image['url'] : image);
  if (/^https?:/.test(url)) {
    throw new FakeError(400, 'image URLs are not currently supported, please use base64 encoded data instead');
  }
  const [, data] = /^data:(?:image\/(?:jpeg|jpg|png|webp))?;base64,(.*)$/s.exec(url) ?? [];
  if (data === undefined) throw new FakeError(400, 'invalid image input');
  return { content: '', images: [data] };
}
