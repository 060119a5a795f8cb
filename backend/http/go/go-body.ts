// Reads a body as Go does. Uses JSON.parse where the result is the same, as for the bodies of common clients. Pure.
import { isUtf8 } from 'node:buffer';
import { AppError } from '../../contract/errors.ts';
import { GoRefusal, type GoType } from '../../contract/go/go-type.ts';
import { anthropicMessages } from '../../contract/chat/anthropic-bodies.ts';
import { ollamaChat, ollamaEmbed, ollamaGenerate } from '../../contract/chat/ollama-bodies.ts';
import { openAiChat, openAiCompletion, openAiEmbeddings } from '../../contract/chat/openai-bodies.ts';
import { responsesBody } from '../../contract/chat/responses-bodies.ts';
import { HALF, readExactly } from './go-syntax.ts';

/**
 * Parses a body with `read`. A body that the fast path refuses is read again exactly, since Go's messages quote the
 * text.
 */
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

/** The result of JSON.parse; undefined if Go would read something else. */
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

/** Skips a byte order mark, which Go refuses. */
export function withoutMark(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

/** Deeper bodies go to the exact reader, which does not recurse. */
const MOST_QUICK = 100;

/** Whether JSON.parse lost nothing that Go notices: repeated names, their order, digits, lone surrogates. */
export function isPlain(text: string, value: unknown): boolean {
  const halves = /\\u[dD][89a-fA-F]/.test(text);
  const look = { halves, fraction: false };
  const names = namesIn(value, look, 0);
  // A depth over MOST_QUICK gives NaN: the searches below would scan each open list to its end.
  if (Number.isNaN(names)) return false;
  if (look.fraction && (WHOLE_AS_FRACTION.test(text) || ESCAPED_LETTER.test(text))) return false;
  return names === namesInText(text);
}

/**
 * Go refuses `1.0` for a whole number, but JSON.parse returns 1 for it. This finds such a number under the names of
 * whole-number fields, or in a list under one of them.
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

/** A field's name may be written with these escapes. */
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

/**
 * Counts the names in a value; NaN if it holds something that must be read exactly. `whole`: the value is under a WHOLE
 * name.
 */
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
    // JavaScript moves names that look like numbers to the front.
    if (names === 0 && name >= '0' && name < ':' && Object.keys(value).length > 1) return Number.NaN;
    if (look.halves && HALF.test(name)) return Number.NaN;
    const item = (value as Record<string, unknown>)[name];
    const whole = (typeof item === 'number' || Array.isArray(item)) && IS_WHOLE.test(name);
    names += 1 + namesIn(item, look, depth + 1, whole);
  }
  return names;
}

/**
 * Counts quotation marks before a colon: one for each name, and one for each text that begins with a colon. So the
 * count is never too small, and equals that of the names only when no name is repeated.
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
