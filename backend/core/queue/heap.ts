// A binary heap: the smallest of many values, with insertion and removal in logarithmic time (Williams, "Algorithm 232:
// Heapsort", 1964). Independent of its values.

export class Heap<T> {
  readonly #values: T[] = [];
  readonly #isLess: (a: T, b: T) => boolean;

  constructor(isLess: (a: T, b: T) => boolean) {
    this.#isLess = isLess;
  }

  /** The smallest value; undefined when the heap is empty. */
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

  /** Removes the smallest value. */
  shift(): T | undefined {
    const values = this.#values;
    const least = values[0];
    const last = values.pop();
    if (last !== undefined && values.length > 0) this.#sink(last);
    return least;
  }

  /** Puts the value at the root and moves it down to its place. */
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
