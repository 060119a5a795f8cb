// What keeping a prompt the same stands on: where the instructions of a request are, a span in them, and whether a text is spoken of
// elsewhere in the prompt. Pure.
import { INSTRUCTING } from '../prompts/prompt.ts';
import type { UpstreamRequest } from '../ports.ts';

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
 * The messages of the system, or of the app's developer, before any other one, or `system` of /api/generate. A raw prompt has none
 * that is known. A message that is not all text is as it is.
 */
export function instructionsOf(request: UpstreamRequest): Instructions {
  const { messages, system, raw } = request;
  if (!Array.isArray(messages)) {
    const texts = typeof system === 'string' && raw !== true ? [system] : [];
    return { texts, with: ([text]) => (text === undefined ? request : { ...request, system: text }) };
  }
  const said: readonly Said[] = messages as readonly Said[];
  const end = said.findIndex(({ role, content }) => !INSTRUCTING.has(role) || typeof content !== 'string');
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

/** Fields of a request, and of its messages, that hold no words. What has such a name further in may hold some. */
const WORDLESS = new Set(['model', 'images', 'context', 'options', 'keep_alive', 'messages']);
const WORDLESS_OF_MESSAGE = new Set(['role', 'content', 'images']);

/** Whether any text of a request is so: of a message, a tool, a prompt, the names of fields among them. */
export function isSaidIn(request: UpstreamRequest, isSo: (text: string) => boolean): boolean {
  const holds = (value: unknown): boolean => {
    if (typeof value === 'string') return isSo(value);
    if (Array.isArray(value)) return value.some(holds);
    if (typeof value !== 'object' || value === null) return false;
    return Object.entries(value).some(([key, inner]) => isSo(key) || holds(inner));
  };
  const fields = (table: object, but: ReadonlySet<string>): boolean =>
    Object.entries(table).some(([key, inner]) => !but.has(key) && holds(inner));
  if (fields(request, WORDLESS)) return true;
  return messagesOf(request).some((message) => holds(message['content']) || fields(message, WORDLESS_OF_MESSAGE));
}

const messagesOf = ({ messages }: UpstreamRequest): readonly Said[] =>
  Array.isArray(messages) ? (messages as readonly Said[]) : [];

/**
 * What a user has asked last, in one message or in several: what was asked before has its answer, and what tools and instructions say is no
 * question. Parts of a message may have become messages of their own.
 */
export function lastAsked(request: UpstreamRequest): readonly string[] {
  const said = messagesOf(request);
  const last = said.findLastIndex(({ role }) => role === 'user');
  const before = said.slice(0, last + 1).findLastIndex(({ role }) => role === 'assistant');
  const asked = said.slice(before + 1, last + 1).flatMap(({ role, content }) => (role === 'user' ? [content] : []));
  return [...asked, request['prompt']].flatMap((text) => (typeof text === 'string' ? [withoutReminders(text)] : []));
}

/** A text without what Claude Code puts into the messages of its user: project files and notes, of which none is a question. */
function withoutReminders(text: string): string {
  const parts: string[] = [];
  let at = 0;
  for (let from = text.indexOf(OPEN); from !== -1; from = text.indexOf(OPEN, at)) {
    const to = text.indexOf(CLOSE, from);
    if (to === -1) break;
    parts.push(text.slice(at, from));
    at = to + CLOSE.length;
  }
  return [...parts, text.slice(at)].join('\n');
}

const OPEN = '<system-reminder>';
const CLOSE = '</system-reminder>';

/** Whether a text has the characters of one of these, small or capital, with none of a word on either side. */
export function hasWord(text: string, ...words: readonly string[]): boolean {
  const low = text.toLowerCase();
  return words.some((word) => isIn(low, word.toLowerCase()));
}

/** Looked for without a pattern: prompts are long. */
function isIn(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
    if (!IN_WORD.test(text.charAt(at - 1)) && !IN_WORD.test(text.charAt(at + word.length))) return true;
  }
  return false;
}

const IN_WORD = /[\p{L}\p{N}_]/u;
