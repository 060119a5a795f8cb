// Translates a body on Anthropic's routes to the same question in Ollama's own form, so that one cached answer serves
// both. Pure.
// The rules are Ollama's (anthropic/anthropic.go, middleware/anthropic.go), which ignores `tool_choice` and blocks of
// unknown types too.
import {
  anthropicMessages,
  type AnthropicBlock,
  type AnthropicMessage,
  type AnthropicMessages,
  type AnthropicTool,
} from '../../contract/chat/anthropic-bodies.ts';
import { toolParameters } from '../../contract/chat/ollama-bodies.ts';
import { GoRefusal, goTypeOf } from '../../contract/go/go-type.ts';
import { isCloudName } from '../../core/models/names.ts';
import { type AskedToWrite, namedModel, ownFields, present, refusal, understood } from '../dialect/understood.ts';
import { base64Of } from '../go/go-base64.ts';
import { readAsGo } from '../go/go-read.ts';
import { estimatedTokens } from './anthropic-tokens.ts';

export interface AnthropicAsked extends AskedToWrite {
  /** Estimated number of the prompt's tokens, which a stream reports at its start. */
  readonly estimate: number;
  /** True if nothing in Ollama's own form asks the same. */
  readonly untranslatable: boolean;
}

type Native = Readonly<Record<string, unknown>>;

/** Body of POST /v1/messages. Throws invalid_request in Ollama's words. */
export function chatFromAnthropic(body: unknown): AnthropicAsked {
  const asked = messagesRequest(body);
  const model = namedModel(asked.model, 'chat');
  const { max_tokens: limit = 0, temperature, top_p, top_k, stop_sequences: stop = [], tools = [] } = asked;
  if (!(Number(limit) > 0)) throw refusal('max_tokens is required and must be positive');
  const said = messagesIn(asked);
  const messages = [...systemOf(asked.system), ...said.flatMap(nativeMessages)];
  const ownTools = tools.filter((tool) => !searchesTheWeb(tool));
  const stream = asked.stream === true;
  return {
    family: 'chat',
    // Messages without content are dropped, which may leave none.
    what: messages.length === 0 ? 'load' : 'run',
    stream,
    ours: ownFields(asked),
    request: {
      messages,
      options: present({
        num_predict: limit,
        temperature,
        top_p,
        top_k,
        stop: stop.length === 0 ? undefined : stop,
      }),
      ...present({ tools: ownTools.length === 0 ? undefined : ownTools.map(nativeTool), think: thinkOf(asked) }),
      model,
    },
    estimate: stream ? estimatedTokens(asked) : 0,
    // Ollama itself runs the model's web searches, words earlier results in its own way, and hands requests for
    // ollama.com's machines on unchanged.
    untranslatable: ownTools.length < tools.length || said.some(tellsOfSearch) || isCloudName(model),
  };
}

/**
 * Body of POST /v1/messages/count_tokens: returns the estimate. Throws invalid_request with the messages of
 * /v1/messages.
 */
export function tokensFromAnthropic(body: unknown): number {
  const asked = messagesRequest(body);
  namedModel(asked.model, 'chat');
  messagesIn(asked);
  return estimatedTokens(asked);
}

function messagesRequest(body: unknown): AnthropicMessages {
  return understood(anthropicMessages, body) as AnthropicMessages;
}

function messagesIn({ messages = [] }: AnthropicMessages): readonly AnthropicMessage[] {
  if (messages.length === 0) throw refusal('messages is required');
  return messages;
}

/** Anthropic's own tool, whose searches Ollama runs (middleware/anthropic.go, hasWebSearchTool). */
function searchesTheWeb({ type = '' }: AnthropicTool): boolean {
  return type.startsWith('web_search');
}

/** Blocks of an earlier search by Ollama, and of its results (anthropic/anthropic.go, convertMessage). */
const OF_A_SEARCH: ReadonlySet<string | undefined> = new Set(['server_tool_use', 'web_search_tool_result']);

function tellsOfSearch({ content }: AnthropicMessage): boolean {
  return content.some(({ type }) => OF_A_SEARCH.has(type));
}

