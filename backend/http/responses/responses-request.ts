// Translates a body of POST /v1/responses to the same question in Ollama's own form, so that one cached answer serves
// both. Pure.
// The rules are Ollama's (openai/responses.go, FromResponsesRequest); what they lose, Ollama loses too.
import { writeJson } from '../../contract/go/exact-json.ts';
import { anything, bool, custom, GoRefusal, pointer, struct, type Read } from '../../contract/go/go-type.ts';
import { OURS, toolParameters } from '../../contract/chat/ollama-bodies.ts';
import { responsesBody, type ResponsesTextFormat, type ResponsesTool } from '../../contract/chat/responses-bodies.ts';
import { isCloudName } from '../../core/models/names.ts';
import { argumentsIn, imageIn, jsonIn, thinkOf } from '../dialect/openai-shared.ts';
import { type AskedToWrite, namedModel, ownFields, present, refusal, understood } from '../dialect/understood.ts';
import { readAsGo } from '../go/go-read.ts';
import { itemsIn, type Item, type Part } from './responses-input.ts';

/** The question, and what the answer repeats of the request. */
export interface ResponsesAsked extends AskedToWrite {
  readonly echo: Echo;
  /** The body must go up unchanged: Ollama would search the web, in runs of its own, or pass it on to ollama.com. */
  readonly unchanged: boolean;
}

/** What an answer repeats of its request. */
export interface Echo {
  readonly instructions: string | null;
  readonly tools: readonly EchoedTool[];
  readonly truncation: string;
  readonly format: ResponsesTextFormat;
  readonly topP: number;
  readonly temperature: number;
  readonly reasoning: { readonly effort?: string; readonly summary?: string } | null;
  readonly maxOutputTokens: unknown;
  readonly background: boolean;
}

export interface EchoedTool {
  readonly type: string;
  readonly name: string;
  readonly description: string | null;
  readonly strict: boolean | null;
  /** With sorted names, as Go writes a map. */
  readonly parameters: unknown;
  readonly tools?: readonly EchoedTool[];
}

const body = struct(responsesBody.go, { ...responsesBody.fields, input: custom(itemsIn) });
type Body = Read<typeof body>;
/** The body's type without the fields that are read strictly. */
const mostly = struct(responsesBody.go, { ...OURS, stream: pointer(bool) });

/** Reads a body of POST /v1/responses. Throws invalid_request in Ollama's words. */
export function askedToRespond(sent: unknown): ResponsesAsked {
  const { model } = Object(sent) as { readonly model?: unknown };
  // Hearth does not know what ollama.com accepts.
  if (typeof model === 'string' && isCloudName(model)) return ofCloud(model, understood(mostly, sent));
  const asked = understood(body, sent);
  const { instructions = '', input = [], temperature, top_p, max_output_tokens: limit, reasoning, text } = asked;
  const echo = echoOf(asked);
  const messages = inOllamasWords(() => messagesOf(instructions, input));
  const think = thinkOf(reasoning?.effort ?? '');
  const tools = echo.tools.flatMap((tool) => inOllamasWords(() => nativeTools(tool)));
  return {
    family: 'chat',
    stream: asked.stream === true,
    what: messages.length === 0 ? 'load' : 'run',
    ours: ownFields(asked),
    echo,
    unchanged: echo.tools.some(({ type }) => type === 'web_search'),
    request: {
      messages,
      // On this route the temperature defaults to 1; top_p defaults to the Modelfile's.
      options: { temperature: temperature ?? 1, ...present({ top_p, num_predict: limit }) },
      ...present({
        tools: tools.length === 0 ? undefined : tools,
        format: text?.format?.type === 'json_schema' ? text.format.schema : undefined,
        think,
      }),
      model: namedModel(asked.model, 'chat'),
    },
  };
}

/** What is known of a request for a model of ollama.com. */
function ofCloud(model: string, asked: Read<typeof mostly>): ResponsesAsked {
  const said = { family: 'chat', what: 'run', request: { model }, ours: ownFields(asked) } as const;
  return { ...said, stream: asked.stream === true, echo: echoOf({}), unchanged: true };
}

function inOllamasWords<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof GoRefusal ? refusal(error.message) : error;
  }
}

// ---- messages

interface Message {
  readonly role: string;
  content: string;
  thinking?: string;
  images?: string[];
  tool_calls?: Call[];
  tool_call_id?: string;
}

interface Call {
  readonly id?: string;
  readonly function: { readonly name: string; readonly arguments: unknown };
}

