// Who goes first since its prompt goes on with what its runner has read last: a prompt that is read in between would take that
// place, and all of it would have to be read again. What runners hold is learned in core/prompts. Pure.
import type { Readable } from '../beginnings.ts';

/** What runners hold of prompts, as the order sees it. Lengths are weights (beginnings.ts). */
export interface PromptView {
  /** How much of a prompt its runner would not have to read. */
  reach(runner: string, prompt: Readable): number;
  /** The same once that prompt was read there. */
  after(runner: string, prompt: Readable): PromptView;
}

/** One who waits, as far as this is concerned. */
export interface Promptly {
  readonly runner: string;
  /** What it asks, where that is known. */
  readonly prompt?: Readable | undefined;
}

/** Characters: to read fewer takes less time than it does to explain to somebody that another one went first. */
const WORTH = 1024;

/**
 * Of the candidates, which are for the same runner, the one to whom going before `due` saves the most reading in all; the
 * first of several. Undefined where it is not worth it: so it is always where no prompt has anything in common with another.
 */
export function whoGoesOn<W extends Promptly>(due: W, candidates: Iterable<W>, now: PromptView): W | undefined {
  const { runner, prompt: its } = due;
  if (its === undefined) return undefined;
  let best: W | undefined;
  let most = WORTH - 1;
  let known: { readonly reach: number; readonly after: PromptView } | undefined;
  for (const candidate of candidates) {
    const { prompt } = candidate;
    if (candidate === due || prompt === undefined) continue;
    const reach = now.reach(runner, prompt);
    // It can save no more than this.
    if (reach <= most) continue;
    known ??= { reach: now.reach(runner, its), after: now.after(runner, its) };
    const lost = reach - known.after.reach(runner, prompt);
    if (lost <= most) continue;
    const saved = lost - (known.reach - now.after(runner, prompt).reach(runner, its));
    if (saved > most) [best, most] = [candidate, saved];
  }
  return best;
}
