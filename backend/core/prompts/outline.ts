// A prompt as hashes of its blocks: small enough to be kept for long, and no text can be read from it. Two outlines tell to
// the block where two prompts part. The hash is a quick one of 32 bits, after FNV-1a; against chance and not against an
// enemy, as what is compared is of one owner. Pure.
import type { Beginnings } from '../beginnings.ts';
import { IMAGE_CHARS } from '../prompt-size.ts';
import type { Part } from './prompt.ts';

/** Characters of a block. A part begins a block of its own. */
export const BLOCK = 256;

/** A part of a prompt without its text. */
export interface PartOutline {
  readonly name: string;
  /** The hash of its kind. */
  readonly kind: number;
  readonly chars: number;
  readonly images: number;
  /** Where its text begins in that of the whole prompt. */
  readonly at: number;
  /** Its first block; it has those before the next part's first. */
  readonly block: number;
  /** The hash of all of it. */
  readonly hash: number;
}

export interface Outline {
  readonly parts: readonly PartOutline[];
  /** The hashes of the blocks of all parts; a part without text has one too. */
  readonly blocks: Int32Array;
  readonly chars: number;
  /** The hash of all of it. */
  readonly hash: number;
}

/** `text`: that of all parts together (textOf). */
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
    // A template writes a message's pictures before its text.
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

/** The text of all parts, copied: no part of it holds on to the body that it came in. */
export function textOf(prompt: readonly Part[]): string {
  return prompt.map(({ text }) => text).join('');
}

/** How many blocks there are of so many characters. */
export function blocksOf(chars: number): number {
  return Math.max(1, Math.ceil(chars / BLOCK));
}

/** Whether two parts say the same. */
export function isSamePart(a: PartOutline, b: PartOutline): boolean {
  return a.hash === b.hash && a.chars === b.chars;
}

/** Whether two prompts say the same. */
export function isSamePrompt(a: Outline, b: Outline): boolean {
  return a.hash === b.hash && a.chars === b.chars && a.parts.length === b.parts.length;
}

/** How many blocks of another prompt this one has too, wherever they stand: asked of one prompt and many others. */
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

/** Hashes in open addressing, at most half full: many times as fast as a Set of numbers. 0 is a free place. */
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

/** A size for estimates of tokens: characters, with those that pictures stand for. */
export function weightOf({ chars, images }: Pick<PartOutline, 'chars' | 'images'>): number {
  return chars + images * IMAGE_CHARS;
}

/** That of a whole prompt. */
export function weightOfAll({ parts }: Outline): number {
  return parts.reduce((sum, part) => sum + weightOf(part), 0);
}

/** About how many bytes an outline takes. */
export function bytesOf({ parts, blocks }: Outline): number {
  return 400 + parts.length * 100 + blocks.byteLength;
}

const SEED = 0x811c9dc5 | 0;
const PRIME = 0x01000193;

/** The characters as numbers: reading them out of a text one by one takes several times as long. */
function codesOf(text: string): Uint16Array {
  const bytes = Buffer.from(text, 'utf16le');
  return new Uint16Array(bytes.buffer, bytes.byteOffset, text.length);
}

/** Never 0. Two characters at a time. */
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

/** Turned before it is joined, so that all bits and their order count. */
function joined(hash: number, next: number): number {
  return Math.imul(((hash << 13) | (hash >>> 19)) ^ next, PRIME);
}
