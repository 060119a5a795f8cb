// A binary heap: the least of many values at hand, put in and taken out in time that grows with the logarithm of their
// number (Williams, "Algorithm 232: Heapsort", 1964). It knows nothing of what it holds.

export class Heap<T> {
  readonly #values: T[] = [];
  readonly #isLess: (a: T, b: T) => boolean;

  constructor(isLess: (a: T, b: T) => boolean) {
    this.#isLess = isLess;
  }

  /** The least one; undefined when it is empty. */
  get least(): T | undefined {
    return this.#values[0];
  }

  add(value: T): void {
    const values = this.#values;
    let at = values.length;
    for (; at > 0;) {
      const above = (at - 1) >> 1;
      const parent = values[above];
      if (parent === undefined || !this.#isLess(value, parent)) break;
      values[at] = parent;
      at = above;
    }
    values[at] = value;
  }

  /** Takes the least one out. */
  shift(): T | undefined {
    const values = this.#values;
    const least = values[0];
    const last = values.pop();
    if (last !== undefined && values.length > 0) this.#sink(last);
    return least;
  }

  /** Puts the value where the least one was, and lets it down to its place. */
  #sink(value: T): void {
    const values = this.#values;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const [a, b] = [values[left], values[left + 1]];
      if (a === undefined) break;
      const [child, below] = b !== undefined && this.#isLess(b, a) ? [b, left + 1] : [a, left];
      if (!this.#isLess(child, value)) break;
      values[at] = child;
      at = below;
    }
    values[at] = value;
  }
}