/** Reasoning is attached to the assistant's next message, and calls to the text before them. */
function messagesOf(instructions: string, items: readonly Item[]): Message[] {
  const messages: Message[] = instructions === '' ? [] : [{ role: 'system', content: instructions }];
  let thought = '';
  const think = (message: Message): void => {
    if (thought !== '') message.thinking = thought;
    thought = '';
  };
  for (const [at, item] of items.entries()) {
    const last = messages.at(-1);
    switch (item.type) {
      case 'thought':
        thought = item.text;
        break;
      case 'message': {
        const said: Message = { role: item.role, ...spoken(item.content) };
        if (said.role === 'assistant') think(said);
        const next = items[at + 1];
        if (last !== undefined && said.role === 'assistant' && awaits(last, next)) addTo(last, said);
        else messages.push(said);
        break;
      }
      case 'call': {
        const message: Message = last?.role === 'assistant' ? last : { role: 'assistant', content: '' };
        if (message !== last) messages.push(message);
        (message.tool_calls ??= []).push(callOf(item));
        think(message);
        break;
      }
      case 'result':
        messages.push({ role: 'tool', ...spoken(item.content), ...(item.id === '' ? {} : { tool_call_id: item.id }) });
        break;
      case 'search':
    }
  }
  if (thought !== '') messages.push({ role: 'assistant', content: '', thinking: thought });
  return messages.map((message) => ({ ...message, role: message.role.toLowerCase() }));
}

/** Whether a message made the call whose result is the next item: nothing may stand between the two. */
function awaits({ role, tool_calls: calls = [] }: Message, next: Item | undefined): boolean {
  return next?.type === 'result' && next.id !== '' && role === 'assistant' && calls.some(({ id }) => id === next.id);
}

function addTo(message: Message, { content, images, thinking }: Message): void {
  if (message.content !== '' && content !== '') message.content += '\n';
  message.content += content;
  if (images !== undefined) (message.images ??= []).push(...images);
  if (thinking !== undefined) message.thinking = thinking;
}

function spoken(parts: readonly Part[]): { content: string; images?: string[] } {
  let content = '';
  const images: string[] = [];
  for (const part of parts) {
    if (part.type === 'file') throw refusal('file inputs are not currently supported');
    if (part.type === 'text') content += part.text;
    // An image given by the id of an OpenAI file is skipped.
    else if (part.url !== '') images.push(imageIn(part.url));
  }
  return images.length === 0 ? { content } : { content, images };
}

function callOf({ id, name, given }: Item & { readonly type: 'call' }): Call {
  const called = { name, arguments: given === '' ? {} : said('failed to parse function call arguments', given) };
  return id === '' ? { function: called } : { id, function: called };
}

function said(failed: string, given: string): unknown {
  try {
    return argumentsIn(given);
  } catch (error) {
    throw error instanceof GoRefusal ? new GoRefusal(`${failed}: ${error.message}`) : error;
  }
}

// ---- tools

/** The functions behind a tool: a namespace contains its members, whose names get its name as a prefix. */
function nativeTools({ type, name, description, parameters, tools = [] }: EchoedTool): Record<string, unknown>[] {
  if (type !== 'namespace') {
    const called = present({ description: description || undefined, parameters: parametersOf(parameters) });
    return [{ type, function: { name, ...called } }];
  }
  return tools.flatMap(nativeTools).map(({ type: kind, function: member }) => {
    const own = member as { readonly name: string };
    const prefixed = name === '' || own.name.startsWith(`${name}.`) ? own.name : `${name}.${own.name}`;
    return { type: kind, function: { ...own, name: prefixed } };
  });
}

/** Ollama writes the parameters again with sorted names before it reads them: the model sees them in this order. */
function parametersOf(parameters: unknown): unknown {
  if (parameters === null) return undefined;
  try {
    return readAsGo(toolParameters, parameters);
  } catch (error) {
    if (!(error instanceof GoRefusal)) throw error;
    throw new GoRefusal(`failed to unmarshal tool parameters: ${error.message}`);
  }
}

/** With sorted names, as Go writes a map. */
function sorted(value: unknown): unknown {
  return readAsGo(anything, jsonIn(writeJson(value, (item) => Object.keys(item).toSorted())));
}

// ---- what the answer repeats

function echoOf(asked: Body): Echo {
  const { instructions = '', tools = [], truncation = 'disabled', text, top_p = 1, temperature = 1 } = asked;
  const { effort = '', summary = '' } = asked.reasoning ?? {};
  const reasoning = { ...(effort === '' ? {} : { effort }), ...(summary === '' ? {} : { summary }) };
  return {
    instructions: instructions === '' ? null : instructions,
    tools: tools.map(echoedTool),
    truncation,
    format: formatOf(text?.format),
    topP: top_p,
    temperature,
    reasoning: effort === '' && summary === '' ? null : reasoning,
    maxOutputTokens: asked.max_output_tokens ?? null,
    background: asked.background === true,
  };
}

function echoedTool({ type = '', name = '', description, strict, parameters, tools }: ResponsesTool): EchoedTool {
  const members = (Array.isArray(tools) ? tools : []) as readonly ResponsesTool[];
  return {
    type,
    name,
    description: description ?? null,
    strict: strict ?? null,
    parameters: parameters === undefined ? null : sorted(parameters),
    ...(members.length === 0 ? {} : { tools: members.map(echoedTool) }),
  };
}

function formatOf(format: ResponsesTextFormat | undefined): ResponsesTextFormat {
  if (format === undefined) return { type: 'text' };
  const { type = '', name = '', schema, strict } = format;
  return { type, ...present({ name: name || undefined, schema, strict }) };
}
