// The figures of one step, by owner, caller and model: each request counts once, for its model and caller together.
// Totals of all, of each model and of each caller are computed on demand. It has no text except these names.
import { LOCAL } from '../ownership.ts';
import { Figures, sumOf } from './step-figures.ts';

/** The model, caller and owner of a request. */
export interface Whose {
  /** The installed name, if there is one. */
  readonly model: string;
  readonly caller: string;
  readonly owner: string;
}

/** What is summed up: everything, one model, or one caller of one owner. */
export const GROUPS = ['all', 'model', 'caller'] as const;
export type Group = (typeof GROUPS)[number];

/**
 * The figures of one member of a group; `all` has one member without a name. Models have no owner, so they belong to
 * this machine.
 */
export interface Share {
  readonly group: Group;
  readonly name: string;
  readonly owner: string;
  readonly figures: Figures;
}

/** Stands for the models or callers that exceed the limit. */
export const OTHERS = '(other)';

/**
 * How many pairs of model and caller a tally has. Further ones are counted together, so that hostile names can't fill
 * memory.
 */
const MAX_CELLS = 500;

interface Cell extends Whose {
  readonly figures: Figures;
}

export class Tally {
  /** By owner, caller and model. */
  readonly #cells = new Map<string, Map<string, Map<string, Cell>>>();
  readonly #list: Cell[] = [];
  /** The last cell, since the same app often asks the same model again. */
  #last: Cell | undefined;
  mostWaiting: number;

  constructor(waiting: number) {
    this.mostWaiting = waiting;
  }

  /** The figures in which such a request is counted. */
  of({ model, caller, owner }: Whose): Figures {
    const last = this.#last;
    if (last?.model === model && last.caller === caller && last.owner === owner) return last.figures;
    const known = this.#cells.get(owner)?.get(caller)?.get(model);
    if (known === undefined && this.#list.length >= MAX_CELLS && caller !== OTHERS) {
      return this.of({ model: OTHERS, caller: OTHERS, owner: LOCAL });
    }
    this.#last = known ?? this.#made({ model, caller, owner });
    return this.#last.figures;
  }

  get all(): Figures {
    const all = sumOf(this.#list.map(({ figures }) => figures));
    all.most_waiting = this.mostWaiting;
    return all;
  }

  /** One share of all, and one of each model and each caller. */
  shares(): Share[] {
    const shares = new Map<string, Share>();
    for (const { model, caller, owner, figures } of this.#list) {
      for (const share of [
        { group: 'model', name: model, owner: LOCAL },
        { group: 'caller', name: caller, owner },
      ] as const) {
        const key = JSON.stringify(share);
        const sum = shares.get(key) ?? { ...share, figures: new Figures() };
        sum.figures.add(figures);
        shares.set(key, sum);
      }
    }
    return [{ group: 'all', name: '', owner: LOCAL, figures: this.all }, ...shares.values()];
  }

  add(other: Tally): this {
    for (const { figures, ...whose } of other.#list) this.of(whose).add(figures);
    this.mostWaiting = Math.max(this.mostWaiting, other.mostWaiting);
    return this;
  }

  #made(whose: Whose): Cell {
    const { model, caller, owner } = whose;
    const cell = { ...whose, figures: new Figures() };
    const callers = this.#cells.get(owner) ?? new Map<string, Map<string, Cell>>();
    const models = callers.get(caller) ?? new Map<string, Cell>();
    this.#cells.set(owner, callers.set(caller, models.set(model, cell)));
    this.#list.push(cell);
    return cell;
  }
}
