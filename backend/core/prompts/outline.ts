// A prompt as hashes of its blocks: small enough to keep for long, and its text can't be read from it. Two outlines
// show, to the block, where two prompts differ. The hash is a fast one of 32 bits, like FNV-1a. It protects against
// chance and not against attackers, since only prompts of one owner are compared. Pure.
import type { Beginnings } from '../beginnings.ts';
import { IMAGE_CHARS } from '../prompt-size.ts';
import type { Part } from './prompt.ts';

/** Characters per block. Each part begins a new block. */
export const BLOCK = 256;

/** A part of a prompt without its text. */
export interface PartOutline {
  readonly name: string;
  /** The hash of its kind. */
  readonly kind: number;
  readonly chars: number;
  readonly images: number;
  /** Where its text begins in the text of the whole prompt. */
  readonly at: number;
  /** Its first block; its blocks end where the next part's begin. */
  readonly block: number;
  /** The hash of the whole part. */
  readonly hash: number;
}

export interface Outline {
  readonly parts: readonly PartOutline[];
  /** The hashes of the blocks of all parts. A part without text has one block too. */
  readonly blocks: Int32Array;
  readonly chars: number;
  /** The hash of the whole prompt. */
  readonly hash: number;
}

/** `text` is the text of all parts together (textOf). */
export function outlineOf(prompt: readonly Part[], text: string): Outline {
  const parts: PartOutline[] = [];
  const codes = codesOf(text);
  const blocks = new Int32Array(prompt.reduce((sum, { text: { length } }) => sum + blocksOf(length), 0));
  let at = 0;
  let block = 0;
  let whole = SEED;
  for (const { name, kind, text: own, images } of prompt) {
    const end = at + own.length;
    const ofKind = hashed(codesOf(kind), { from: 0, to: kind.length }, SEED);
    let hash = ofKind;
    const first = block;
    for (let from = at; from < end || block === first; from += BLOCK) {
      const of = hashed(codes, { from, to: Math.min(end, from + BLOCK) }, block === first ? ofKind : SEED);
      blocks[block++] = of;
      hash = joined(hash, of);
    }
    parts.push({ name, kind: ofKind, chars: own.length, images, at, block: first, hash });
    whole = joined(whole, hash);
    at = end;
  }
  return { parts, blocks, chars: at, hash: whole };
}

/** The hashes of all its beginnings. */
export function beginningsOf({ parts, blocks }: Outline): Beginnings {
  const hashes = new Int32Array(blocks.length);
  const ends = new Int32Array(blocks.length);
  let hash = SEED;
  let at = 0;
  let block = 0;
  for (const { chars, images } of parts) {
    // Templates write a message's images before its text.
    at += images * IMAGE_CHARS;
    for (let left = chars, first = block; left > 0 || block === first; left -= BLOCK, block++) {
      hash = joined(hash, blocks[block] ?? 0);
      at += Math.min(left, BLOCK);
      hashes[block] = hash;
      ends[block] = at;
    }
  }
  return { hashes, ends };
}

/** The text of all parts, copied so that no part keeps the body that it came in alive. */
export function textOf(prompt: readonly Part[]): string {
  return prompt.map(({ text }) => text).join('');
}

/** The number of blocks for this many characters. */
export function blocksOf(chars: number): number {
  return Math.max(1, Math.ceil(chars / BLOCK));
}

/** Whether two parts are equal. */
export function isSamePart(a: PartOutline, b: PartOutline): boolean {
  return a.hash === b.hash && a.chars === b.chars;
}

/** Whether two prompts are equal. */
export function isSamePrompt(a: Outline, b: Outline): boolean {
  return a.hash === b.hash && a.chars === b.chars && a.parts.length === b.parts.length;
}

/**
 * How many blocks of another prompt occur in this one, at any position. Prepared for comparing one prompt with many
 * others.
 */
export function sharedBlocks({ blocks }: Outline): (other: Outline) => number {
  const own = tableOf(blocks);
  const last = own.length - 1;
  return ({ blocks: others }) => {
    let shared = 0;
    // An iterator would cost more than the look-up.
    for (let i = 0; i < others.length; i++) {
      const block = others[i] ?? 0;
      let at = block & last;
      while (own[at] !== 0 && own[at] !== block) at = (at + 1) & last;
      if (own[at] === block) shared++;
    }
    return shared;
  };
}

/** A hash table with open addressing, at most half full: many times as fast as a Set of numbers. 0 is a free slot. */
function tableOf(hashes: Int32Array): Int32Array {
  const table = new Int32Array(2 ** Math.ceil(Math.log2(2 * hashes.length + 2)));
  const last = table.length - 1;
  for (const hash of hashes) {
    let at = hash & last;
    while (table[at] !== 0 && table[at] !== hash) at = (at + 1) & last;
    table[at] = hash;
  }
  return table;
}

/** The size for token estimates: characters, including those that images count as. */
export function weightOf({ chars, images }: Pick<PartOutline, 'chars' | 'images'>): number {
  return chars + images * IMAGE_CHARS;
}

/** The weight of a whole prompt. */
export function weightOfAll({ parts }: Outline): number {
  return parts.reduce((sum, part) => sum + weightOf(part), 0);
}

/** The approximate bytes that an outline takes. */
export function bytesOf({ parts, blocks }: Outline): number {
  return 400 + parts.length * 100 + blocks.byteLength;
}

const SEED = 0x811c9dc5 | 0;
const PRIME = 0x01000193;

/** The characters as numbers: reading them from a string one by one takes several times as long. */
function codesOf(text: string): Uint16Array {
  const bytes = Buffer.from(text, 'utf16le');
  return new Uint16Array(bytes.buffer, bytes.byteOffset, text.length);
}

/** Never 0. Hashes two characters at a time. */
function hashed(
  codes: Uint16Array,
  { from, to }: { readonly from: number; readonly to: number },
  seed: number,
): number {
  let hash = seed;
  let at = from;
  for (; at + 1 < to; at += 2) hash = joined(hash, (codes[at] ?? 0) | ((codes[at + 1] ?? 0) << 16));
  if (at < to) hash = joined(hash, codes[at] ?? 0);
  return hash === 0 ? SEED : hash;
}

/** Rotates before joining, so that all bits and their order count. */
function joined(hash: number, next: number): number {
  return Math.imul(((hash << 13) | (hash >>> 19)) ^ next, PRIME);
}
