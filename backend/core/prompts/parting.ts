// Where a prompt differs from an earlier one: how much is the same before and after that, and what differs. To the
// character if both texts are known, else to the block. Pure.
import { BLOCK, blocksOf, isSamePart, weightOf, weightOfAll, type Outline, type PartOutline } from './outline.ts';
import { recognised } from './recognise.ts';
import { compared, type Compared, type Stretch } from './side-by-side.ts';

/** A prompt, as far as it is still known. */
export interface Remembered {
  readonly outline: Outline;
  /** Its whole text; undefined when it was forgotten. */
  readonly text: string | undefined;
}

/** A differing span with its surroundings. */
export interface Span {
  readonly before: string;
  readonly differs: string;
  readonly after: string;
}

/** Sizes are weights for token estimates (outline.ts), unless they are called characters. */
export interface Parting {
  readonly sameChars: number;
  readonly chars: number;
  /** The precision of `sameChars`, in characters. */
  readonly block: number;
  /** The part, in words. */
  readonly where: string;
  /** The first differing character of that part, from 1; undefined when no part differs. */
  readonly character: number | undefined;
  readonly what: string | undefined;
  readonly same: number;
  readonly all: number;
  /** What is the same again after the difference, and what is new; undefined when unknown. */
  readonly sameAfter: number | undefined;
  readonly fresh: number | undefined;
  readonly then: Span | undefined;
  readonly now: Span | undefined;
}

/** How many characters are shown on each side of a span, and at most of the span itself. */
const AROUND = 24;
const LONGEST = 60;

/** The place when one prompt only has more than the other, and nothing differs. */
export const AT_END = 'the end of the prompt before';
export const AT_OWN_END = 'the end of this prompt';

/** Returns a piece of a text, from one character to another, in a form that may be shown. */
export type ShowPiece = (text: string, from: number, to: number) => string;

/** Where `now` differs from `then`, which came before it. */
export function partingOf(now: Remembered, then: Remembered, show: ShowPiece): Parting {
  const [ours, theirs] = [now.outline.parts, then.outline.parts];
  let same = 0;
  let first = 0;
  for (let own = ours[0], their = theirs[0]; own && their && isSamePart(own, their);) {
    same += weightOf(own);
    first++;
    own = ours[first];
    their = theirs[first];
  }
  const own = ours[first];
  const their = theirs[first];
  const all = weightOfAll(now.outline);
  const sameChars = own?.at ?? now.outline.chars;
  if (own === undefined || their === undefined) {
    const where = own === undefined && their !== undefined ? AT_OWN_END : AT_END;
    const nothing = { character: undefined, what: undefined, then: undefined, now: undefined };
    return {
      sameChars,
      chars: now.outline.chars,
      block: 1,
      where,
      ...nothing,
      same,
      all,
      sameAfter: 0,
      fresh: all - same,
    };
  }
  const common = { chars: now.outline.chars, where: own.name, all };
  const texts = textsOf({ now, own }, { then, their });
  if (texts === undefined) {
    const inPart = sameBlocks(now.outline, own, then.outline, their);
    const unknown = { what: undefined, sameAfter: undefined, fresh: undefined, then: undefined, now: undefined };
    const known = { sameChars: sameChars + inPart, block: BLOCK, character: inPart + 1, same: same + inPart };
    return { ...common, ...known, ...unknown };
  }
  const apart = own.kind === their.kind ? compared(texts.now, texts.then) : undefined;
  const { prefix } = apart ?? { prefix: 0 };
  const sameAfter = Math.max(0, sameFrom({ now, then, first, alike: apart?.same ?? 0 }) - prefix);
  const shown =
    apart === undefined
      ? { what: otherKind(own, their), then: undefined, now: undefined }
      : shownOf(texts, apart, show);
  return {
    ...common,
    sameChars: sameChars + prefix,
    block: 1,
    character: prefix + 1,
    same: same + prefix,
    sameAfter,
    fresh: all - same - prefix - sameAfter,
    ...shown,
    what: moved({ ours, theirs }, first) ?? shown.what,
  };
}

/** The description of two parts of different kinds. */
function otherKind(own: PartOutline, their: PartOutline): string | undefined {
  return own.images + their.images > 0 ? 'an image' : undefined;
}

