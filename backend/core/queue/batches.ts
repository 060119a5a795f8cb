// Counts how well grouping by runner works: leases in a row for one runner are a batch. Counts only.

export interface BatchFigures {
  readonly leases: number;
  readonly batches: number;
  readonly model_switches: number;
  /** Switches that first-come-first-served would have made on top of those. */
  readonly model_switches_avoided: number;
}

/** What is counted, and the runner of the last lease. */
interface Counts {
  readonly leases: number;
  readonly batches: number;
  readonly switches: number;
  readonly fifoSwitches: number;
  readonly lastRun: string | undefined;
}

const NONE: Omit<Counts, 'lastRun'> = { leases: 0, batches: 0, switches: 0, fifoSwitches: 0 };

export class BatchCounter {
  #counts: Counts = { ...NONE, lastRun: undefined };
  /** How they stood before the last lease; undefined where there is none since the last reset. */
  #before: Counts | undefined;
  #lastArrived: string | undefined;

  /** Call at each arrival; true when plain first-come-first-served would switch the runner before it. */
  arrived(runner: string): boolean {
    const switches = this.#lastArrived !== undefined && this.#lastArrived !== runner;
    this.#lastArrived = runner;
    return switches;
  }

  /** Call at each lease, with what arrived() said of it. */
  leased(runner: string, fifoSwitch: boolean): void {
    const { leases, batches, switches, fifoSwitches, lastRun } = this.#counts;
    this.#before = this.#counts;
    // The first lease after a reset opens a batch, whatever ran before.
    const opens = runner !== lastRun || batches === 0;
    const switched = runner !== lastRun && lastRun !== undefined;
    this.#counts = {
      leases: leases + 1,
      batches: batches + Number(opens),
      switches: switches + Number(switched),
      fifoSwitches: fifoSwitches + Number(fifoSwitch),
      lastRun: runner,
    };
  }

  /** The last lease was given back unused: it counts as never given. */
  takeBack(): void {
    this.#counts = this.#before ?? this.#counts;
    this.#before = undefined;
  }

  reset(): void {
    this.#counts = { ...NONE, lastRun: this.#counts.lastRun };
    this.#before = undefined;
  }

  get figures(): BatchFigures {
    const { leases, batches, switches, fifoSwitches } = this.#counts;
    return {
      leases,
      batches,
      model_switches: switches,
      model_switches_avoided: Math.max(0, fifoSwitches - switches),
    };
  }
}
