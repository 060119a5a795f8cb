// What keeping prompts stable would have saved where two of them differ, and what it saved where it is done. Pure.
import type { PinDiff, Pinned, PinWords } from '../../../contract/rules/pin-rule.ts';
import type { UpstreamRequest } from '../../ports.ts';
import type { Asked } from '../../prompts/asked-before.ts';
import { outlineOf, textOf } from '../../prompts/outline.ts';
import { partingOf, type Parting, type Remembered, type ShowPiece } from '../../prompts/parting.ts';
import { promptOf } from '../../prompts/prompt.ts';
import { keptStable } from '../../pins/pins.ts';
import { pinDiffs } from './pin-diff.ts';

/**
 * What could be kept stable, and how much more of the prompt could then be reused, as a weight (prompts/outline.ts).
 */
export interface Pinnable {
  readonly words: PinWords;
  readonly weight: number;
  /** How the change would look. */
  readonly diff: PinDiff | undefined;
}

/** What is offered, in this order. Keeping only the date of a clock is never offered, since the time may be missed. */
const OFFERED: readonly PinWords[] = [
  { what: 'billing_line', how: 'pin' },
  { what: 'clock', how: 'to_end' },
];

/** Texts are only compared here, so they need no masking. */
const AS_IT_IS = (text: string): string => text;

/** The name that prompts/prompt.ts uses. */
const INSTRUCTIONS = 'the system prompt';

interface TwoPrompts {
  readonly now: Remembered;
  readonly then: Remembered;
  readonly parting: Parting;
}

/**
 * The first offer with which the two prompts would stay the same for longer. Undefined unless they differ in their
 * instructions and both texts are at hand. `request` is the one of `now`; the rule must apply to it. `safePiece` is as
 * for pinDiffs.
 */
export function pinnableIn(
  request: UpstreamRequest,
  { now, then, parting }: TwoPrompts,
  safePiece: ShowPiece,
): Pinnable | undefined {
  if (parting.where !== INSTRUCTIONS || parting.character === undefined) return undefined;
  if (now.text === undefined || then.text === undefined) return undefined;
  for (const words of OFFERED) {
    const rules = { [words.what]: words.how };
    const kept = keptStable(request, rules);
    if (kept.pinned.length === 0) continue;
    const [ours, theirs] = [now, then].map((each) => remembered(keptStable(asRequest(each), rules).request));
    if (ours === undefined || theirs === undefined) continue;
    const weight = partingOf(ours, theirs, AS_IT_IS).same - parting.same;
    if (weight > 0) return { words, weight, diff: pinDiffs(kept.request, kept.pinned, safePiece)[0]?.diff };
  }
  return undefined;
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

/** A prompt as a request that rules can be applied to: its instructions as system, what is asked last, and all else as said before. */
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
