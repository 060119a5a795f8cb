// Values by key, and which of them was used longest ago: like lru-cache, but with its keys in several tables. V8 copies a
// table that grows or shrinks in one go: the one `delete` that leaves 65,535 of 200,000 keys takes over 5 ms of processor time.

interface Place<V> {
  readonly key: string;
  value: V;
  /** Used before and after it; undefined at the ends. */
  older: Place<V> | undefined;
  newer: Place<V> | undefined;
}

export class Recent<V> {
  readonly #tables: Map<string, Place<V>>[] = [];
  readonly #left: (value: V) => void;
  #oldest: Place<V> | undefined;
  #newest: Place<V> | undefined;
  #size = 0;

  /** `left` is told each value that was deleted, once it has left. */
  constructor(left: (value: V) => void) {
    this.#left = left;
  }

  get size(): number {
    return this.#size;
  }

  /** A value, which counts as used by this. */
  get(key: string): V | undefined {
    const place = this.#table(key).get(key);
    if (place === undefined) return undefined;
    if (place !== this.#newest) {
      this.#unlink(place);
      this.#append(place);
    }
    return place.value;
  }

  /** A value, without using it. */
  peek(key: string): V | undefined {
    return this.#table(key).get(key)?.value;
  }

  /** Takes the place of a value with this key, and counts as used. */
  set(key: string, value: V): void {
    this.delete(key);
    const place: Place<V> = { key, value, older: undefined, newer: undefined };
    this.#table(key).set(key, place);
    this.#append(place);
    this.#size++;
  }

  delete(key: string): void {
    const table = this.#table(key);
    const place = table.get(key);
    if (place === undefined) return;
    table.delete(key);
    this.#unlink(place);
    this.#size--;
    this.#left(place.value);
  }

  /** Deletes the one that was not used for the longest time, if there is any. */
  pop(): void {
    if (this.#oldest !== undefined) this.delete(this.#oldest.key);
  }

  /** The table of a key, by its first character: for hexadecimal digests there are sixteen. */
  #table(key: string): Map<string, Place<V>> {
    const first = key.charCodeAt(0);
    let table = this.#tables[first];
    if (table === undefined) this.#tables[first] = table = new Map();
    return table;
  }

  #append(place: Place<V>): void {
    place.older = this.#newest;
    place.newer = undefined;
    if (this.#newest === undefined) this.#oldest = place;
    else this.#newest.newer = place;
    this.#newest = place;
  }

  #unlink({ older, newer }: Place<V>): void {
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
  }
}
