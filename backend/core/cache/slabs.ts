// Records in blocks of a few large buffers, which are used again and again. A buffer for each record would wait for a full
// garbage collection after its record has gone, and leave a gap of its size for the allocator to fill; blocks of one size
// are free at once, and fit whatever comes next. What is kept where is known to the caller alone.

/** A record takes whole blocks; half of one is lost on average. */
const BLOCK_BYTES = 512;
/** Blocks of one slab, which so is a megabyte. */
const BLOCKS = 2048;

interface Slab {
  /** Its place among the slabs. */
  readonly index: number;
  readonly bytes: Buffer;
  /** For each block the one that follows it: the next of its record, by its number among all, or the next free one here. */
  readonly next: Uint32Array;
  /** The first free block. */
  free: number;
  used: number;
}

export class Slabs {
  /** Places of slabs that were given back are empty until they are taken again. */
  readonly #slabs: (Slab | undefined)[] = [];
  /** Those with a free block. */
  readonly #roomy = new Set<Slab>();

  /** Bytes that a record of this length takes. */
  static costOf(length: number): number {
    return Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES;
  }

  /** Bytes taken from the system, in use or not. */
  get bytes(): number {
    return this.#slabs.filter((slab) => slab !== undefined).length * BLOCKS * BLOCK_BYTES;
  }

  /** Keeps a copy. The number is what the two below need, with the record's length. */
  keep(record: Uint8Array): number {
    let first = 0;
    // From its end, so that each block knows the one that follows it.
    for (let at = Slabs.costOf(record.length) - BLOCK_BYTES; at >= 0; at -= BLOCK_BYTES) {
      const slab = this.#withRoom();
      const block = slab.free;
      slab.free = slab.next[block] ?? BLOCKS;
      slab.next[block] = first;
      if (++slab.used === BLOCKS) this.#roomy.delete(slab);
      slab.bytes.set(record.subarray(at, at + BLOCK_BYTES), block * BLOCK_BYTES);
      first = slab.index * BLOCKS + block;
    }
    return first;
  }

  /** A copy, which can be read at any time. */
  read(first: number, length: number): Buffer {
    const record = Buffer.allocUnsafe(length);
    let number = first;
    for (let at = 0; at < length; at += BLOCK_BYTES) {
      const { slab, block } = this.#blockOf(number);
      const from = block * BLOCK_BYTES;
      slab.bytes.copy(record, at, from, from + Math.min(BLOCK_BYTES, length - at));
      number = slab.next[block] ?? 0;
    }
    return record;
  }

  /** Its blocks may be used for others. */
  free(first: number, length: number): void {
    let number = first;
    for (let at = 0; at < length; at += BLOCK_BYTES) {
      const { slab, block } = this.#blockOf(number);
      number = slab.next[block] ?? 0;
      slab.next[block] = slab.free;
      slab.free = block;
      slab.used--;
      this.#roomy.add(slab);
      if (slab.used === 0) this.#giveBack(slab);
    }
  }

  #blockOf(number: number): { readonly slab: Slab; readonly block: number } {
    const slab = this.#slabs[Math.floor(number / BLOCKS)];
    if (slab === undefined) throw new Error('a record is read that is not kept');
    return { slab, block: number % BLOCKS };
  }

  #withRoom(): Slab {
    const [roomy] = this.#roomy;
    if (roomy !== undefined) return roomy;
    const empty = this.#slabs.indexOf(undefined);
    const index = empty < 0 ? this.#slabs.length : empty;
    const bytes = Buffer.allocUnsafeSlow(BLOCKS * BLOCK_BYTES);
    const slab = { index, bytes, next: Uint32Array.from({ length: BLOCKS }, (_, i) => i + 1), free: 0, used: 0 };
    this.#slabs[index] = slab;
    this.#roomy.add(slab);
    return slab;
  }

  /** An empty one goes to the system, unless it is the only one with room. */
  #giveBack(slab: Slab): void {
    if (this.#roomy.size === 1) return;
    this.#roomy.delete(slab);
    this.#slabs[slab.index] = undefined;
  }
}
