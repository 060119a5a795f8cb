// Plain numbers by the values of their labels. Counting is a few look-ups in maps, since each kept answer is counted; what
// Prometheus reads is made of them when it asks.

/** One number, and the values of its labels in the order of their names. */
export interface Sample {
  readonly labels: readonly string[];
  readonly value: number;
}

interface Branch {
  readonly branches: Map<string, Branch>;
  value: number;
}

export class Counts {
  readonly #root: Branch = { branches: new Map(), value: 0 };

  /** Adds to the number with these labels; always with as many. */
  add(by: number, ...labels: readonly string[]): void {
    let at = this.#root;
    for (const label of labels) {
      let next = at.branches.get(label);
      if (next === undefined) at.branches.set(label, (next = { branches: new Map(), value: 0 }));
      at = next;
    }
    at.value += by;
  }

  /** All that were added to. */
  samples(): Sample[] {
    const samples: Sample[] = [];
    const walk = ({ branches, value }: Branch, labels: readonly string[]): void => {
      if (branches.size === 0 && labels.length > 0) samples.push({ labels, value });
      for (const [label, branch] of branches) walk(branch, [...labels, label]);
    };
    walk(this.#root, []);
    return samples;
  }
}
