// Where a prompt parts from an earlier one: how much is the same before that and after it, and what differs there. To the
// character where the texts of both are at hand, else to the block. Pure.
import { BLOCK, blocksOf, isSamePart, weightOf, weightOfAll, type Outline, type PartOutline } from './outline.ts';
import { recognised } from './recognise.ts';
import { compared, type Compared, type Stretch } from './side-by-side.ts';

/** A prompt as far as it is still known. */
export interface Remembered {
  readonly outline: Outline;
  /** Its whole text; undefined when that is gone. */
  readonly text: string | undefined;
}

/** A span that differs, with what stands around it. */
export interface Span {
  readonly before: string;
  readonly differs: string;
  readonly after: string;
}

/** Sizes are weights, for estimates of tokens (outline.ts), where they are not called characters. */
export interface Parting {
  readonly sameChars: number;
  readonly chars: number;
  /** Characters to which `sameChars` is sure. */
  readonly block: number;
  /** In words. */
  readonly where: string;
  /** The character of that part from which it differs, from 1; undefined where none of its parts differs. */
  readonly character: number | undefined;
  readonly what: string | undefined;
  readonly same: number;
  readonly all: number;
  /** What is the same again after the parting, and what is new; undefined where that is not known. */
  readonly sameAfter: number | undefined;
  readonly fresh: number | undefined;
  readonly then: Span | undefined;
  readonly now: Span | undefined;
}

/** Characters that are shown on each side of a span, and most of the span itself. */
const AROUND = 24;
const LONGEST = 60;

/** Where one prompt has only more than the other, and nothing differs. */
export const AT_END = 'the end of the prompt before';
export const AT_OWN_END = 'the end of this prompt';

/** A piece of a text, from one character to another, as it may be shown. */
export type ShowPiece = (text: string, from: number, to: number) => string;

/** Where `now` parts from `then`, which came before it. */
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

/** What is so of two parts of which one is of another kind. */
function otherKind(own: PartOutline, their: PartOutline): string | undefined {
  return own.images + their.images > 0 ? 'an image' : undefined;
}

/** Whether the parts of both are the same ones from here on, but for some that came or went. */
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

/** The texts of two parts; undefined where one of them is gone. */
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

/** Two prompts from the part on in which they part; `alike`: what those two parts have in common. */
interface Rest {
  readonly now: Remembered;
  readonly then: Remembered;
  readonly first: number;
  readonly alike: number;
}

/** What is the same from a part on, in one order: whole parts wherever they stand, and what the others have in common. */
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
      // One that comes later is only put off by something new.
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

/** Half of a character that takes two. */
const HALF_AT_START = /^[\udc00-\udfff]/;
const HALF_AT_END = /[\ud800-\udbff]$/;
