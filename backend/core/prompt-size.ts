// The size of a prompt in characters, and what that says about its tokens. Pure.

/** The characters that an image counts as. It becomes some hundred to two thousand tokens, by model and size. */
export const IMAGE_CHARS = 4000;

/** A ratio outside this range means that Ollama did not count the whole prompt: most was cached, or it was cut. */
const PLAUSIBLE_RATIO = { least: 1, most: 8 } as const;

/** Characters per token; undefined when the ratio shows that the tokens are no count of the whole prompt. */
export function wholeRatio(chars: number, tokens: number): number | undefined {
  const ratio = chars / tokens;
  return ratio >= PLAUSIBLE_RATIO.least && ratio <= PLAUSIBLE_RATIO.most ? ratio : undefined;
}

/**
 * The size of a prompt in characters: its messages (/api/chat) or its texts (/api/generate), and as JSON the tools that
 * the model is given and the calls that it made.
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
/** The size as JSON; 0 for what is nested too deeply for JSON.stringify. */
function jsonChars(list: unknown): number {
  if (!Array.isArray(list) || list.length === 0) return 0;
  try {
    return JSON.stringify(list).length;
  } catch {
    return 0;
  }
}