/** Whether both have the same parts from here on, except for some that were added or removed. */
function moved(
  { ours, theirs }: { readonly ours: readonly PartOutline[]; readonly theirs: readonly PartOutline[] },
  first: number,
): string | undefined {
  const comesLater = (part: PartOutline | undefined, others: readonly PartOutline[]): boolean =>
    part !== undefined && others.some((other, i) => i > first && isSamePart(part, other));
  const gone = comesLater(ours[first], theirs);
  const added = comesLater(theirs[first], ours);
  if (gone && added) return 'another order';
  if (gone) return 'a part left out';
  return added ? 'a part put in' : undefined;
}

interface PartNow {
  readonly now: Remembered;
  readonly own: PartOutline;
}

interface PartThen {
  readonly then: Remembered;
  readonly their: PartOutline;
}

/** The texts of two parts; undefined when one was forgotten. */
function textsOf(
  { now, own }: PartNow,
  { then, their }: PartThen,
): { readonly now: string; readonly then: string } | undefined {
  if (now.text === undefined || then.text === undefined) return undefined;
  return { now: textOfPart(now.text, own), then: textOfPart(then.text, their) };
}

const textOfPart = (text: string, { at, chars }: PartOutline): string => text.slice(at, at + chars);

/** Characters of the blocks that two parts have in common at their beginning. */
function sameBlocks(a: Outline, own: PartOutline, b: Outline, their: PartOutline): number {
  const most = Math.min(blocksOf(own.chars), blocksOf(their.chars));
  let at = 0;
  while (at < most && a.blocks[own.block + at] === b.blocks[their.block + at]) at++;
  return Math.min(at * BLOCK, own.chars, their.chars);
}

/** Two prompts from their first differing part on; `alike`: what those two parts have in common. */
interface Rest {
  readonly now: Remembered;
  readonly then: Remembered;
  readonly first: number;
  readonly alike: number;
}

/**
 * How much is the same from a part on, in the same order: whole parts at any position, and what the other parts have in
 * common.
 */
function sameFrom({ now, then, first, alike }: Rest): number {
  const [ours, theirs] = [now.outline.parts, then.outline.parts];
  const later = new Map(ours.map(({ hash }, i) => [hash, i]));
  let same = 0;
  let next = first;
  for (let i = first; i < ours.length; i++) {
    const own = ours[i];
    if (own === undefined) break;
    const found = theirs.findIndex((their, at) => at >= next && isSamePart(own, their));
    const their = theirs[next];
    if (found !== -1) {
      same += weightOf(own);
      next = found + 1;
    } else if (their !== undefined && (later.get(their.hash) ?? -1) <= i) {
      // A part that comes later was only moved back by something new.
      same += i === first && next === first ? alike : alikeIn({ now, own }, { then, their });
      next++;
    }
  }
  return same;
}

function alikeIn(ours: PartNow, theirs: PartThen): number {
  const texts = ours.own.kind === theirs.their.kind ? textsOf(ours, theirs) : undefined;
  return texts === undefined ? 0 : compared(texts.now, texts.then).same;
}

function shownOf(
  { now, then }: { readonly now: string; readonly then: string },
  { a, b }: Compared,
  show: ShowPiece,
): Pick<Parting, 'what' | 'then' | 'now'> {
  const what = recognised({
    now: now.slice(a.from, a.to),
    then: then.slice(b.from, b.to),
    before: now.slice(Math.max(0, a.from - AROUND), a.from),
  });
  return { what, then: spanOf(then, b, show), now: spanOf(now, a, show) };
}

function spanOf(text: string, { from, to }: Stretch, show: ShowPiece): Span {
  const differs =
    to - from > LONGEST ? `${show(text, from, from + LONGEST - 1).replace(HALF_AT_END, '')}…` : show(text, from, to);
  return {
    before: show(text, Math.max(0, from - AROUND), from).replace(HALF_AT_START, ''),
    differs,
    after: show(text, to, Math.min(text.length, to + AROUND)).replace(HALF_AT_END, ''),
  };
}

/** Half of a surrogate pair. */
const HALF_AT_START = /^[\udc00-\udfff]/;
const HALF_AT_END = /[\ud800-\udbff]$/;
