// What keeping prompts stable would have saved where two of them differ, and what it saved where it is done. Pure.
import type { PinDiff, PinName, Pinned, PinnedSpans, PinRules, PinWords } from '../../../contract/rules/pin-rule.ts';
import type { UpstreamRequest } from '../../ports.ts';
import { lengthOf } from '../../beginnings.ts';
import type { Asked } from '../../prompts/asked-before.ts';
import { outlineOf, textOf, weightOf, type Outline } from '../../prompts/outline.ts';
import type { Stood } from '../../prompts/held.ts';
import { partingOf, type Parting, type Remembered, type ShowPiece } from '../../prompts/parting.ts';
import { IMAGE_CHARS } from '../../prompt-size.ts';
import { promptOf } from '../../prompts/prompt.ts';
import { keptStable } from '../../pins/pins.ts';
import { pinDiffs } from './pin-diff.ts';

/**
 * What could be kept the same, and how much of the prompt would have been the same as what stood before it then.
 * Weights (prompts/outline.ts).
 */
export interface Pinnable {
  readonly words: PinWords;
  /** What has to be kept the same as well for that. */
  readonly also: readonly PinWords[];
  /** As it was sent, and as it would have been. */
  readonly same: number;
  readonly kept: number;
  /** How it would look. */
  readonly diff: PinDiff | undefined;
}

/** What is offered, in this order. Keeping only the date of a clock is never offered, since the time may be missed. */
const OFFERED: readonly PinWords[] = [
  { what: 'billing_line', how: 'pin' },
  { what: 'clock', how: 'to_end' },
];

/** One alone is offered before both where it brings at least this share of what both do. */
const MOST_OF_IT = 0.5;

/** Texts are only compared here, so they need no masking. */
const AS_IT_IS = (text: string): string => text;

/** The name that prompts/prompt.ts uses. */
const INSTRUCTIONS = 'the system prompt';

/** Two prompts, of which the second one stood where the first was read. */
interface TwoPrompts {
  readonly now: Remembered;
  readonly then: Remembered;
  readonly parting: Parting;
  /** What of `then` stood there still. */
  readonly stood: Stood;
}

/**
 * What is offered with which the two would go together for longest: one kind, or both where one alone brings little.
 * Only where they part in their instructions, and the texts of both are at hand. `request`: the one of `now`, to which
 * the rule itself must apply; `isOpen`: what may be offered at all; `safePiece`: as for pinDiffs.
 */
export function pinnableIn(
  request: UpstreamRequest,
  { now, then, parting, stood }: TwoPrompts,
  { isOpen, safePiece }: { isOpen(what: PinName): boolean; readonly safePiece: ShowPiece },
): Pinnable | undefined {
  const { same, where, character } = parting;
  if (where !== INSTRUCTIONS || character === undefined) return undefined;
  if (now.text === undefined || then.text === undefined) return undefined;
  const most = lengthOf(stood.prompt.beginnings);
  const open = OFFERED.filter(({ what }) => isOpen(what));
  let best: Pinnable | undefined;
  for (const each of [...open.map((one) => [one]), ...(open.length > 1 ? [open] : [])]) {
    const rules: PinRules = Object.fromEntries(each.map(({ what, how }) => [what, how]));
    const { request: up, pinned } = keptStable(request, rules);
    const [words, ...also] = each;
    // Where a rule does nothing, it is not offered.
    if (words === undefined || pinned.length < each.length) continue;
    const [ours, theirs] = [now, then].map((prompt) => remembered(keptStable(asRequest(prompt), rules).request));
    if (ours === undefined || theirs === undefined) continue;
    const kept = Math.min(most, partingOf(ours, theirs, AS_IT_IS).same);
    const isMore = best === undefined ? kept > same : (kept - same) * MOST_OF_IT > best.kept - same;
    if (isMore || (best?.also.length === 0 && also.length === 0 && kept > best.kept)) {
      best = { words, also, same, kept, diff: joined(pinDiffs(up, pinned, safePiece).map(({ diff }) => diff)) };
    }
  }
  return best;
}

/** Several, one after the other. */
function joined(diffs: readonly (PinDiff | undefined)[]): PinDiff | undefined {
  const known = diffs.filter((diff) => diff !== undefined);
  const ends = known.flatMap(({ end }) => end ?? []);
  return known.length === 0
    ? undefined
    : {
        sent: known.flatMap(({ sent }) => sent),
        now: known.flatMap(({ now }) => now),
        ...(ends.length === 0 ? {} : { end: ends.join('\n') }),
      };
}

/** Where a place in a text of the instructions stands in all of the prompt: a weight. */
export function weightBefore({ parts }: Outline, { text, at }: PinnedSpans['spans'][number]): number {
  let instructions = 0;
  let weight = at;
  for (const part of parts) {
    if (part.name === INSTRUCTIONS && instructions++ === text) return weight + part.images * IMAGE_CHARS;
    weight += weightOf(part);
  }
  return weight;
}

/**
 * The weight of what would have been the same as before if this prompt had gone up as it was sent. Undefined when
 * nothing was kept stable, or the prompt before had the same text there.
 */
export function savedFrom(now: Pick<Asked, 'pinned'>, then: Pick<Asked, 'pinned'>): number | undefined {
  const hashes = new Map(then.pinned?.map(({ what, sent_hash }) => [what, sent_hash]));
  const changed = now.pinned?.filter(({ what, sent_hash }) => hashes.has(what) && hashes.get(what) !== sent_hash) ?? [];
  return changed.length === 0 ? undefined : Math.min(...changed.map(({ at }: Pick<Pinned, 'at'>) => at));
}

/**
 * A prompt as a request that rules can be applied to: its instructions as system, what is asked last, and all else as
 * said before.
 */
function asRequest({ outline, text = '' }: Remembered): UpstreamRequest {
  const last = outline.parts.length - 1;
  return {
    model: '',
    messages: outline.parts.map(({ name, at, chars }, i) => ({
      role: name === INSTRUCTIONS ? 'system' : i === last ? 'user' : 'assistant',
      content: text.slice(at, at + chars),
    })),
  };
}

function remembered(request: UpstreamRequest): Remembered {
  const prompt = promptOf(request);
  const text = textOf(prompt);
  return { outline: outlineOf(prompt, text), text };
}