/** A text, or blocks whose texts are joined. Everything else is ignored. */
function systemOf(system: unknown): readonly Native[] {
  const content = typeof system === 'string' ? system : textsIn(system);
  return content === '' ? [] : [{ role: 'system', content }];
}

/** Ollama reads these lists by their exact field names. */
function textsIn(list: unknown): string {
  return objectsIn(list)
    .map(({ type, text }) => (type === 'text' && typeof text === 'string' ? text : ''))
    .join('');
}

function objectsIn(list: unknown): readonly Native[] {
  return Array.isArray(list) ? list.filter(isObject) : [];
}

const isObject = (value: unknown): value is Native => goTypeOf(value) === 'map[string]interface {}';

/**
 * One message in Ollama's form (convertMessage): texts are joined, the last thinking wins, and each tool result becomes
 * a message of its own, before the text that the user sent with it.
 */
function nativeMessages({ role: spelled, content: blocks }: AnthropicMessage): readonly Native[] {
  const role = spelled.toLowerCase();
  let content = '';
  let thinking = '';
  const images: string[] = [];
  const calls: Native[] = [];
  const results: Native[] = [];
  for (const block of blocks) {
    if (block.type === 'text') content += block.text ?? '';
    else if (block.type === 'thinking') thinking = block.thinking ?? thinking;
    else if (block.type === 'image') images.push(imageOf(block.source, 'invalid image source'));
    else if (block.type === 'tool_use') calls.push(callOf(block));
    else if (block.type === 'tool_result') results.push(resultOf(block));
  }
  const said = content !== '' || thinking !== '' || images.length > 0 || calls.length > 0;
  const own = said ? [{ role, content, ...toldBeside(thinking, images, calls) }] : [];
  return role === 'user' ? [...results, ...own] : [...own, ...results];
}

function toldBeside(thinking: string, images: readonly string[], calls: readonly Native[]): Native {
  return present({
    thinking: thinking === '' ? undefined : thinking,
    images: images.length === 0 ? undefined : images,
    tool_calls: calls.length === 0 ? undefined : calls,
  });
}

function callOf({ id = '', name = '', input = {} }: AnthropicBlock): Native {
  if (id === '') throw refusal("tool_use block missing required 'id' field");
  if (name === '') throw refusal("tool_use block missing required 'name' field");
  return { id, function: { name, arguments: input } };
}

function resultOf({ content, tool_use_id: id = '' }: AnthropicBlock): Native {
  const images = objectsIn(content)
    .filter(({ type }) => type === 'image')
    .map(({ source }) => imageOf(source, 'invalid tool_result image source'));
  return {
    role: 'tool',
    content: typeof content === 'string' ? content : textsIn(content),
    ...present({ images: images.length === 0 ? undefined : images, tool_call_id: id === '' ? undefined : id }),
  };
}

/** Accepts base64 only; `none`: the error message when there is no source. */
function imageOf(source: unknown, none: string): string {
  if (!isObject(source)) throw refusal(none);
  const { type, data } = source;
  if (type !== 'base64') {
    throw refusal(
      `invalid image source type: ${typeof type === 'string' ? type : ''}. Only base64 images are supported.`,
    );
  }
  const read = base64Of(typeof data === 'string' ? data : '');
  if (typeof read !== 'string') throw refusal(`invalid base64 image data: ${read.refused}`);
  return read;
}

function nativeTool({ name = '', description = '', input_schema: schema }: AnthropicTool): Native {
  try {
    const parameters = schema === undefined ? undefined : readAsGo(toolParameters, schema);
    return { type: 'function', function: { name, description, ...present({ parameters }) } };
  } catch (error) {
    if (!(error instanceof GoRefusal)) throw error;
    throw refusal(`invalid input_schema for tool ${JSON.stringify(name)}: ${error.message}`);
  }
}

const LEVELS: Readonly<Record<string, string>> = {
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'max',
};

/** The switch wins over the effort. Other words, such as "adaptive", set nothing. */
function thinkOf({ thinking, output_config: output }: AnthropicMessages): boolean | string | undefined {
  if (thinking?.type === 'enabled') return true;
  if (thinking?.type === 'disabled') return false;
  const effort = output?.effort?.trim().toLowerCase() ?? '';
  return Object.hasOwn(LEVELS, effort) ? LEVELS[effort] : undefined;
}
