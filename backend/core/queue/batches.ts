// Counts how well grouping by runner works: leases in a row for one runner are a batch. Counts only.

export interface BatchFigures {
  readonly leases: number;
  readonly batches: number;
  readonly model_switches: number;
  /** Switches that first-come-first-served would have made on top of those. */
  readonly model_switches_avoided: number;
}

export class BatchCounter {
  #leases = 0;
  #batches = 0;
  #switches = 0;
  #fifoSwitches = 0;
  #lastRun: string | undefined;
  #lastArrived: string | undefined;

  /** Call at each arrival; true when plain first-come-first-served would switch the runner before it. */
  arrived(runner: string): boolean {
    const switches = this.#lastArrived !== undefined && this.#lastArrived !== runner;
    this.#lastArrived = runner;
    return switches;
  }

  /** Call at each lease, with what arrived() said of it. */
  leased(runner: string, fifoSwitch: boolean): void {
    this.#leases++;
    if (fifoSwitch) this.#fifoSwitches++;
    const same = runner === this.#lastRun;
    // The first lease after a reset opens a batch, whatever ran before.
    if (same && this.#batches > 0) return;
    this.#batches++;
    if (!same && this.#lastRun !== undefined) this.#switches++;
    this.#lastRun = runner;
  }

  reset(): void {
    this.#leases = 0;
    this.#batches = 0;
    this.#switches = 0;
    this.#fifoSwitches = 0;
  }

  get figures(): BatchFigures {
    return {
      leases: this.#leases,
      batches: this.#batches,
      model_switches: this.#switches,
      model_switches_avoided: Math.max(0, this.#fifoSwitches - this.#switches),
    };
  }
}
