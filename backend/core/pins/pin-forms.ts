// What keeping a prompt the same stands on: where the instructions of a request are, a span in them, and whether a text is spoken of
// elsewhere in the prompt. Pure.
import type { UpstreamRequest } from '../ports.ts';
import { asksForInstructions } from './repeat-words.ts';

/** A stretch of a text, what stands there as it was sent, and what is to stand there instead. */
export interface PinSpan {
  readonly from: number;
  readonly to: number;
  readonly sent: string;
  readonly now: string;
}

/** The texts with which a request begins that are nobody's own words: what may be pinned is in them alone. */
export interface Instructions {
  readonly texts: readonly string[];
  /** The request with other such texts in their places. */
  with(texts: readonly string[]): UpstreamRequest;
}

type Said = Readonly<Record<string, unknown>>;

/**
 * The system messages before any other one, or `system` of /api/generate. A raw prompt has none that is known. A message that
 * is not all text is as it is.
 */
export function instructionsOf(request: UpstreamRequest): Instructions {
  const { messages, system, raw } = request;
  if (!Array.isArray(messages)) {
    const texts = typeof system === 'string' && raw !== true ? [system] : [];
    return { texts, with: ([text]) => (text === undefined ? request : { ...request, system: text }) };
  }
  const said: readonly Said[] = messages as readonly Said[];
  const end = said.findIndex(({ role, content }) => role !== 'system' || typeof content !== 'string');
  const leading = said.slice(0, end === -1 ? said.length : end);
  return {
    texts: leading.map(({ content }) => String(content)),
    with: (texts) => ({
      ...request,
      messages: said.map((message, i) => {
        const content = texts[i];
        return content === undefined || content === message['content'] ? message : { ...message, content };
      }),
    }),
  };
}

/** A text with these spans, in their order, as they are to be. */
export function replaced(text: string, spans: readonly PinSpan[]): string {
  let at = 0;
  const parts: string[] = [];
  for (const { from, to, now } of spans) {
    parts.push(text.slice(at, from), now);
    at = to;
  }
  return spans.length === 0 ? text : [...parts, text.slice(at)].join('');
}

/** A text with nothing in place of these spans: what else it says. */
export function without(text: string, spans: readonly PinSpan[]): string {
  return replaced(
    text,
    spans.map((span) => ({ ...span, now: '\n' })),
  );
}

/** Fields of a request, and of what is in it, that hold no words. */
const WORDLESS = new Set(['model', 'images', 'context', 'options', 'keep_alive']);

/** Whether one of these stands as a word of its own in any text of a request, in small letters or capital ones. */
export function isSpokenOf(request: UpstreamRequest, ...words: readonly string[]): boolean {
  return isSaidIn(request, (text) => hasWord(text, ...words));
}

/** Whether any text of a request is so: of a message, a tool, a prompt. */
export function isSaidIn(request: UpstreamRequest, isSo: (text: string) => boolean): boolean {
  const holds = (value: unknown): boolean => {
    if (typeof value === 'string') return isSo(value);
    if (Array.isArray(value)) return value.some(holds);
    if (typeof value !== 'object' || value === null) return false;
    return Object.entries(value).some(([key, inner]) => !WORDLESS.has(key) && holds(inner));
  };
  return holds(request);
}

/** Whether a text has the characters of one of these, small or capital, with none of a word on either side. */
export function hasWord(text: string, ...words: readonly string[]): boolean {
  const low = text.toLowerCase();
  return words.some((word) => timesIn(low, word.toLowerCase()) > 0);
}

/** How often a text has them so, or anywhere. Looked for without a pattern: prompts are long. */
export function timesIn(text: string, word: string, anywhere = false): number {
  let times = 0;
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
    if (anywhere || !(IN_WORD.test(text.charAt(at - 1)) || IN_WORD.test(text.charAt(at + word.length)))) times++;
  }
  return times;
}

const IN_WORD = /[\p{L}\p{N}_]/u;

/**
 * Whether a user has the instructions repeated, in what was said last: what was asked before has its answer. What tools and instructions
 * say of such is no question.
 */
export function hasRepeated({ messages, prompt }: UpstreamRequest): boolean {
  const said: readonly Said[] = Array.isArray(messages) ? (messages as readonly Said[]) : [];
  const last = said.findLast(({ role }) => role === 'user')?.['content'] ?? prompt;
  return typeof last === 'string' && asksForInstructions(last);
}
