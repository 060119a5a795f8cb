// Plain numbers by the values of their labels. Counting takes a few map lookups, since each cached answer is counted;
// Prometheus' text is made from them on request.

/** A number, with the values of its labels in the order of their names. */
export interface Sample {
  readonly labels: readonly string[];
  readonly value: number;
}

interface Branch {
  readonly branches: Map<string, Branch>;
  value: number;
}

const branch = (): Branch => ({ branches: new Map(), value: 0 });

export class Counts {
  readonly #root = branch();

  /** Adds to the number with these labels; always pass the same number of labels. */
  add(by: number, ...labels: readonly string[]): void {
    let at = this.#root;
    for (const label of labels) {
      let next = at.branches.get(label);
      if (next === undefined) at.branches.set(label, (next = branch()));
      at = next;
    }
    at.value += by;
  }

  /** All numbers. */
  samples(): Sample[] {
    return [...this.#root.branches].flatMap(([label, of]) => [...leaves(of, [label])]);
  }

  /** The numbers with this first label, by their other labels. */
  under(first: string): Sample[] {
    const of = this.#root.branches.get(first);
    return of === undefined ? [] : [...leaves(of, [])];
  }
}

function* leaves({ branches, value }: Branch, labels: readonly string[]): Generator<Sample> {
  if (branches.size === 0) yield { labels, value };
  for (const [label, of] of branches) yield* leaves(of, [...labels, label]);
}
