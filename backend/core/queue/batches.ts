// Counts how well grouping by runner works: consecutive leases for one runner are a batch. Only counts.

export interface BatchFigures {
  readonly leases: number;
  readonly batches: number;
  readonly model_switches: number;
  /** Switches that first-come-first-served would have made in addition. */
  readonly model_switches_avoided: number;
}

/** The counts, and the runner of the last lease. */
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
  /** The counts before the last lease; undefined when there was none since the last reset. */
  #before: Counts | undefined;
  #lastArrived: string | undefined;

  /** Call at each arrival. Returns whether first-come-first-served would switch the runner here. */
  arrived(runner: string): boolean {
    const switches = this.#lastArrived !== undefined && this.#lastArrived !== runner;
    this.#lastArrived = runner;
    return switches;
  }

  /** Call at each lease, with the result of arrived(). */
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

  /** Uncounts the last lease, which was given back unused. */
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
