// What requests of OpenAI's two dialects share, as Ollama reads it (openai/openai.go): reasoning effort, pictures, and
// the arguments of a tool call. Pure.
import { toolArguments } from '../../contract/chat/ollama-bodies.ts';
import { base64Of } from '../go/go-base64.ts';
import { isPlain } from '../go/go-body.ts';
import { readAsGo } from '../go/go-read.ts';
import { readExactly } from '../go/go-syntax.ts';
import { refusal } from './understood.ts';

const EFFORTS: Readonly<Record<string, boolean | string>> = {
  none: false,
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'max',
  ultra: 'max',
  max: 'max',
};

const EFFORTS_NAMED = '"minimal", "low", "medium", "high", "xhigh", "ultra", "max", or "none"';

/** `think` for a reasoning effort; undefined when none is given. Throws invalid_request in Ollama's words. */
export function thinkOf(effort: string): boolean | string | undefined {
  if (effort === '') return undefined;
  const think = Object.hasOwn(EFFORTS, effort) ? EFFORTS[effort] : undefined;
  if (think !== undefined) return think;
  throw refusal(`invalid reasoning value: ${JSON.stringify(effort)} (must be ${EFFORTS_NAMED})`);
}

const IMAGE = /^data:(?:image\/(?:jpeg|jpg|png|webp))?;base64,/;

/** The picture of a data URL, in base64. Throws invalid_request in Ollama's words. */
export function imageIn(url: string): string {
  if (/^https?:\/\//.test(url)) {
    throw refusal('image URLs are not currently supported, please use base64 encoded data instead');
  }
  const data = IMAGE.test(url) ? base64Of(url.replace(IMAGE, '')) : undefined;
  if (typeof data !== 'string') throw refusal('invalid image input');
  return data;
}

/** Arguments of a tool call in the order of its text: the cache key depends on that order. Throws GoRefusal. */
export function argumentsIn(text: string): unknown {
  return readAsGo(toolArguments, jsonIn(text)) ?? {};
}

/** JSON text as Go's Unmarshal reads it, for readAsGo: numbers may still be text. Throws GoRefusal. */
export function jsonIn(text: string): unknown {
  return quickly(text) ?? readExactly(Buffer.from(text), true);
}

function quickly(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return isPlain(text, value) ? value : undefined;
  } catch {
    return undefined;
  }
}
