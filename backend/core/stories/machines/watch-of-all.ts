// The watch over several machines as one. A model counts as installed if any machine has it and may be asked for it;
// Ollama counts as up while one machine answers. For overviews only: a run uses the watch of its own machine.
import type { InstalledModel, LoadedModel, UpstreamState, Watch } from '../../ports.ts';
import { named } from '../../models/names.ts';
import type { Machine } from './machine.ts';

/** The machines, by priority. */
export interface Watched {
  readonly inOrder: readonly Machine[];
  readonly first: Machine;
  /** The machines that a request would wake, with the models that they may be asked for. */
  readonly asleep: readonly { readonly models: readonly InstalledModel[] }[];
  /** Whether a machine may be asked for a model. */
  may(machine: Machine, model: string): boolean;
}

export class WatchOfAll implements Watch {
  readonly #machines: Watched;

  constructor(machines: Watched) {
    this.#machines = machines;
  }

  get #watches(): readonly Watch[] {
    return this.#machines.inOrder.map(({ watch }) => watch);
  }

  #allowed(machine: Machine, list: readonly InstalledModel[]): readonly InstalledModel[] {
    return list.filter(({ name }) => this.#machines.may(machine, name));
  }

  /** The state of the first machine that answers, with the models of all. */
  get state(): UpstreamState {
    const states = this.#watches.map(({ state }) => state);
    const lists = this.#machines.inOrder.flatMap((machine) => {
      const { installed } = machine.watch.state;
      return installed === undefined ? [] : [this.#allowed(machine, installed)];
    });
    lists.push(...this.#machines.asleep.map(({ models }) => models));
    const { state } = this.#machines.first.watch;
    return {
      ...state,
      status: states.some(({ status }) => status === 'up')
        ? 'up'
        : states.some(({ status }) => status === 'unknown')
          ? 'unknown'
          : 'down',
      away: states.every(({ away }) => away),
      installed: lists.length === 0 ? undefined : eachOnce(lists),
      loaded: states.flatMap(({ loaded }) => loaded),
    };
  }

  async resolve(model: string, signal: AbortSignal): Promise<InstalledModel | undefined> {
    const asked = this.#machines.inOrder.filter((machine) => this.#machines.may(machine, model));
    const found = await Promise.all(asked.map(({ watch }) => watch.resolve(model, signal)));
    return (
      found.find((each) => each !== undefined) ??
      named(
        model,
        this.#machines.asleep.flatMap(({ models }) => models),
      )
    );
  }

  peek(model: string): InstalledModel | undefined {
    for (const machine of this.#machines.inOrder) {
      const found = this.#machines.may(machine, model) ? machine.watch.peek(model) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Undefined unless every machine that answers has reported its list. */
  get currentList(): readonly InstalledModel[] | undefined {
    const up = this.#machines.inOrder.filter(({ watch }) => watch.state.status === 'up');
    const lists: (readonly InstalledModel[])[] = [];
    for (const machine of up) {
      const { currentList } = machine.watch;
      if (currentList === undefined) return undefined;
      lists.push(this.#allowed(machine, currentList));
    }
    return lists.length === 0 ? undefined : eachOnce(lists);
  }

  async firstLook(ms: number, signal: AbortSignal): Promise<void> {
    await Promise.race(this.#watches.map((watch) => watch.firstLook(ms, signal)));
  }

  invalidate(): void {
    for (const watch of this.#watches) watch.invalidate();
  }

  async refreshLoaded(signal: AbortSignal): Promise<readonly LoadedModel[]> {
    const up = this.#watches.filter(({ state }) => state.status === 'up');
    return (await Promise.all(up.map((watch) => watch.refreshLoaded(signal)))).flat();
  }

  /** Throws the error of the last machine when none lets a call through. */
  admit(): void {
    let refusal: unknown;
    for (const watch of this.#watches) {
      try {
        return watch.admit();
      } catch (error) {
        refusal = error;
      }
    }
    throw refusal;
  }

  /** Resolves when one machine is found; otherwise rejects with the error of the first. */
  async find(signal: AbortSignal): Promise<void> {
    const finding = this.#watches.map((watch) => watch.find(signal));
    await Promise.any(finding).catch(() => finding[0]);
  }

  /** A call belongs to one machine and is reported to its watch. */
  report(): void {
    return;
  }
}

/** The models of all lists; of equal names the first. */
export function eachOnce(lists: readonly (readonly InstalledModel[])[]): InstalledModel[] {
  const byName = new Map<string, InstalledModel>();
  for (const model of lists.flat()) if (!byName.has(model.name)) byName.set(model.name, model);
  return [...byName.values()];
}
