// What the fake Ollama says when a test does not script it: a deterministic text, JSON or vector made from the request.
// Deliberately no language model and no tokenizer: a "token" is four characters of prompt or one piece of answer.

/** Word-sized pieces whose concatenation is the text; no piece cuts a character. */
export function words(text: string): readonly string[] {
  return text.match(/\s*\S+(?:\s+$)?/g) ?? (text === '' ? [] : [text]);
}

/** About how many tokens a prompt text has. */
export const tokens = (text: string): number => Math.ceil(text.length / 4);

/** FNV-1a, 32 bits: spreads texts; not for secrets. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}

/** A small random number generator (mulberry32), so that the same text always gives the same answer. Values 0 to 1. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  };
}

const VOCABULARY =
  'a the warm small quiet bright hearth ember kettle window garden river stone paper lantern morning winter bread story keeps holds lights carries follows near under beside through after before and while'.split(
    ' ',
  );

/** The default answer to a text: quotes its beginning and adds a dozen words that depend on all of it. */
export function answerTo(text: string): readonly string[] {
  const random = numbers(hash(text));
  // Code points, so that a surrogate pair at the limit stays whole.
  const quoted = Array.from(text.slice(0, 120)).slice(0, 48).join('').replaceAll(/\s+/g, ' ').trim();
  const pieces = [...words(`You said "${quoted}".`)];
  const length = 10 + Math.trunc(random() * 8);
  for (let index = 0; index < length; index++) {
    pieces.push(` ${VOCABULARY[Math.trunc(random() * VOCABULARY.length)] ?? ''}`);
  }
  pieces.push('.');
  return pieces;
}

/** The default thinking of a model that thinks. */
export function thoughtsOn(text: string): readonly string[] {
  return words(`The question has ${Array.from(text).length} characters. A short answer will do.`);
}

/** JSON text for `format`, in pieces of a few characters. */
export function jsonAnswer(format: unknown): readonly string[] {
  const text = JSON.stringify(format === 'json' ? { answer: 'fake' } : instanceOf(format));
  return Array.from({ length: Math.ceil(text.length / 5) }, (_, index) => text.slice(index * 5, index * 5 + 5));
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An answer is filled in so many levels deep; below that it has empty lists and objects. */
const LEVELS = 100;

/** The simplest value a simple JSON Schema allows; patterns, formats and references are not looked at. */
function instanceOf(schema: unknown, levels = LEVELS): unknown {
  if (!isObject(schema) || levels === 0) return {};
  if ('const' in schema) return schema['const'];
  for (const choices of [schema['enum'], schema['anyOf'], schema['oneOf']]) {
    if (!Array.isArray(choices) || choices.length === 0) continue;
    const first: unknown = choices[0];
    return choices === schema['enum'] ? first : instanceOf(first, levels - 1);
  }
  const type: unknown = Array.isArray(schema['type']) ? schema['type'][0] : schema['type'];
  switch (type) {
    case 'string':
      return 'text';
    case 'integer':
    case 'number':
      return typeof schema['minimum'] === 'number' ? schema['minimum'] : 1;
    case 'boolean':
      return true;
    case 'null':
      return null;
    case 'array':
      return levels === 1 ? [] : [instanceOf(schema['items'], levels - 1)];
    default: {
      const properties = isObject(schema['properties']) ? schema['properties'] : {};
      return Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, instanceOf(each, levels - 1)]));
    }
  }
}

/** A vector for a text: the same text gives the same one. Numbers have seven digits, as a float32 printed by Go. */
export function vector(text: string, length: number, normalised: boolean): readonly number[] {
  const random = numbers(hash(text));
  const raw = Array.from({ length }, () => random() * 2 - 1);
  const size = normalised ? Math.hypot(...raw) || 1 : 1;
  return raw.map((value) => Number((value / size).toPrecision(7)));
}
