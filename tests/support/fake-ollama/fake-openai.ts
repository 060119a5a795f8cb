// The fake Ollama's OpenAI requests, rewritten into the native form as Ollama's middleware does it (middleware/openai.go, openai/openai.go).
// Written apart from the gateway's own translation, so that the two can be compared; it loses what Ollama loses (max_completion_tokens).
import { chat, generate } from './fake-chat.ts';
import { decode, isRecord } from './fake-decode.ts';
import type { Fields } from './fake-decode.ts';
import { embed } from './fake-embed.ts';
import { OPENAI_CHAT, OPENAI_COMPLETION, OPENAI_EMBED } from './fake-structs.ts';
import { FakeError } from './fake-wire.ts';
import type { Client } from './fake-wire.ts';
import type { World } from './fake-world.ts';

/** POST /v1/chat/completions */
export async function openaiChat(world: World, client: Client): Promise<void> {
  const fields = decode(client.call, OPENAI_CHAT, 'EOF');
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
    ...(effort !== undefined && effort !== '' && { think: thinkOf(effort) }),
    ...(fields['logprobs'] === true && { logprobs: true, top_logprobs: fields['top_logprobs'] ?? 0 }),
  };
  await chat(world, client);
}

const EFFORTS = ['minimal', 'low', 'medium', 'high', 'xhigh', 'ultra', 'max', 'none'];
const THINKS: Readonly<Record<string, unknown>> = { minimal: 'low', xhigh: 'max', ultra: 'max', none: false };

/** A reasoning effort as `think`. Throws for one that is none. */
export function thinkOf(effort: unknown): unknown {
  const known = EFFORTS.find((each) => each === effort);
  if (known !== undefined) return THINKS[known] ?? known;
  const names = EFFORTS.map((each) => JSON.stringify(each));
  const all = `${names.slice(0, -1).join(', ')}, or ${names.at(-1)}`;
  throw new FakeError(400, `invalid reasoning value: ${JSON.stringify(effort)} (must be ${all})`);
}

/** POST /v1/completions */
export async function openaiComplete(world: World, client: Client): Promise<void> {
  const fields = decode(client.call, OPENAI_COMPLETION, 'EOF');
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
  const fields = decode(client.call, OPENAI_EMBED, 'EOF');
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
    throw new FakeError(400, `invalid message content type: ${goType(content)}`);
  return [{ role, content: content ?? '', ...about }];
}

/** The type of a decoded JSON value, as Go names it. */
const goType = (value: unknown): string =>
  value === undefined || value === null
    ? '<nil>'
    : typeof value === 'number'
      ? 'float64'
      : typeof value === 'boolean'
        ? 'bool'
        : 'map[string]interface {}';

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
