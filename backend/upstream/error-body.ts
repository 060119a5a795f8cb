// Finds the words in the body of an error by Ollama, its runner, or a proxy in front of it. Pure.
import { foreign, type Sentence } from '../contract/sentence.ts';

/** Maximum length of a quoted foreign text. Characters. */
const QUOTE_LENGTH = 2000;

/** Bytes of an error's body that are read. */
export const MAX_ERROR_BYTES = 64 * 1024;

/** The body of an answer that is not 2xx. */
export interface Body {
  readonly contentType: string;
  /** The part that was read. */
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
 * The words in an error body. The runner's errors arrive as JSON text inside the string, in llama-server's own form
 * (`{"error":{"message"}}`); cloud models add the sign-in address.
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

/** Parses JSON; undefined for invalid text. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Words of another program, for use in a sentence. */
export function quote(text: string): Sentence {
  return foreign(text.length > QUOTE_LENGTH ? `${text.slice(0, QUOTE_LENGTH)}…` : text);
}
