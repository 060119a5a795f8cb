// Lets a request go first whose prompt continues what its runner read last. Another prompt in between would replace
// that, and all of it would have to be read again. core/prompts learns what runners hold. Pure.
import type { Readable } from '../beginnings.ts';

/** What runners hold of prompts, as the order sees it. Lengths are weights (beginnings.ts). */
export interface PromptView {
  /** How much of a prompt its runner would not have to read. */
  reach(runner: string, prompt: Readable): number;
  /** The view after that prompt was read there. */
  after(runner: string, prompt: Readable): PromptView;
}

/** The parts of a waiter that matter here. */
export interface Promptly {
  readonly runner: string;
  /** Its prompt, if known. */
  readonly prompt?: Readable | undefined;
}

/** The least saving in characters: reading fewer takes less time than explaining why another request went first. */
const WORTH = 1024;

/**
 * Which candidate for the same runner saves the most reading in total by going before `due`; the first of several.
 * Undefined when it is not worth it, as always when no prompts have anything in common.
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
    // It can't save more than this.
    if (reach <= most) continue;
    known ??= { reach: now.reach(runner, its), after: now.after(runner, its) };
    const lost = reach - known.after.reach(runner, prompt);
    if (lost <= most) continue;
    const saved = lost - (known.reach - now.after(runner, prompt).reach(runner, its));
    if (saved > most) [best, most] = [candidate, saved];
  }
  return best;
}
