// Values by key, and which of them was used longest ago: lru-cache, in several parts. V8 copies a table that grows or
// shrinks in one go: the one `delete` that leaves 65,535 of 200,000 keys takes over 5 ms of processor time.
import { LRUCache } from 'lru-cache';

/** What is held says itself when it was used last, so that the parts together have one order. */
export interface Used {
  /** Counts all uses; the largest is the latest. */
  use: number;
}

export class Recent<V extends Used> {
  /** By the first character of their keys: for hexadecimal digests there are sixteen. */
  readonly #parts = new Map<number, LRUCache<string, V>>();
  readonly #left: (value: V) => void;
  #uses = 0;

  /** `left` is told each value that was deleted, once it has left. */
  constructor(left: (value: V) => void) {
    this.#left = left;
  }

  get size(): number {
    let size = 0;
    for (const part of this.#parts.values()) size += part.size;
    return size;
  }

  /** A value, which counts as used by this. */
  get(key: string): V | undefined {
    const value = this.#part(key).get(key);
    if (value !== undefined) value.use = ++this.#uses;
    return value;
  }

  /** A value, without using it. */
  peek(key: string): V | undefined {
    return this.#part(key).peek(key);
  }

  /** Takes the place of a value with this key, and counts as used. */
  set(key: string, value: V): void {
    value.use = ++this.#uses;
    this.#part(key).set(key, value);
  }

  delete(key: string): void {
    this.#part(key).delete(key);
  }

  /** Deletes the one that was not used for the longest time, if there is any, and gives it. */
  pop(): V | undefined {
    let oldest: { readonly part: LRUCache<string, V>; readonly use: number } | undefined;
    for (const part of this.#parts.values()) {
      const [value] = part.rvalues();
      if (value !== undefined && (oldest === undefined || value.use < oldest.use)) oldest = { part, use: value.use };
    }
    return oldest?.part.pop();
  }

  #part(key: string): LRUCache<string, V> {
    const first = key.charCodeAt(0);
    let part = this.#parts.get(first);
    if (part === undefined) {
      // Whoever uses this decides what has to go, by bytes, so here is no bound but the one that lru-cache asks for.
      part = new LRUCache({
        maxSize: Number.MAX_SAFE_INTEGER,
        sizeCalculation: () => 1,
        dispose: (value) => this.#left(value),
      });
      this.#parts.set(first, part);
    }
    return part;
  }
}
