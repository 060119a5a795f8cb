// How large a prompt is, in characters, and what that says of its tokens. Pure.

/** An image counts as so many characters: it becomes some hundred to two thousand tokens, by model and size. */
export const IMAGE_CHARS = 4000;

/** A ratio outside says more about what Ollama did not count than about the text: most cached, or cut. */
const PLAUSIBLE_RATIO = { least: 1, most: 8 } as const;

/** Characters for each token; undefined where so few or so many tokens are no count of the whole prompt. */
export function wholeRatio(chars: number, tokens: number): number | undefined {
  const ratio = chars / tokens;
  return ratio >= PLAUSIBLE_RATIO.least && ratio <= PLAUSIBLE_RATIO.most ? ratio : undefined;
}

/**
 * The size of a prompt in characters: its messages (/api/chat), or its texts (/api/generate), with the tools that the model
 * is told of and the calls that it made, as JSON.
 */
export function promptChars({ messages, prompt, system, suffix, images, tools }: Prompted): number {
  let chars = sizeOf(prompt) + sizeOf(system) + sizeOf(suffix) + imageChars(images) + jsonChars(tools);
  if (!Array.isArray(messages)) return chars;
  for (const message of messages as readonly Prompted[]) {
    const { content, thinking, tool_calls } = message;
    chars += sizeOf(content) + sizeOf(thinking) + imageChars(message.images) + jsonChars(tool_calls);
  }
  return chars;
}

/** A request, or a message in it. */
type Prompted = Readonly<Record<string, unknown>>;

const sizeOf = (text: unknown): number => (typeof text === 'string' ? text.length : 0);
const imageChars = (images: unknown): number => (Array.isArray(images) ? images.length * IMAGE_CHARS : 0);
/** What is too deep for JSON.stringify says nothing of a prompt's size. */
function jsonChars(list: unknown): number {
  if (!Array.isArray(list) || list.length === 0) return 0;
  try {
    return JSON.stringify(list).length;
  } catch {
    return 0;
  }
}
