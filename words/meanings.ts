// What the figures of the day mean, in the language that is set. English has it in the contract, from which docs/figures.md
// is made.
import { FIGURES, type FigureName } from '../backend/contract/views/figure-meanings.ts';
import { ownText } from './texts.ts';

/** What a figure means, to be shown where it is pointed at. */
export function meaningOf(name: FigureName): string {
  return ownText(`meanings.${name}`) ?? FIGURES[name].means;
}
