// Estimates the tokens of a prompt by Ollama's own rule of thumb: a quarter of its bytes (anthropic/anthropic.go,
// EstimateCountTokens). Pictures count as nothing there. Pure.
import { contentBlock, type AnthropicBlock, type AnthropicMessages } from '../../contract/chat/anthropic-bodies.ts';
import { jsonText } from '../../contract/go/exact-json.ts';

const BYTES_PER_TOKEN = 4;

/** At least one when there is a message or a system prompt. */
export function estimatedTokens({ system, messages = [], tools = [] }: AnthropicMessages): number {
  let size = Array.isArray(system) ? sum(system as readonly AnthropicBlock[], blockSize) : textSize(system);
  size += sum(messages, ({ role, content }) => textSize(role) + sum(content, blockSize));
  size += sum(tools, ({ name, description, input_schema: schema }) => {
    return textSize(name) + textSize(description) + (schema === undefined ? 0 : textSize(jsonText(schema)));
  });
  const least = messages.length > 0 || system !== undefined ? 1 : 0;
  return Math.max(least, Math.floor(size / BYTES_PER_TOKEN));
}

/** A value that is not an object, or has no text, counts as nothing. */
function blockSize(block: AnthropicBlock | null): number {
  const { type, text, thinking } = Object(block) as AnthropicBlock;
  const isWhole = block !== null && (type === 'tool_use' || type === 'tool_result');
  return textSize(text) + textSize(thinking) + (isWhole ? textSize(jsonText(known(block))) : 0);
}

/** The block without fields that Ollama does not know. */
function known(block: AnthropicBlock): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.keys(contentBlock.fields).map((name) => [name, block[name]]));
}

function textSize(text: unknown): number {
  return typeof text === 'string' ? Buffer.byteLength(text) : 0;
}

function sum<T>(items: readonly T[], sizeOf: (item: T) => number): number {
  return items.reduce((size, item) => size + sizeOf(item), 0);
}
