// A body as Go reads it. JSON.parse is used where it gives the same result, as it does for what usual clients send. Pure.
import { isUtf8 } from 'node:buffer';
import { AppError } from '../../contract/errors.ts';
import { GoRefusal, type GoType } from '../../contract/go/go-type.ts';
import { anthropicMessages } from '../../contract/chat/anthropic-bodies.ts';
import { ollamaChat, ollamaEmbed, ollamaGenerate } from '../../contract/chat/ollama-bodies.ts';
import { openAiChat, openAiCompletion, openAiEmbeddings } from '../../contract/chat/openai-bodies.ts';
import { responsesBody } from '../../contract/chat/responses-bodies.ts';
import { HALF, readExactly } from './go-syntax.ts';

/** Reads a body. What the quick way refuses is read again exactly, since Go's sentences quote what was written. */
export function readGoBody<T>(bytes: Buffer, read: (body: unknown) => T): T {
  const body = readQuickly(bytes);
  if (body !== undefined) {
    try {
      return read(body);
    } catch (error) {
      if (!(error instanceof AppError) && !(error instanceof GoRefusal)) throw error;
    }
  }
  return read(readExactly(withoutMark(bytes)));
}

/** What JSON.parse makes of a body; undefined where Go would read something else. */
export function readQuickly(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) return undefined;
  const text = withoutMark(bytes).toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    return isPlain(text, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A byte order mark is skipped here; Go refuses it. */
export function withoutMark(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

/** Deeper bodies go to the exact reader, which has its own stack. */
const MOST_QUICK = 100;

/** Whether JSON.parse lost nothing that Go looks at: repeated names, their order, digits, lone surrogates. */
export function isPlain(text: string, value: unknown): boolean {
  const halves = /\\u[dD][89a-fA-F]/.test(text);
  const look = { halves, fraction: false };
  const names = namesIn(value, look, 0);
  // Not below MOST_QUICK: each list that is open there is searched to its end.
  if (Number.isNaN(names)) return false;
  if (look.fraction && (WHOLE_AS_FRACTION.test(text) || ESCAPED_LETTER.test(text))) return false;
  return names === namesInText(text);
}

/**
 * Where Go wants a whole number it refuses `1.0`, which JSON.parse gives as 1: the names of such fields, and such a number
 * under one of them or in a list under it.
 */
const WHOLE = [
  ...wholeNames([
    ollamaChat,
    ollamaGenerate,
    ollamaEmbed,
    openAiChat,
    openAiCompletion,
    openAiEmbeddings,
    responsesBody,
    anthropicMessages,
  ]),
];
const IS_WHOLE = new RegExp(`^(?:${WHOLE.join('|')})$`, 'iu');
const WHOLE_AS_FRACTION = new RegExp(String.raw`"(?:${WHOLE.join('|')})"\s*:\s*(?:\[[^\]]*?|-?\d*)\d[.eE]`, 'iu');

/** A name may be written with these. */
const ESCAPED_LETTER = /\\u00[2-7]/;

/** The names under which a type has a whole number, or a list of them. */
function wholeNames(
  types: readonly GoType[],
  seen = new Set<GoType>(),
  under = '',
  found = new Set<string>(),
): Set<string> {
  for (const type of types) {
    if (type.kind === 'int') found.add(under);
    if (type.kind === 'pointer') wholeNames([type.to], seen, under, found);
    if (type.kind === 'list') wholeNames([type.of], seen, under, found);
    if (type.kind !== 'struct' || seen.has(type)) continue;
    seen.add(type);
    for (const [name, field] of Object.entries(type.fields)) wholeNames([field], seen, name, found);
  }
  return found;
}

/** How many names there are in all; NaN where something is that must be read exactly. `whole`: it stands under WHOLE. */
function namesIn(
  value: unknown,
  look: { readonly halves: boolean; fraction: boolean },
  depth: number,
  whole = false,
): number {
  if (typeof value === 'string') return look.halves && HALF.test(value) ? Number.NaN : 0;
  if (typeof value === 'number') {
    look.fraction ||= whole;
    return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? 0 : Number.NaN;
  }
  if (typeof value !== 'object' || value === null) return 0;
  if (depth === MOST_QUICK) return Number.NaN;
  let names = 0;
  if (Array.isArray(value)) {
    for (const item of value) names += namesIn(item, look, depth + 1, whole);
    return names;
  }
  for (const name in value) {
    // Names that look like numbers come first in JavaScript, wherever they stood.
    if (names === 0 && name >= '0' && name < ':' && Object.keys(value).length > 1) return Number.NaN;
    if (look.halves && HALF.test(name)) return Number.NaN;
    const item = (value as Record<string, unknown>)[name];
    const whole = (typeof item === 'number' || Array.isArray(item)) && IS_WHOLE.test(name);
    names += 1 + namesIn(item, look, depth + 1, whole);
  }
  return names;
}

/**
 * How often a quotation mark stands before a colon: once for each name, and for each text that begins with a colon. So
 * the count is never too small, and equal to that of the names only when none came twice.
 */
function namesInText(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) {
    let next = at + 1;
    while (isSpace(text.charCodeAt(next))) next++;
    if (text.charCodeAt(next) === COLON && !isEscaped(text, at)) count++;
  }
  return count;
}

const COLON = 0x3a;
const BACKSLASH = 0x5c;

const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text.charCodeAt(before - 1) === BACKSLASH) before--;
  return (at - before) % 2 === 1;
}
