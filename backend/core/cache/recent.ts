// Values by key in order of use: lru-cache, split into several parts. V8 copies a table that grows or shrinks in one
// go: the `delete` that leaves 65,535 of 200,000 keys takes over 5 ms of processor time.
import { LRUCache } from 'lru-cache';

/** Each value stores its last use, so that the parts together have one order. */
export interface Used {
  /** A count of all uses; the largest is the latest. */
  use: number;
}

export class Recent<V extends Used> {
  /** By the first character of the keys: sixteen parts for hexadecimal digests. */
  readonly #parts = new Map<number, LRUCache<string, V>>();
  readonly #left: (value: V) => void;
  #uses = 0;

  /** Calls `left` with each deleted value, once it has left. */
  constructor(left: (value: V) => void) {
    this.#left = left;
  }

  get size(): number {
    let size = 0;
    for (const part of this.#parts.values()) size += part.size;
    return size;
  }

  /** A value; counts as a use. */
  get(key: string): V | undefined {
    const value = this.#part(key).get(key);
    if (value !== undefined) value.use = ++this.#uses;
    return value;
  }

  /** A value, without counting a use. */
  peek(key: string): V | undefined {
    return this.#part(key).peek(key);
  }

  /** Replaces the value of this key, and counts as a use. */
  set(key: string, value: V): void {
    value.use = ++this.#uses;
    this.#part(key).set(key, value);
  }

  delete(key: string): void {
    this.#part(key).delete(key);
  }

  /** Removes and returns the least recently used value, if there is any. */
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
      // The caller decides by bytes what to evict, so the only bound here is the one that lru-cache requires.
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
