// Figures by whose they are, for one step of time: each request counts once, for its model and its caller together, and is
// added up for all, for each model and for each caller when somebody wants to know. It keeps no text but these names.
import { LOCAL } from '../ownership.ts';
import { Figures, sumOf } from './step-figures.ts';

/** Whose request something belongs to. */
export interface Whose {
  /** By its installed name, where it has one. */
  readonly model: string;
  readonly caller: string;
  readonly owner: string;
}

/** What is added up: everything, one model, or one caller of one owner. */
export const GROUPS = ['all', 'model', 'caller'] as const;
export type Group = (typeof GROUPS)[number];

/** The figures of one of a group; `all` has one, without a name. Models belong to nobody, so that this machine sees them. */
export interface Share {
  readonly group: Group;
  readonly name: string;
  readonly owner: string;
  readonly figures: Figures;
}

/** Stands for the models or callers for which there was no room. */
export const OTHERS = '(other)';

/** Pairs of model and caller in one tally; further ones are counted together, so that hostile names cannot fill memory. */
const MAX_CELLS = 500;

interface Cell extends Whose {
  readonly figures: Figures;
}

export class Tally {
  /** By owner, caller and model. */
  readonly #cells = new Map<string, Map<string, Map<string, Cell>>>();
  readonly #list: Cell[] = [];
  /** The same app asks the same model again and again. */
  #last: Cell | undefined;
  mostWaiting: number;

  constructor(waiting: number) {
    this.mostWaiting = waiting;
  }

  /** Where a request of these is counted. */
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

  /** One share of all, and one of each model and caller that asked for something. */
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
