// Compares two texts that are mostly the same: how much they have in common, and the first span that differs. Made for
// prompts, where a clock or an id changes inside a long text, so it searches nearby and gives up soon. Pure.

import { prefix, suffix } from '../value-differences.ts';

/** How many characters must be the same again for a difference to end. */
const SYNC = 16;
/** How far the end of a difference is searched for, in characters of both texts together. */
const NEAR = 128;
/** How many differences are stepped over; what follows is compared from the end. */
const MOST = 16;
/** How many characters on each side a span may be widened by to whole words. */
const WORD = 40;

/** A stretch of a text. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

export interface Compared {
  /** Characters in common at the beginning, and in total. */
  readonly prefix: number;
  readonly same: number;
  /** The first span that differs, in whole words; empty when one text only has more than the other. */
  readonly a: Stretch;
  readonly b: Stretch;
}

/** Compares the two texts. */
export function compared(a: string, b: string): Compared {
  const begin = prefixOf(a, 0, b, 0);
  let [atA, atB] = [begin, begin];
  let same = begin;
  let first: { readonly a: number; readonly b: number } | undefined;
  for (let differences = 0; atA < a.length && atB < b.length; differences++) {
    const over = differences < MOST ? nearestSync(a, atA, b, atB) : undefined;
    if (over === undefined) {
      const end = suffixOf(a, atA, b, atB);
      same += end;
      first ??= { a: a.length - end, b: b.length - end };
      break;
    }
    first ??= over;
    const more = prefixOf(a, over.a, b, over.b);
    same += more;
    [atA, atB] = [over.a + more, over.b + more];
  }
  first ??= { a: a.length, b: b.length };
  const before = wordBefore(a, begin);
  return {
    prefix: begin,
    same,
    a: { from: begin - before, to: first.a + wordAfter(a, first.a) },
    b: { from: begin - before, to: first.b + wordAfter(b, first.b) },
  };
}

/** How many characters two texts have in common from these positions on, without splitting a surrogate pair. */
function prefixOf(a: string, fromA: number, b: string, fromB: number): number {
  const at = prefix(a, b, { a: fromA, b: fromB });
  return at > 0 && isHigh(a, fromA + at - 1) ? at - 1 : at;
}

/** The same from their ends, not beyond these positions. */
function suffixOf(a: string, fromA: number, b: string, fromB: number): number {
  const at = suffix(a, b, Math.min(a.length - fromA, b.length - fromB));
  return at > 0 && isHigh(a, a.length - at - 1) ? at - 1 : at;
}

/** The nearest positions after these from which the texts are the same again. */
function nearestSync(a: string, fromA: number, b: string, fromB: number): { a: number; b: number } | undefined {
  for (let far = 1; far <= NEAR; far++) {
    for (let inA = 0; inA <= far; inA++) {
      const [atA, atB] = [fromA + inA, fromB + far - inA];
      if (goOnAlike(a, atA, b, atB)) return { a: atA, b: atB };
    }
  }
  return undefined;
}

function goOnAlike(a: string, atA: number, b: string, atB: number): boolean {
  if (atA + SYNC > a.length || atB + SYNC > b.length) return false;
  for (let i = 0; i < SYNC; i++) if (a.charCodeAt(atA + i) !== b.charCodeAt(atB + i)) return false;
  return true;
}

/** Characters that may occur inside an id, a number or a time. */
const IN_WORD = /[\p{L}\p{N}_.:+-]/u;

function wordBefore(text: string, at: number): number {
  let length = 0;
  while (length < WORD && at > length && IN_WORD.test(text.charAt(at - length - 1))) length++;
  return length;
}

function wordAfter(text: string, at: number): number {
  let length = 0;
  while (length < WORD && at + length < text.length && IN_WORD.test(text.charAt(at + length))) length++;
  // A full stop or a colon at the end of a word does not belong to it.
  while (length > 0 && /[.:+-]/.test(text.charAt(at + length - 1))) length--;
  return length;
}

const isHigh = (text: string, at: number): boolean => /[\ud800-\udbff]/.test(text.charAt(at));
