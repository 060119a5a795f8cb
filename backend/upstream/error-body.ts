// What the body of an error says, whoever wrote it: Ollama, its runner, a proxy before it. Pure.
import { foreign, type Sentence } from '../contract/sentence.ts';

/** The most of a foreign text that is quoted. */
const QUOTE_LENGTH = 2000;

/** The body of an error is read this far. */
export const MAX_ERROR_BYTES = 64 * 1024;

/** The body of an answer that is not 2xx. */
export interface Body {
  readonly contentType: string;
  /** As much of it as was read. */
  readonly text: string;
}

/** Whether a text begins like HTML or XML. */
export function looksLikePage(text: string): boolean {
  return text.trimStart().startsWith('<');
}

/** Whether a body is a web page. */
export function isPage({ contentType, text }: Body): boolean {
  return /\bhtml\b/i.test(contentType) || looksLikePage(text);
}

/**
 * The words in an error body. The runner's errors arrive as JSON text inside the string, in llama-server's own shape
 * (`{"error":{"message"}}`); cloud models add the address where one signs in.
 */
export function saidBy(text: string, depth = 0): string | undefined {
  const value = parsed(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const { error, message, signin_url: signIn } = value as Record<string, unknown>;
  const said = error ?? message;
  if (typeof said === 'object' && said !== null) return saidBy(JSON.stringify(said), depth + 1);
  if (typeof said !== 'string') return undefined;
  const words = depth < 4 ? (saidBy(said, depth + 1) ?? said) : said;
  return typeof signIn === 'string' ? `${words} Sign in: ${signIn}` : words;
}

/** A text as JSON; undefined for what is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Words of another program as a piece of a sentence. */
export function quote(text: string): Sentence {
  return foreign(text.length > QUOTE_LENGTH ? `${text.slice(0, QUOTE_LENGTH)}…` : text);
}
